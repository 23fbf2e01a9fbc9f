import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin, expectRefusedLogin } from '../../support/logins.js'
import { CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'

type Claims = Record<string, unknown>
type Change = (claims: Claims) => object

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(() => provider.reset())
afterAll(async () => {
  await app.stop()
  await provider.close()
})

/** Every ID token that the provider signs from now on has other claims; `undefined` removes one. */
function changeClaims(change: Change): void {
  provider.onIdToken = (draft) => ({
    ...draft,
    claims: JSON.parse(JSON.stringify({ ...draft.claims, ...change(draft.claims) })) as Claims,
  })
}

const refused = (change: Change): Promise<void> =>
  expectRefusedLogin(app, provider, () => changeClaims(change))

const text = (value: unknown): string => String(value)
const seconds = (): number => Math.floor(Date.now() / 1000)

describe('the issuer of an ID token (OpenID Connect Core §3.1.3.7 (2))', () => {
  test.each<[string, Change]>([
    ['with one character more', ({ iss }) => ({ iss: `${text(iss)}1` })],
    ['with one character other', ({ iss }) => ({ iss: text(iss).replace('demo', 'dema') })],
    ['with a slash', ({ iss }) => ({ iss: `${text(iss)}/` })],
    ['of another realm', ({ iss }) => ({ iss: text(iss).replace('demo', 'master') })],
    ['of another host', () => ({ iss: 'https://evil.example/realms/demo' })],
    ['in upper case', ({ iss }) => ({ iss: text(iss).toUpperCase() })],
    ['in a list', ({ iss }) => ({ iss: [iss] })],
    ['null', () => ({ iss: null })],
    ['missing', () => ({ iss: undefined })],
  ])('IT-01 an issuer %s is refused', (_name, change) => refused(change))
})

describe('the audience of an ID token (OpenID Connect Core §3.1.3.7 (3–5))', () => {
  test.each<[string, Change]>([
    ['with one character more', () => ({ aud: `${CLIENT_ID}1` })],
    ['that begins with ours', () => ({ aud: `${CLIENT_ID}-evil` })],
    ['of another client', () => ({ aud: 'other' })],
    ['of another client, with our azp', () => ({ aud: ['other'], azp: CLIENT_ID })],
    ['missing', () => ({ aud: undefined })],
    ['that is an empty list', () => ({ aud: [] })],
    ['that is an empty text', () => ({ aud: '' })],
    ['that is an object', () => ({ aud: { [CLIENT_ID]: true } })],
    ['in a list in a list', () => ({ aud: [[CLIENT_ID]] })],
    ['beside something that is no text', () => ({ aud: [CLIENT_ID, 7], azp: CLIENT_ID })],
    ['of two without azp', () => ({ aud: [CLIENT_ID, 'evil'], azp: undefined })],
    ['of two with the azp of the other', () => ({ aud: [CLIENT_ID, 'evil'], azp: 'evil' })],
  ])('IT-02 an audience %s is refused', (_name, change) => refused(change))

  test.each<[string, unknown]>([
    ['of another client', 'other'],
    ['that is empty', ''],
    ['that is null', null],
    ['that is a list', [CLIENT_ID]],
  ])('IT-02 an azp %s is refused, with one audience, too', (_name, azp) => refused(() => ({ azp })))

  test.each<[string, Change]>([
    ['a list of our client alone, without azp', () => ({ aud: [CLIENT_ID], azp: undefined })],
    ['two audiences and our azp', () => ({ aud: ['other', CLIENT_ID], azp: CLIENT_ID })],
  ])('IT-02 %s is accepted', async (_name, change) => {
    changeClaims(change)
    await expectHonestLogin(app, provider)
  })
})

describe('required claims of an ID token (OpenID Connect Core §2)', () => {
  test.each<[string, Change]>([
    ['no sub', () => ({ sub: undefined })],
    ['a sub that is a number', () => ({ sub: 42 })],
    ['a sub that is empty', () => ({ sub: '' })],
    ['a sub that is null', () => ({ sub: null })],
    ['a sub that is a list', ({ sub }) => ({ sub: [sub] })],
    ['a sub of 300 characters', () => ({ sub: 'a'.repeat(300) })],
    ['a sub of 256 characters', () => ({ sub: 'a'.repeat(256) })],
    ['no iat', () => ({ iat: undefined })],
    ['an iat that is a text', ({ iat }) => ({ iat: text(iat) })],
    ['no exp', () => ({ exp: undefined })],
    ['an exp that is a text', ({ exp }) => ({ exp: text(exp) })],
    ['an exp that is null', () => ({ exp: null })],
  ])('IT-03 %s is refused', (_name, change) => refused(change))

  test('IT-03 a sub of 255 characters is a person', async () => {
    const person = newPerson({ sub: 'a'.repeat(255) })
    const jar = new Jar()
    expect((await app.signIn(provider, jar, person)).status).toBe(303)
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })
})

describe('the times of an ID token (OpenID Connect Core §3.1.3.7 (9, 10))', () => {
  test.each([
    ['40 seconds', 40],
    ['65 seconds', 65],
    ['a day', 86_400],
  ])('IT-04 an ID token that expired %s ago is refused', (_name, ago) =>
    refused(() => ({ exp: seconds() - ago, iat: seconds() - ago - 60 })),
  )

  test('IT-04 an ID token that expired 15 seconds ago is accepted', async () => {
    changeClaims(() => ({ exp: seconds() - 15, iat: seconds() - 75 }))
    await expectHonestLogin(app, provider)
  })

  test.each([
    ['two minutes', 120],
    ['an hour', 3600],
    ['a year', 31_536_000],
  ])('IT-17 an ID token that is issued in %s is refused', (_name, ahead) =>
    refused(() => ({ iat: seconds() + ahead, exp: seconds() + ahead + 300 })),
  )

  test('IT-17 an ID token that is issued in 15 seconds is accepted', async () => {
    changeClaims(() => ({ iat: seconds() + 15 }))
    await expectHonestLogin(app, provider)
  })
})

describe('at_hash (OpenID Connect Core §3.1.3.8)', () => {
  const half = (value: string): string =>
    createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url')

  test.each<[string, Change]>([
    ['of another token', () => ({ at_hash: half('another token') })],
    ['that is cut', (claims) => ({ at_hash: text(claims['at_hash']).slice(0, 10) })],
    ['with a character more', (claims) => ({ at_hash: `${text(claims['at_hash'])}A` })],
    ['that is empty', () => ({ at_hash: '' })],
    ['that is a number', () => ({ at_hash: 1 })],
    ['that is null', () => ({ at_hash: null })],
    ['in a list', (claims) => ({ at_hash: [claims['at_hash']] })],
  ])('IT-16 an at_hash %s is refused', (_name, change) => refused(change))

  test('IT-16 an ID token without at_hash is accepted', async () => {
    changeClaims(() => ({ at_hash: undefined }))
    await expectHonestLogin(app, provider)
  })
})

describe('an older session of the same browser', () => {
  test('IT-01 IT-02 IT-04 is left as it was by a refused login', async () => {
    const jar = new Jar()
    const alice = newPerson()
    await app.signIn(provider, jar, alice)
    for (const change of [{ iss: 'https://evil.example' }, { aud: 'other' }, { exp: 1 }]) {
      changeClaims(() => change)
      expect((await app.signIn(provider, jar)).status).toBe(400)
      expect(await app.whoami(jar)).toMatchObject({ id: alice.sub })
    }
  })
})

describe('what the log says of a refused ID token', () => {
  test('IT-01 the code and the request, nothing of the token', async () => {
    const tokens: string[] = []
    provider.onTokenResponse = (body) => {
      tokens.push(...[body['id_token'], body['access_token']].map(text))
      return body
    }
    app.log.length = 0
    await expectRefusedLogin(app, provider, () => changeClaims(() => ({ iss: 'https://evil.example' })))
    const line = app.log.find(({ code }) => code === 'id_token_invalid')
    expect(line).toMatchObject({ level: 'warn', status: 400, path: '/authorize' })
    expect(line?.request_id).toMatch(/^[\da-f-]{36}$/)
    const everything = JSON.stringify(app.log)
    expect(tokens).toHaveLength(2)
    for (const token of tokens) for (const part of token.split('.')) expect(everything).not.toContain(part)
  })
})
