import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { encode, forge, forgeHmac, headerOf, renderings, signature } from '../../support/forging.js'
import { Listener } from '../../support/listener.js'
import { expectAcceptedToken, expectRefusedToken } from '../../support/refused-token.js'
import { CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { createSigningKey, type SigningKey } from '../../support/signing.js'
import { TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp
let stranger: SigningKey
let listener: Listener
let claims: Record<string, unknown>

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
  stranger = await createSigningKey('RS256', 'stranger')
  listener = await Listener.start()
})
beforeEach(() => {
  claims = provider.accessTokenClaims()
})
// What is refused must not spoil what is good, and leads nowhere.
afterEach(async () => {
  await expectAcceptedToken(app, await provider.accessToken())
  expect(listener.hits).toEqual([])
})
afterAll(async () => {
  await app.stop()
  await listener.stop()
  await provider.close()
})

const refused = (token: string): Promise<void> => expectRefusedToken(app, token)
/** Signed by the provider's own key, under a header with changes. */
const withHeader = (changes: object, payload: string | object = claims): string =>
  forge(headerOf(provider.key, changes), payload, provider.key, 'RS256')
const byStranger = (changes: object): string => forge(headerOf(stranger, changes), claims, stranger)
const good = (): string[] => withHeader({}).split('.')

describe('the forging kit (RFC 8725 §2)', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', 'none '])('JW-03 C003-06 alg %p is refused', async (alg) => {
    const [, payload = '', signed = ''] = good()
    await refused(`${encode({ alg, typ: 'JWT' })}.${payload}.`)
    await refused(`${encode({ alg, typ: 'JWT' })}.${payload}`)
    await refused(`${encode(headerOf(provider.key, { alg }))}.${payload}.${signed}`)
  })

  test('JW-03 C003-06 a changed signature, no signature and changed claims are refused', async () => {
    const [header = '', payload = '', signed = ''] = good()
    await refused(`${header}.${payload}.${signed.slice(0, -6)}AAAAAA`)
    await refused(`${header}.${payload}.`)
    await refused(`${header}.${payload}`)
    await refused(`${header}.${encode({ ...claims, sub: 'admin' })}.${signed}`)
  })

  test.each([
    '',
    '\0',
    ' ',
    'secret',
    'password',
    '123456',
    'changeme',
    'your-256-bit-secret',
    'your_jwt_secret',
    'keyboard cat',
    'jwt',
    'key',
    'test',
    'admin',
    'shhhhh',
    'qwerty',
    'null',
    'undefined',
    'webapp',
    CLIENT_SECRET,
  ])('JW-03 an HMAC under %p is refused', async (secret) => {
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      await refused(forgeHmac(headerOf(provider.key, { alg }), claims, secret))
      await refused(forgeHmac({ alg }, claims, secret))
    }
  })

  test.each([
    ['a path', '../../../../../../dev/null'],
    ['a command', '|sleep 10'],
    ['SQL', "x' UNION SELECT 'x';--"],
    ['nothing', ''],
  ])('JW-03 a kid that is %s is refused, under an empty HMAC, too', async (_name, kid) => {
    await refused(forgeHmac({ alg: 'HS256', kid }, claims, ''))
    await refused(byStranger({ kid }))
  })

  test.each([
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ])('JW-03 an all-zero signature under %s is refused', async (alg, length) => {
    for (const kid of [provider.key.kid, undefined])
      await refused(`${encode({ alg, kid })}.${encode(claims)}.${encode(Buffer.alloc(length))}`)
  })
})

describe('another algorithm than the key’s (RFC 8725 §3.1)', () => {
  test.each(['HS256', 'HS384', 'HS512'])(
    'JW-04 %s with any form of the public key is refused',
    async (alg) => {
      const forms = renderings(provider.key)
      expect(forms.length).toBeGreaterThan(10)
      for (const [, secret] of forms) {
        await refused(forgeHmac(headerOf(provider.key, { alg }), claims, secret))
        await refused(forgeHmac({ alg }, claims, secret))
      }
    },
  )

  test.each(['RS384', 'RS512', 'PS256', 'PS384', 'PS512'])(
    'JW-04 %s under a key for RS256 is refused',
    async (alg) => {
      await refused(forge(headerOf(provider.key, { alg }), claims, provider.key, alg))
      await refused(forge(headerOf(provider.key), claims, provider.key, alg))
    },
  )

  test.each<[string, unknown]>([
    ['a list', ['RS256']],
    ['a number', 256],
    ['missing', undefined],
    ['null', null],
    ['in lower case', 'rs256'],
    ['with a blank', 'RS256 '],
    ['an object', { RS256: true }],
    ['a name of every object', 'constructor'],
    ['__proto__', '__proto__'],
  ])('JW-04 an alg that is %s is refused', (_name, alg) => refused(withHeader({ alg })))
})

describe('extensions (RFC 7515 §4.1.11, RFC 7797 §6)', () => {
  test.each<[string, Record<string, unknown>]>([
    ['an unknown name', { crit: ['http://evil.example/x'], 'http://evil.example/x': 1 }],
    ['a name that is not there', { crit: ['x'] }],
    ['a registered name', { crit: ['alg'] }],
    ['nothing', { crit: [] }],
    ['a text', { crit: 'exp' }],
    ['null', { crit: null }],
    ['b64 false, signed as usual', { crit: ['b64'], b64: false }],
    ['b64 true', { crit: ['b64'], b64: true }],
  ])('JW-09 crit of %s is refused', (_name, header) => refused(withHeader(header)))

  test.each<[string, Record<string, unknown>]>([
    ['with crit', { crit: ['b64'], b64: false }],
    ['without crit', { b64: false }],
  ])('JW-09 an unencoded payload %s is refused', async (_name, changes) => {
    const [header, payload] = [encode(headerOf(provider.key, changes)), JSON.stringify(claims)]
    await refused(`${header}.${encode(payload)}.${encode(signature(`${header}.${payload}`, provider.key))}`)
    await refused(
      `${header}.${encode(payload)}.${encode(signature(`${header}.${encode(payload)}`, provider.key))}`,
    )
  })
})

