import { describe, expect, test } from '@jest/globals'
import {
  createClientCredentialsProvider,
  createDeviceCodeProvider,
  createJwtBearerProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  createTokenExchangeProvider,
  type TokenProvider,
} from '../../../src/tokens.js'
import { MemoryStore } from './chain-world.js'

const BASE = { issuer: 'https://id.example/realms/demo', clientId: 'client' }
type Create = (options: never) => TokenProvider

const PROVIDERS: readonly (readonly [Create, object])[] = [
  [createPasswordProvider, { username: 'alice', password: 'x' }],
  [createClientCredentialsProvider, { clientSecret: 'x' }],
  [createRefreshTokenProvider, { refreshToken: 'x' }],
  [createDeviceCodeProvider, { onPrompt: () => undefined }],
  [createTokenExchangeProvider, { subjectToken: 'x' }],
  [createJwtBearerProvider, { assertion: 'x' }],
]

/** What a provider says of its options. */
function complaint(create: Create, options: unknown): string {
  try {
    create(options as never)
    return ''
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return error.message
  }
}

describe('the options of token providers', () => {
  test('C000-01 everything that is missing is named at once', () => {
    expect(complaint(createPasswordProvider as Create, {})).toBe(
      'createPasswordProvider: issuer (or tokenEndpoint) is missing; clientId is missing; username is missing; password is missing',
    )
    expect(complaint(createRefreshTokenProvider as Create, {})).toMatch(
      /clientId is missing; refreshToken is missing$/,
    )
    expect(complaint(createDeviceCodeProvider as Create, {})).toMatch(/onPrompt is missing$/)
    expect(complaint(createTokenExchangeProvider as Create, {})).toMatch(/subjectToken is missing$/)
    expect(complaint(createJwtBearerProvider as Create, {})).toMatch(/assertion is missing$/)
  })

  test('C000-01 so is what the client needs to prove itself', () => {
    const options = { clientAuthentication: 'client_secret_basic', issuer: 'https://id.example' }
    expect(complaint(createPasswordProvider as Create, options)).toBe(
      'createPasswordProvider: clientId is missing; username is missing; password is missing; clientSecret (or clientSecretFile) is required',
    )
    expect(
      complaint(createClientCredentialsProvider as Create, { clientAuthentication: 'private_key_jwt' }),
    ).toBe(
      'createClientCredentialsProvider: issuer (or tokenEndpoint) is missing; clientId is missing; clientKeyFile is required with private_key_jwt',
    )
    const plain = {
      clientId: 'x',
      clientAuthentication: 'tls_client_auth',
      tokenEndpoint: 'http://127.0.0.1/token',
    }
    expect(complaint(createClientCredentialsProvider as Create, plain)).toMatch(
      /tokenEndpoint must be https with tls_client_auth/,
    )
  })

  test('C000-01 a service account asks for neither user nor password, and takes neither', () => {
    expect(complaint(createClientCredentialsProvider as Create, {})).not.toMatch(/user|password/)
    const options = { ...BASE, clientSecret: 'x', username: 'alice', password: 'x' }
    expect(complaint(createClientCredentialsProvider as Create, options)).toBe(
      'createClientCredentialsProvider: username is not an option; password is not an option',
    )
  })

  test('C000-15 both addresses are a TypeError, for every provider', () => {
    for (const [create, own] of PROVIDERS) {
      const options = { ...BASE, ...own, tokenEndpoint: 'https://id.example/token' }
      expect(complaint(create, options)).toMatch(/: issuer and tokenEndpoint are both given: give one$/)
    }
  })

  test('A-6 a refresh provider without refresh token throws at once, with a store it may be there', () => {
    expect(complaint(createRefreshTokenProvider as Create, { ...BASE, accessToken: 'x' })).toMatch(
      /refreshToken is missing/,
    )
    expect(complaint(createRefreshTokenProvider as Create, { ...BASE, store: new MemoryStore() })).toBe('')
  })

  test('A-6 with an empty store it fails before any request', async () => {
    const tokens = createRefreshTokenProvider({
      ...BASE,
      issuer: 'http://127.0.0.1:1',
      store: new MemoryStore(),
    })
    await expect(tokens()).rejects.toMatchObject({ code: 'sign_in_again', error: 'invalid_grant' })
    await expect(tokens.fetch('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'sign_in_again' })
  })

  test.each([
    ['issuer', 'id.example', /issuer is not an http\(s\) address/],
    [
      'issuer',
      'https://id.example/realms/demo/.well-known/openid-configuration',
      /issuer must be the issuer itself/,
    ],
    ['issuer', 'https://id.example/realms/demo ', /issuer is not an http\(s\) address/],
    ['issuer', 'https://id.example/realms/demo\n', /issuer is not an http\(s\) address/],
    ['issuer', 'https://id.example/realms/de\tmo', /issuer is not an http\(s\) address/],
    ['issuer', 'https:id.example/realms/demo', /issuer is not an http\(s\) address/],
    ['issuer', 'https://id.example\\realms\\demo', /issuer is not an http\(s\) address/],
    ['issuer', 7, /issuer must be a string/],
    ['clientId', ' ', /clientId is empty/],
    ['clientSecret', '', /clientSecret must be a text/],
    ['clientAuthentication', 'magic', /clientAuthentication must be one of/],
    ['timeout', 0, /timeout must be a whole number/],
    ['timeout', 1e9, /timeout must be a whole number/],
    ['timeout', '5', /timeout must be a number/],
    ['refreshBefore', -1, /refreshBefore must be a whole number/],
    ['refreshBefore', 1.5, /refreshBefore must be a whole number/],
    ['refreshBefore', NaN, /refreshBefore must be a whole number/],
    ['scope', 'a "b"', /scope must be words/],
    ['scope', '', /scope must be words/],
    ['onTokens', {}, /onTokens must be a function/],
    ['store', {}, /store must have the methods read, update/],
    ['store', null, /store must have the methods read, update/],
    ['now', 5, /now must be a function/],
    ['__proto__x', 1, /__proto__x is not an option/],
    ['toString', 1, /toString is not an option/],
    ['clientKeyFile', 'x', /clientKeyFile is of no use/],
  ])('%s: %p is refused by its name', (name, value, message) => {
    for (const [create, own] of PROVIDERS) {
      expect(complaint(create, { ...BASE, ...own, [name]: value })).toMatch(message)
    }
  })

  test('no object at all is refused, undefined counts as left out, and a getter is asked once', () => {
    for (const options of [undefined, null, 'x', 7]) {
      for (const [create] of PROVIDERS)
        expect(complaint(create, options)).toMatch(/the options must be an object/)
    }
    let asked = 0
    const options = {
      ...BASE,
      scope: undefined,
      audience: undefined,
      refreshToken: 'x',
      get clientSecret(): string {
        return asked++ === 0 ? 'x' : ''
      },
    }
    expect(complaint(createRefreshTokenProvider as Create, options)).toBe('')
    expect(asked).toBe(1)
  })

  test('nothing is asked until first use, and its functions need no this', async () => {
    for (const [create, own] of PROVIDERS) {
      const tokens = create({ ...BASE, issuer: 'http://127.0.0.1:1', ...own } as never)
      const calls = { ...tokens }
      expect(Object.keys(calls).sort()).toEqual([
        'ensureFresh',
        'fetch',
        'introspect',
        'renew',
        'revoke',
        'tokens',
      ])
      await expect((0, calls.ensureFresh)()).rejects.toMatchObject({ code: 'unavailable' })
      await expect((0, calls.renew)()).rejects.toMatchObject({ name: 'TokenError' })
    }
  })
})
