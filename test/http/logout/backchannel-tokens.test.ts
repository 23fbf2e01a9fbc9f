import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { encode, forge, forgeHmac, headerOf, renderings } from '../../support/forging.js'
import { recordTokens } from '../../support/recorder.js'
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { createSigningKey, sign, type SigningKey } from '../../support/signing.js'
import { TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import {
  expectRefusedLogout,
  LOGOUT,
  logoutClaims,
  logoutToken,
  personWithSession,
  tell,
  type PersonAtProvider,
} from './logout-tokens.js'

const COOLDOWN = 5
const DAY = 24 * 3600
const seconds = (): number => Math.floor(Date.now() / 1000)

let provider: ScriptedProvider
let app: TestApp
let stranger: SigningKey
let person: PersonAtProvider
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { jwksCooldown: COOLDOWN })
  stranger = await createSigningKey()
})
beforeEach(async () => {
  person = personWithSession()
  jar = new Jar()
  await app.signIn(provider, jar, person)
})
afterEach(() => provider.reset())
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const named = (claims: Record<string, unknown> = {}): Record<string, unknown> => ({
  sid: person.sid,
  sub: person.sub,
  ...claims,
})
const refused = async (token: string | Promise<string>): Promise<void> =>
  expectRefusedLogout(app, jar, await token)
/** The token without its fault ends the session: it was the fault that made it refused. */
const endsSession = async (token: string | Promise<string>): Promise<void> => {
  expect((await tell(app, await token)).status).toBe(200)
  expect(await app.whoami(jar)).toBeUndefined()
}

describe('BL-03 a token that the provider did not sign (Back-Channel Logout 1.0 §2.6)', () => {
  const payload = (): Record<string, unknown> => logoutClaims(provider, named())
  const header = (changes: object = {}): object => headerOf(provider.key, { typ: 'logout+jwt', ...changes })

  test.each(['none', 'None', 'NONE', ''])('BL-03 unsigned, alg %j: 400', async (alg) => {
    await refused(`${encode(header({ alg }))}.${encode(payload())}.`)
    const signed = forge(header(), payload(), provider.key).split('.')[2]
    await refused(`${encode(header({ alg }))}.${encode(payload())}.${signed}`)
  })

  test('BL-03 HS256 under any form of the public key, or under the client secret: 400', async () => {
    const secrets = [...renderings(provider.key).map(([, secret]) => secret), CLIENT_SECRET]
    for (const secret of secrets) await refused(forgeHmac(header({ alg: 'HS256' }), payload(), secret))
  })

  test('BL-03 under another key, with its own kid, with ours or with none: 400', async () => {
    await refused(forge(header({ kid: stranger.kid }), payload(), stranger))
    await refused(forge(header(), payload(), stranger))
    await refused(forge(header({ kid: undefined }), payload(), stranger))
  })

  test('BL-03 with the key in the header: 400', async () => {
    const { publicJwk, kid } = stranger
    const url = `${provider.origin}/keys`
    for (const own of [{ jwk: publicJwk }, { jwk: publicJwk, kid }, { jku: url, kid }, { x5u: url, kid }])
      await refused(forge(header(own), payload(), stranger))
    expect(provider.calls.filter((call) => call.url.pathname === '/keys')).toEqual([])
  })

  test('BL-03 changed after it was signed: 400', async () => {
    const [head, , signature] = (await logoutToken(provider, { sid: randomUUID() })).split('.')
    await refused(`${head}.${encode(payload())}.${signature}`)
  })

  test('BL-03 no token at all: 400', async () => {
    for (const text of ['', 'abc', 'a.b.c', '..', '{}', `${'a'.repeat(20_000)}.b.c`]) await refused(text)
    await endsSession(forge(header(), payload(), provider.key))
  })
})

