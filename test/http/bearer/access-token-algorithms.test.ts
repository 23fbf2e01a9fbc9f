import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectAcceptedToken, expectRefusedToken } from '../../support/refused-token.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { createSigningKey, sign, type SigningKey } from '../../support/signing.js'
import { TestApp } from '../../support/test-app.js'
import { Clock } from '../../support/logins.js'

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const OTHERS = ['ES256', 'ES384', 'ES512', 'EdDSA']

let provider: ScriptedProvider
let app: TestApp
const clock = new Clock()
const keys = new Map<string, SigningKey>()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { now: clock.now, jwksMaxAge: 0 })
  for (const alg of [...RSA, ...OTHERS]) keys.set(alg, await createSigningKey(alg))
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const keyFor = (alg: string): SigningKey => keys.get(alg) ?? provider.key
const tokenBy = (key: SigningKey, header: Record<string, unknown> = {}): Promise<string> =>
  sign(provider.accessTokenClaims(), key, header)

/** What the key document holds from now on; the app is due to ask for it. */
function publish(...jwks: unknown[]): void {
  provider.publishedKeys = jwks
  clock.forward(0.1)
}

describe.each([...RSA, ...OTHERS])('a key for %s', (alg) => {
  test('JW-04 verifies its tokens with alg and use', async () => {
    publish(keyFor(alg).publicJwk)
    await expectAcceptedToken(app, await tokenBy(keyFor(alg)))
  })

  test('JW-04 verifies its tokens without alg and use', async () => {
    publish({ ...keyFor(alg).publicJwk, alg: undefined, use: undefined })
    await expectAcceptedToken(app, await tokenBy(keyFor(alg)))
  })

  test('JW-04 verifies its tokens without alg, use and kid, among keys of other kinds', async () => {
    const others = [...RSA.slice(0, 1), ...OTHERS].filter(
      (one) => keyFor(one).publicJwk.kty !== keyFor(alg).publicJwk.kty,
    )
    const bare = { ...keyFor(alg).publicJwk, alg: undefined, use: undefined, kid: undefined }
    publish(...others.map((one) => keyFor(one).publicJwk), bare)
    await expectAcceptedToken(app, await tokenBy(keyFor(alg), { kid: undefined }))
  })

  test.each([
    ['use enc', { use: 'enc' }],
    ['a use that nobody knows', { use: 'x' }],
    ['key_ops without verify', { key_ops: ['encrypt', 'wrapKey'] }],
    ['the alg of an encryption', { alg: 'RSA-OAEP', use: 'enc' }],
    ['the alg of an encryption and no use', { alg: 'RSA-OAEP', use: undefined }],
  ])('C001-11 with %s never verifies a token', async (_name, members) => {
    const [honest] = provider.keys
    publish({ ...keyFor(alg).publicJwk, ...members }, honest?.publicJwk)
    await expectRefusedToken(app, await tokenBy(keyFor(alg)))
    await expectRefusedToken(app, await tokenBy(keyFor(alg), { kid: undefined }))
    await expectAcceptedToken(app, await provider.accessToken())
  })
})

describe('the key document', () => {
  test('C001-11 Keycloak’s encryption key beside the signature key spoils nothing', async () => {
    const encryption = await createSigningKey('RS256', 'encryption')
    publish({ ...encryption.publicJwk, use: 'enc', alg: 'RSA-OAEP' }, provider.key.publicJwk)
    await expectRefusedToken(app, await tokenBy(encryption))
    await expectAcceptedToken(app, await provider.accessToken())
    await expectAcceptedToken(app, await provider.accessToken({}, { kid: undefined }))
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 'key'],
    ['a list', []],
    ['an empty object', {}],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'x', alg: 'HS256' }],
    ['an RSA key without modulus', { kty: 'RSA', e: 'AQAB', kid: 'x' }],
    ['an EC key of an unknown curve', { kty: 'EC', crv: 'P-1', x: 'AA', y: 'AA', kid: 'x' }],
    ['an EC key off the curve', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43), kid: 'x' }],
    ['a kind of key that nobody knows', { kty: 'QQ', kid: 'x' }],
  ])('JW-01 %s in it spoils nothing', async (_name, entry) => {
    publish(entry, provider.key.publicJwk)
    await expectAcceptedToken(app, await provider.accessToken())
    for (const alg of ['RS256', 'ES256'])
      await expectRefusedToken(app, await sign(provider.accessTokenClaims(), keyFor(alg), { kid: 'x' }))
  })

  test('JW-04 a private key in it verifies and is not used otherwise', async () => {
    const key = keyFor('ES256')
    publish({ ...key.publicJwk, d: 'AAAA' })
    await expectAcceptedToken(app, await tokenBy(key))
  })

  test('JW-10 two keys under one kid and different kinds are told apart by alg', async () => {
    const [rsa, ec] = [keyFor('RS256'), keyFor('ES256')]
    publish({ ...rsa.publicJwk, kid: 'one' }, { ...ec.publicJwk, kid: 'one' })
    await expectAcceptedToken(app, await tokenBy(rsa, { kid: 'one' }))
    await expectAcceptedToken(app, await tokenBy(ec, { kid: 'one' }))
  })

  test('JW-04 an Ed25519 key under its newer name verifies', async () => {
    const key = keyFor('EdDSA')
    publish({ ...key.publicJwk, alg: 'Ed25519' })
    await expectAcceptedToken(app, await tokenBy(key))
    expect(key.publicJwk.crv).toBe('Ed25519')
  })
})