describe('kid and the form of the header (RFC 8725 §3.10)', () => {
  test.each<[string, unknown]>([
    ['a number', 1],
    ['an object', {}],
    ['null', null],
    ['true', true],
    ['a list of ours', ['OURS']],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['a path', '../../etc/passwd'],
    ['of 6 kB', 'k'.repeat(6000)],
    ['with a NUL', 'a\0b'],
    ['absent', undefined],
  ])('JW-10 a kid that is %s is refused', (_name, kid) =>
    refused(byStranger({ kid: Array.isArray(kid) ? [provider.key.kid] : kid })),
  )

  test.each<[string, unknown]>([
    ['a list', ['OURS']],
    ['null', null],
    ['a number', 7],
    ['ours and a blank', 'OURS '],
  ])('JW-10 a kid that is %s is refused, though signed by our key', (_name, kid) => {
    const value = JSON.parse(JSON.stringify({ kid }).replace('OURS', provider.key.kid)) as object
    return refused(withHeader(value))
  })

  test.each(['null', '[]', '"x"', '7', 'true', '', '{', '{}', '[{"alg":"RS256"}]'])(
    'JW-10 a header that is %p is refused',
    (header) => refused(forge(header, claims, provider.key)),
  )

  test('JW-10 without kid and with one key published it is accepted', () =>
    expectAcceptedToken(app, withHeader({ kid: undefined })))
})

describe('keys that a header brings or names (RFC 8725 §3.10)', () => {
  test.each<[string, (url: string) => object]>([
    ['jwk', () => ({ jwk: stranger.publicJwk })],
    ['jwk without kid', () => ({ jwk: stranger.publicJwk, kid: undefined })],
    [
      'jwk under our kid',
      () => ({ jwk: { ...stranger.publicJwk, kid: provider.key.kid }, kid: provider.key.kid }),
    ],
    ['jku', (url) => ({ jku: `${url}/certs` })],
    ['jku under our kid', (url) => ({ jku: `${url}/certs`, kid: provider.key.kid })],
    ['x5u', (url) => ({ x5u: `${url}/x5u` })],
    ['x5c', () => ({ x5c: [Buffer.alloc(300, 7).toString('base64')] })],
    ['a kid that is an address', (url) => ({ kid: `${url}/kid` })],
    ['all of them', (url) => ({ jwk: stranger.publicJwk, jku: url, x5u: url, kid: provider.key.kid })],
  ])('JW-11 JW-03 %s is refused and nobody is asked', (_name, changes) =>
    refused(byStranger(changes(listener.url))),
  )

  test('JW-11 an issuer that is somebody else’s address is refused and not asked', () =>
    refused(forge(headerOf(stranger), { ...claims, iss: listener.url }, stranger)))
})

describe('other forms of tokens (RFC 8725 §3.7, §3.11)', () => {
  const noise = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64url')

  test.each<[string, () => string]>([
    [
      'encrypted',
      () =>
        [encode({ alg: 'RSA-OAEP', enc: 'A256GCM' }), noise(256), noise(12), noise(90), noise(16)].join('.'),
    ],
    ['nested', () => withHeader({ cty: 'JWT' }, withHeader({}))],
    ['behind a byte-order mark', () => withHeader({}, `\ufeff${JSON.stringify(claims)}`)],
    [
      'with iss twice',
      () => withHeader({}, `{"iss":"https://evil.example",${JSON.stringify(claims).slice(1)}`),
    ],
    ['with sub twice', () => withHeader({}, `${JSON.stringify(claims).slice(0, -1)},"sub":"victim"}`)],
    [
      'with sub twice, once escaped',
      () => withHeader({}, `{"s\\u0075b":"victim",${JSON.stringify(claims).slice(1)}`),
    ],
    [
      'with a member twice in a claim',
      () => withHeader({}, `${JSON.stringify(claims).slice(0, -1)},"x":{"a":1,"a":2}}`),
    ],
    [
      '2,000 levels deep',
      () =>
        withHeader({}, `${JSON.stringify(claims).slice(0, -1)},"x":${'['.repeat(2000)}${']'.repeat(2000)}}`),
    ],
    [
      '2,000 objects deep',
      () =>
        withHeader(
          {},
          `${JSON.stringify(claims).slice(0, -1)},"x":${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}}`,
        ),
    ],
  ])('JW-12 a token that is %s is refused', (_name, token) => refused(token()))

  test('JW-12 a payload that is not UTF-8 is refused', () => {
    const text = JSON.stringify(claims).slice(0, -1)
    const payload = Buffer.concat([
      Buffer.from(`${text},"x":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ])
    return refused(forge(headerOf(provider.key), payload, provider.key))
  })

  test('JW-12 the JSON serialisation is 400', async () => {
    const [header, payload, signed] = good()
    const general = { payload, signatures: [{ protected: header, signature: signed }] }
    for (const token of [{ protected: header, payload, signature: signed }, general])
      expect(await app.bearer(JSON.stringify(token))).toMatchObject({ status: 400 })
  })

  test.each([
    'logout+jwt',
    'application/logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'JOSE',
    'x',
    7,
    null,
    ['JWT'],
  ])('JW-13 typ %p is refused', (typ) => refused(withHeader({ typ })))
  test.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt', 'AT+JWT', undefined])(
    'JW-13 typ %p is accepted',
    (typ) => expectAcceptedToken(app, withHeader({ typ })),
  )
})