describe('claims that make it no logout token (Back-Channel Logout 1.0 §2.4)', () => {
  test.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['empty', {}],
    ['another event', { 'http://schemas.openid.net/event/other': {} }],
    ['a list', [LOGOUT]],
    ['a list of objects', [{ [LOGOUT]: {} }]],
    ['a text', LOGOUT],
    ['the event in upper case', { [LOGOUT.toUpperCase()]: {} }],
    ['a member that is null', { [LOGOUT]: null }],
    ['a member that is a text', { [LOGOUT]: '{}' }],
    ['a member that is a list', { [LOGOUT]: [] }],
    ['a member that is true', { [LOGOUT]: true }],
  ])('BL-04 events: %s: 400', async (_name, events) => {
    await refused(logoutToken(provider, named({ events })))
    await endsSession(logoutToken(provider, named()))
  })

  test.each<[unknown]>([['n'], [''], [null], [false], [0], [[]]])('BL-05 a nonce of %j: 400', (nonce) =>
    refused(logoutToken(provider, named({ nonce }))),
  )

  test.each<[string, () => Record<string, unknown>]>([
    ['no iss', () => ({ iss: undefined })],
    ['another issuer', () => ({ iss: 'https://evil.example/realms/demo' })],
    ['another realm', () => ({ iss: `${provider.issuer}2` })],
    ['a slash more', () => ({ iss: `${provider.issuer}/` })],
    ['a list of issuers', () => ({ iss: [provider.issuer] })],
    ['no aud', () => ({ aud: undefined })],
    ['another client', () => ({ aud: 'other' })],
    ['our API', () => ({ aud: AUDIENCE })],
    ['an empty list', () => ({ aud: [] })],
    ['our name in another case', () => ({ aud: CLIENT_ID.toUpperCase() })],
    ['an object', () => ({ aud: { [CLIENT_ID]: true } })],
  ])('BL-06 %s: 400', (_name, claims) => refused(logoutToken(provider, named(claims()))))

  test.each<[string, () => Record<string, unknown>]>([
    ['no jti', () => ({ jti: undefined })],
    ['an empty jti', () => ({ jti: '' })],
    ['a jti that is a number', () => ({ jti: 7 })],
    ['no iat', () => ({ iat: undefined })],
    ['an iat of yesterday', () => ({ iat: seconds() - DAY })],
    ['an iat of tomorrow', () => ({ iat: seconds() + DAY, exp: seconds() + 2 * DAY })],
    ['an iat that is a text', () => ({ iat: String(seconds()) })],
    ['no exp', () => ({ exp: undefined })],
    ['an exp that is over', () => ({ iat: seconds() - 200, exp: seconds() - 180 })],
    ['an exp that is a text', () => ({ exp: String(seconds() + 120) })],
    ['an exp that is null', () => ({ exp: null })],
    ['neither sub nor sid', () => ({ sub: undefined, sid: undefined })],
    ['an empty sub', () => ({ sub: '', sid: undefined })],
    ['an empty sub beside a sid', () => ({ sub: '' })],
    ['a sub that is a list', () => ({ sub: [person.sub] })],
    ['a sub that is null', () => ({ sub: null })],
    ['an empty sid', () => ({ sid: '' })],
    ['a sid that is a list', () => ({ sid: [person.sid] })],
    ['a sid that is null', () => ({ sid: null })],
    ['a sid that is an object', () => ({ sid: { $ne: null } })],
  ])('BL-07 %s: 400', (_name, claims) => refused(logoutToken(provider, named(claims()))))
})

describe('BL-08 a token of another kind (Back-Channel Logout 1.0 §2.4)', () => {
  test('BL-08 the ID token and the access token of the person: 400', async () => {
    const tokens = recordTokens(provider)
    await app.signIn(provider, jar, person)
    await refused(String(tokens[0]?.['id_token']))
    await refused(String(tokens[0]?.['access_token']))
    await refused(provider.accessToken({ ...named(), aud: CLIENT_ID, events: { [LOGOUT]: {} } }))
  })

  test.each(['JWT', 'at+jwt', 'logout', 'logout+jwt2', 'secevent+jwt', 'application/jwt', 7, null])(
    'BL-08 a header typ of %j: 400',
    (typ) => refused(forge(headerOf(provider.key, { typ }), logoutClaims(provider, named()), provider.key)),
  )

  test.each(['ID', 'Bearer', 'Refresh', 'logout', '', null, ['Logout']])(
    'BL-08 a claim typ of %j: 400',
    (typ) => refused(logoutToken(provider, named({ typ }))),
  )

  test.each([undefined, 'logout+jwt', 'application/logout+jwt', 'LOGOUT+JWT'])(
    'BL-08 a header typ of %j is accepted',
    (typ) => endsSession(logoutToken(provider, named(), { typ })),
  )

  test('BL-08 a token without the claim typ, which only Keycloak has, is accepted', () =>
    endsSession(logoutToken(provider, named({ typ: undefined, aud: ['other', CLIENT_ID] }))))
})

describe('BL-10 keys that nobody has', () => {
  test('BL-10 300 tokens under invented keys: 400 each, one fetch of keys in a cooldown', async () => {
    let ahead = 0
    const now = (): number => Date.now() + ahead
    const flood = await Promise.all(
      Array.from({ length: 300 }, () =>
        sign(logoutClaims(provider, named()), stranger, { typ: 'logout+jwt', kid: randomUUID() }),
      ),
    )
    await withApp(provider, { now, jwksCooldown: COOLDOWN }, async (flooded) => {
      const browser = new Jar()
      await flooded.signIn(provider, browser, person)
      for (const cooldown of [0, 1, 2]) {
        ahead = cooldown * COOLDOWN * 1000
        provider.calls = []
        const part = flood.slice(cooldown * 100, (cooldown + 1) * 100)
        const answers = await Promise.all(part.map((token) => tell(flooded, token)))
        expect(answers.map(({ status }) => status)).toEqual(part.map(() => 400))
        expect(provider.count('jwks')).toBeLessThanOrEqual(1)
      }
      expect(await flooded.whoami(browser)).toBeDefined()
    })
  })
})
