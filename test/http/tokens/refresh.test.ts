import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  createClientCredentialsProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  type TokenSet,
} from '../../../src/tokens.js'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  json,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { failureOf } from '../../support/token-failures.js'
import { until } from '../../support/until.js'

const ALICE = { username: 'alice', password: 'alice-password' }
const REFRESH = 'refresh_token'

describe('refresh tokens that are good for one use', () => {
  let provider: ScriptedProvider
  let now = Date.now()
  let given = 0
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const common = () => ({ issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, now: () => now })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    provider.addPerson('alice')
    now = Date.now()
  })
  afterAll(async () => {
    warn.mockRestore()
    await provider.close()
  })

  /** A refresh token of a sign-in that nobody here has a provider of. */
  function newRefreshToken(): string {
    const person = provider.addPerson(`person-${given++}`)
    return provider.families.issue(provider.families.begin(person, 'sid'))
  }
  const sentRefreshTokens = () =>
    provider.calls.flatMap(({ endpoint, form }) => (endpoint === 'token' ? (form.get(REFRESH) ?? []) : []))

  test('TK-02 C000-12 C000-19 each refresh brings another one, which is kept, told, and used from then on', async () => {
    const told: TokenSet[] = []
    const refreshToken = newRefreshToken()
    const onTokens = (tokens: TokenSet) => told.push(tokens)
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken, onTokens })
    for (let refresh = 0; refresh < 30; refresh++) {
      await tokens.renew()
      now += 400_000
    }
    const sent = sentRefreshTokens()
    expect(sent).toHaveLength(30)
    expect(new Set(sent).size).toBe(30)
    expect(sent).toEqual([refreshToken, ...told.slice(0, -1).map((set) => set.refreshToken)])
    expect(provider.families.reused).toBe(0)
  })

  test('TK-02 an onTokens that changes what it is told changes it for nobody', async () => {
    const onTokens = (tokens: TokenSet) => {
      Object.assign(tokens, { accessToken: 'another', refreshToken: 'another' })
    }
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken: newRefreshToken(), onTokens })
    expect(await tokens()).toMatch(/^eyJ/)
    now += 400_000
    expect(await tokens()).toMatch(/^eyJ/)
    expect(provider.families.reused).toBe(0)
  })

  test('TK-02 C000-19 an onTokens that throws, never ends, or is no real promise loses neither token', async () => {
    const listeners: ((tokens: TokenSet) => unknown)[] = [
      (tokens) => {
        throw new RangeError(`cannot keep ${tokens.refreshToken ?? ''}`)
      },
      (tokens) => Promise.reject(new RangeError(`cannot keep ${tokens.refreshToken ?? ''}`)),
      () => new Promise(() => undefined),
      () => ({ then: () => new Promise(() => undefined) }),
      () => ({
        then() {
          throw new RangeError('no promise at all')
        },
      }),
      () => ({
        get then() {
          throw new RangeError('not even to be looked at')
        },
      }),
      () => Promise.reject(Object.assign(new Error('odd'), { name: Symbol('odd') })),
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- somebody does
      () => Promise.reject(undefined),
    ]
    for (const onTokens of listeners) {
      const refreshToken = newRefreshToken()
      const tokens = createRefreshTokenProvider({ ...common(), refreshToken, onTokens })
      const first = await tokens()
      now += 400_000
      expect(await tokens()).not.toBe(first)
    }
    expect(provider.families.reused).toBe(0)
    expect(provider.count('token')).toBe(2 * listeners.length)
    await until(() => (warn.mock.calls.length >= 12 ? true : undefined))
    for (const [message, type] of warn.mock.calls) {
      expect(type).toBe('LatchkeyWarning')
      expect(message).toMatch(/^onTokens failed \(\w+\): the tokens are in use, but were not kept$/)
    }
  })

  test('TK-02 answered without a new one, or an empty one: the old one stays', async () => {
    for (const refresh_token of [undefined, '', null, 17]) {
      provider.families.rotates = false
      provider.onTokenResponse = (body) => ({ ...body, refresh_token })
      const refreshToken = newRefreshToken()
      const tokens = createRefreshTokenProvider({ ...common(), refreshToken })
      provider.calls = []
      expect(await tokens.tokens()).toMatchObject({ refreshToken })
      await tokens.renew()
      expect(sentRefreshTokens()).toEqual([refreshToken, refreshToken])
    }
  })

  const DESCRIPTIONS = [
    'Invalid refresh token',
    "Invalid refresh token. Token client and authorized client don't match",
    'Token is not active',
    'Session not active',
    'Maximum allowed refresh token reuse exceeded',
    "Session doesn't have required client",
  ]

  test('TK-02 C000-13 refused with any of Keycloak’s words: "sign in again", and the dead one is never sent again', async () => {
    for (const description of DESCRIPTIONS) {
      const refreshToken = newRefreshToken()
      provider.calls = []
      provider.answers.token = (_call, res) =>
        json(res, 400, { error: 'invalid_grant', error_description: description })
      const tokens = createRefreshTokenProvider({ ...common(), refreshToken })
      const failure = await failureOf(tokens())
      expect(failure).toMatchObject({
        code: 'sign_in_again',
        status: 400,
        error: 'invalid_grant',
        error_description: description,
        description: 'The sign-in is over: sign in again',
      })
      expect(failure.message).toMatch(/^sign in again: /)
      provider.answers = {}
      for (const call of [tokens, tokens.ensureFresh, tokens.tokens, tokens.renew, tokens.introspect])
        expect(await failureOf(call())).toMatchObject({ code: 'sign_in_again', error: 'invalid_grant' })
      expect((await failureOf(tokens.fetch('http://127.0.0.1:1/'))).code).toBe('sign_in_again')
      expect(sentRefreshTokens()).toEqual([refreshToken])
    }
  })

  test('TK-02 C000-28 nor by a provider that is made later of the same one', async () => {
    const refreshToken = newRefreshToken()
    provider.families.revokeBy(refreshToken)
    const dead = createRefreshTokenProvider({ ...common(), refreshToken })
    expect((await failureOf(dead())).code).toBe('sign_in_again')
    const later = createRefreshTokenProvider({ ...common(), refreshToken })
    expect((await failureOf(later())).code).toBe('sign_in_again')
    expect(provider.grants(REFRESH)).toBe(1)
    // It keeps the first alive.
    expect(dead).not.toBe(later)
  })

  test('TK-02 C000-13 where the first grant can be repeated, it is: within the same call', async () => {
    provider.refreshForClientCredentials = true
    const service = { ...common(), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }
    for (const tokens of [
      createClientCredentialsProvider(service),
      createPasswordProvider({ ...common(), ...ALICE }),
    ]) {
      const { refreshToken = '' } = await tokens.tokens()
      provider.families.revokeBy(refreshToken)
      provider.calls = []
      now += 271_000
      const renewed = await tokens.tokens()
      expect(sentRefreshTokens()).toEqual([refreshToken])
      expect(provider.count('token')).toBe(2)
      now += 271_000
      await tokens()
      expect(sentRefreshTokens()).toEqual([refreshToken, renewed.refreshToken])
    }
  })

  test('TK-02 a one-time code is not sent again: "sign in again"', async () => {
    provider.addPerson('alice', { otp: '123456' })
    const tokens = createPasswordProvider({ ...common(), ...ALICE, otp: '123456' })
    const { refreshToken = '' } = await tokens.tokens()
    provider.families.revokeBy(refreshToken)
    for (let call = 0; call < 3; call++) expect((await failureOf(tokens.renew())).code).toBe('sign_in_again')
    expect([provider.grants('password'), provider.grants(REFRESH)]).toEqual([1, 1])
  })

  test('TK-02 a client that is refused has not lost its refresh token', async () => {
    const refreshToken = newRefreshToken()
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken })
    provider.answers.token = (_call, res) => json(res, 401, { error: 'unauthorized_client' })
    expect((await failureOf(tokens())).code).toBe('client_refused')
    provider.answers = {}
    expect(await tokens()).toMatch(/^eyJ/)
  })
})
