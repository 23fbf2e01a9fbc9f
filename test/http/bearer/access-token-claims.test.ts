import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { forge, forgeHmac, headerOf } from '../../support/forging.js'
import { expectAcceptedToken, expectRefusedToken } from '../../support/refused-token.js'
import { AUDIENCE, CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'

type Claims = Record<string, unknown>

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(() => {
  provider.reset()
  app.log.length = 0
})
// What is refused must not spoil what is good.
afterEach(async () => expectAcceptedToken(app, await provider.accessToken()))
afterAll(async () => {
  await app.stop()
  await provider.close()
})

/** A properly signed access token with other claims; `undefined` removes one. */
const tokenWith = (claims: Claims): string =>
  forge(headerOf(provider.key), provider.accessTokenClaims(claims), provider.key)
const refused = (claims: Claims): Promise<void> => expectRefusedToken(app, tokenWith(claims))
const accepted = (claims: Claims): Promise<void> => expectAcceptedToken(app, tokenWith(claims))
const signedPayload = (payload: string | Uint8Array): string =>
  forge(headerOf(provider.key), payload, provider.key)
const seconds = (): number => Math.floor(Date.now() / 1000)

describe('a signed payload that is no claim set (RFC 7519 §7.2)', () => {
  test.each([
    'null',
    'true',
    '7',
    '"x"',
    '[]',
    '[{"sub":"x"}]',
    '{}',
    '',
    ' ',
    '{',
    'x',
    '{"sub":"x"}{}',
    '\u0000',
  ])('JW-02 %p is refused', (payload) => expectRefusedToken(app, signedPayload(payload)))

  test.each<[string, (claims: string) => string | Uint8Array]>([
    ['good claims in a list', (claims) => `[${claims}]`],
    ['good claims in a text', (claims) => JSON.stringify(claims)],
    ['good claims in a claim', (claims) => `{"claims":${claims}}`],
    ['good claims that are cut', (claims) => claims.slice(0, -1)],
    ['good claims and a comma', (claims) => `${claims.slice(0, -1)},}`],
    ['good claims in single quotes', (claims) => claims.replaceAll('"', "'")],
    ['good claims with a comment', (claims) => `/* */${claims}`],
    ['good claims in UTF-16', (claims) => Buffer.from(claims, 'utf16le')],
    ['a good token', (claims) => signedPayload(claims)],
  ])('JW-02 JW-12 %s are refused', (_name, change) =>
    expectRefusedToken(app, signedPayload(change(JSON.stringify(provider.accessTokenClaims())))),
  )
})

describe('iss (RFC 9068 §4)', () => {
  test.each<[string, (issuer: string) => unknown]>([
    ['another realm', (issuer) => issuer.replace('demo', 'master')],
    ['a slash behind', (issuer) => `${issuer}/`],
    ['upper case', (issuer) => issuer.toUpperCase()],
    ['its beginning', (issuer) => issuer.slice(0, -1)],
    ['longer', (issuer) => `${issuer}.evil.example`],
    ['a list', (issuer) => [issuer]],
    ['an object', (issuer) => ({ iss: issuer })],
    ['encoded', (issuer) => issuer.replace('demo', 'dem%6f')],
    ['a dot segment', (issuer) => issuer.replace('/realms', '/./realms')],
    ['another port', (issuer) => issuer.replace(/:\d+/, ':1')],
    ['a blank behind', (issuer) => `${issuer} `],
    ['null', () => null],
    ['missing', () => undefined],
  ])('JW-05 C003-06 %s is refused', (_name, change) => refused({ iss: change(provider.issuer) }))
})

describe('aud (RFC 9068 §4)', () => {
  test.each<[string, unknown]>([
    ['missing', undefined],
    ['another', 'account'],
    ['one that begins with ours', `${AUDIENCE}-evil`],
    ['one that ends with ours', `evil-${AUDIENCE}`],
    ['two words in one text', `evil ${AUDIENCE}`],
    ['ours in upper case', AUDIENCE.toUpperCase()],
    ['our client id', CLIENT_ID],
    ['an object', { [AUDIENCE]: true }],
    ['like a list', { 0: AUDIENCE, length: 1 }],
    ['a list in a list', [[AUDIENCE]]],
    ['ours beside a number', [AUDIENCE, 7]],
    ['an empty list', []],
    ['an empty text', ''],
    ['null', null],
  ])('JW-06 C003-06 %s is refused', (_name, aud) => refused({ aud }))

  test.each<[string, unknown]>([
    ['ours', AUDIENCE],
    ['a list of ours', [AUDIENCE]],
    ['ours among others', ['x', AUDIENCE, 'account']],
  ])('JW-06 %s is accepted', (_name, aud) => accepted({ aud }))

  test('JW-06 the log names the mapper that gives Keycloak’s tokens our audience', async () => {
    await refused({ aud: 'account', azp: 'frontend' })
    expect(app.log.find(({ code }) => code === 'invalid_token')).toMatchObject({
      code: 'invalid_token',
      level: 'warn',
      reason: expect.stringContaining(`aud: not meant for ${AUDIENCE}`),
      hint:
        `tokens of frontend do not name ${AUDIENCE}: Clients → frontend → Client scopes → frontend-dedicated → Add mapper → Audience → ` +
        `Included Client Audience: ${AUDIENCE}, Add to access token On`,
      request_id: expect.any(String),
    })
  })

  test.each<[string, unknown]>([
    ['a number', 7],
    ['a text with line breaks', 'x\r\ny'],
    ['missing', undefined],
  ])('JW-06 an azp that is %s does not enter the hint', async (_name, azp) => {
    await refused({ aud: 'account', azp })
    expect(app.log[0]?.hint).toMatch(/^tokens of the calling client do not name/)
  })

  test('JW-08 a refusal without a remedy has no hint', async () => {
    await refused({ sub: 7 })
    expect(app.log[0]?.hint).toBeUndefined()
  })
})

describe('exp, nbf and iat (RFC 7519 §4.1)', () => {
  test.each<[string, () => Claims]>([
    ['no exp', () => ({ exp: undefined })],
    ['exp as text', () => ({ exp: String(seconds() + 60) })],
    ['exp null', () => ({ exp: null })],
    ['exp true', () => ({ exp: true })],
    ['exp in a list', () => ({ exp: [seconds() + 60] })],
    ['exp negative', () => ({ exp: -1 })],
    ['exp zero', () => ({ exp: 0 })],
    ['exp 40 seconds ago', () => ({ exp: seconds() - 40 })],
    ['exp an hour ago', () => ({ exp: seconds() - 3600 })],
    ['exp in milliseconds, an hour ago', () => ({ exp: Date.now() - 3_600_000 })],
    ['no iat', () => ({ iat: undefined })],
    ['iat as text', () => ({ iat: String(seconds()) })],
    ['iat in a minute', () => ({ iat: seconds() + 60 })],
    ['nbf in a minute', () => ({ nbf: seconds() + 60 })],
    ['nbf in an hour', () => ({ nbf: seconds() + 3600 })],
    ['nbf as text', () => ({ nbf: 'soon' })],
    ['nbf null', () => ({ nbf: null })],
  ])('JW-07 C003-06 %s is refused', (_name, claims) => refused(claims()))

  test.each<[string, () => Claims]>([
    ['exp 10 seconds ago', () => ({ exp: seconds() - 10, iat: seconds() - 70 })],
    ['nbf in 10 seconds', () => ({ nbf: seconds() + 10 })],
    ['nbf a minute ago', () => ({ nbf: seconds() - 60 })],
  ])('JW-07 %s is accepted', (_name, claims) => accepted(claims()))

  test.each<[string, () => Claims, boolean]>([
    ['exp 120 seconds ago', () => ({ exp: seconds() - 120, iat: seconds() - 200 }), false],
    ['nbf in 120 seconds', () => ({ nbf: seconds() + 120 }), false],
    ['iat in 120 seconds', () => ({ iat: seconds() + 120 }), false],
    ['exp 20 seconds ago', () => ({ exp: seconds() - 20, iat: seconds() - 80 }), true],
    ['nbf in 20 seconds', () => ({ nbf: seconds() + 20 }), true],
    ['iat in 20 seconds', () => ({ iat: seconds() + 20 }), true],
  ])('RE-06 %s: accepted is %p', (_name, claims, good) => (good ? accepted : refused)(claims()))

  test.each([
    ['exp', '1e400'],
    ['exp', '1e308'],
    ['exp', '9e15'],
    ['iat', '1e400'],
    ['iat', '-1e400'],
    ['iat', '-9e15'],
    ['nbf', '-1e400'],
    ['nbf', '-1e308'],
  ])('JW-17 %s %s is refused', async (name, number) => {
    const claims = JSON.stringify(provider.accessTokenClaims({ [name]: 1234567 }))
    await expectRefusedToken(app, signedPayload(claims.replace('1234567', number)))
  })
})

describe('sub (RFC 9068 §2.2)', () => {
  test.each<[string, unknown]>([
    ['missing', undefined],
    ['an object', { sub: 'x' }],
    ['a number', 7],
    ['a list', ['x']],
    ['empty', ''],
    ['null', null],
    ['of 256 characters', 'a'.repeat(256)],
  ])('JW-08 a sub that is %s is refused', (_name, sub) => refused({ sub }))
})

describe('tokens that were made for something else (RFC 8725 §3.12)', () => {
  test.each<[string, Claims]>([
    ['a refresh token', { typ: 'Refresh' }],
    ['an offline token', { typ: 'Offline' }],
    ['an ID token of Keycloak', { typ: 'ID' }],
    ['an ID token of another provider', { typ: undefined, nonce: 'x' }],
    ['an ID token with at_hash alone', { typ: undefined, at_hash: 'x' }],
    ['a logout token', { typ: 'Logout' }],
    [
      'a logout token without typ',
      { typ: undefined, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    ],
    ['a token in other clothes', { events: {} }],
    ['a token that is bound to a key', { cnf: { jkt: 'x' } }],
    ['a kind in lower case', { typ: 'bearer' }],
    ['a kind that is no text', { typ: ['Bearer'] }],
  ])('JW-14 C003-06 %s is refused', (_name, claims) => refused(claims))

  test('JW-14 C003-06 the ID token and the refresh token of a login are refused', async () => {
    let tokens: string[] = []
    provider.onTokenResponse = (body) => {
      tokens = [body['id_token'], body['refresh_token']].map(String)
      return body
    }
    expect((await app.signIn(provider, new Jar(), newPerson())).status).toBe(303)
    expect(tokens).toHaveLength(2)
    for (const token of tokens) await expectRefusedToken(app, token)
  })

  test('JW-14 refresh tokens as Keycloak makes them cause no fetch of keys', async () => {
    await expectAcceptedToken(app, await provider.accessToken())
    provider.calls = []
    for (let at = 0; at < 20; at++) {
      const claims = provider.accessTokenClaims({ typ: 'Refresh', aud: provider.issuer })
      await expectRefusedToken(
        app,
        forgeHmac({ alg: 'HS512', typ: 'JWT', kid: randomUUID() }, claims, randomUUID()),
      )
    }
    expect(provider.calls).toEqual([])
  })

  test.each<[string, Claims]>([
    ['a token without typ', { typ: undefined }],
    ['a Bearer token with a nonce', { nonce: 'x' }],
    ['a token without azp, scope and jti', { azp: undefined, scope: undefined, jti: undefined }],
  ])('JW-14 %s is accepted', (_name, claims) => accepted(claims))
})
