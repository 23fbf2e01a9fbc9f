import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createPasswordProvider, createRefreshTokenProvider, type TokenSet } from '../../../src/tokens.js'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { MemoryStore } from '../../unit/tokens/chain-world.js'
import { failureOf } from '../../support/token-failures.js'

const REFRESH = 'refresh_token'

describe('one refresh token in several hands', () => {
  let provider: ScriptedProvider
  let now = Date.now()
  let given = 0
  const common = () => ({ issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, now: () => now })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    now = Date.now()
  })
  afterAll(() => provider.close())

  function newRefreshToken(): string {
    const person = provider.addPerson(`person-${given++}`)
    return provider.families.issue(provider.families.begin(person, 'sid'))
  }

  test('C000-28 A-3 two providers that are given the same become one: one request, both are told', async () => {
    const refreshToken = newRefreshToken()
    const told: TokenSet[][] = [[], []]
    const [one, other] = told.map((heard) =>
      createRefreshTokenProvider({ ...common(), refreshToken, onTokens: (tokens) => heard.push(tokens) }),
    )
    const tokens = await Promise.all([one?.(), other?.(), one?.(), other?.()])
    expect(new Set(tokens).size).toBe(1)
    expect(provider.grants(REFRESH)).toBe(1)
    now += 280_000
    await other?.()
    await one?.()
    expect(provider.grants(REFRESH)).toBe(2)
    expect(told.map((heard) => heard.length)).toEqual([2, 2])
    expect(provider.families.reused).toBe(0)
  })

  test('C000-28 one by the issuer and one by its token endpoint are the same, too', async () => {
    const refreshToken = newRefreshToken()
    const { issuer, ...rest } = common()
    const tokenEndpoint = `${issuer}/protocol/openid-connect/token`
    const byIssuer = createRefreshTokenProvider({ ...common(), refreshToken })
    const byEndpoint = createRefreshTokenProvider({ ...rest, tokenEndpoint, refreshToken })
    expect(await byEndpoint()).toBe(await byIssuer())
    expect(provider.grants(REFRESH)).toBe(1)
  })

  test('C000-28 the one it began with is recognised after any number of refreshes, and so are the newest', async () => {
    const refreshToken = newRefreshToken()
    const newest: TokenSet[] = []
    const onTokens = (tokens: TokenSet) => newest.push(tokens)
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken, onTokens })
    for (let refresh = 0; refresh < 50; refresh++) await tokens.renew()
    const current = await tokens()
    for (const known of [refreshToken, ...newest.slice(-10).map((set) => set.refreshToken ?? '')])
      expect(await createRefreshTokenProvider({ ...common(), refreshToken: known })()).toBe(current)
    expect(provider.grants(REFRESH)).toBe(50)
  })

  test('C000-28 of another client or another server it is another', async () => {
    const refreshToken = newRefreshToken()
    const other = await ScriptedProvider.start()
    try {
      const own = createRefreshTokenProvider({ ...common(), refreshToken })
      await own()
      const elsewhere = { ...common(), issuer: other.issuer, refreshToken }
      expect((await failureOf(createRefreshTokenProvider(elsewhere)())).code).toBe('sign_in_again')
      expect(other.grants(REFRESH)).toBe(1)
      const stranger = createRefreshTokenProvider({ ...common(), clientId: 'stranger', refreshToken })
      expect((await failureOf(stranger())).code).toBe('client_refused')
      expect(await own.renew()).toMatch(/^eyJ/)
    } finally {
      await other.close()
    }
  })

  test('C000-28 a provider of one that a password provider has got joins it', async () => {
    provider.addPerson('alice')
    const alice = createPasswordProvider({ ...common(), username: 'alice', password: 'alice-password' })
    const { refreshToken } = await alice.tokens()
    const second = createRefreshTokenProvider({ ...common(), refreshToken })
    now += 280_000
    expect(await second()).toBe(await alice())
    expect([provider.grants(REFRESH), provider.families.reused]).toEqual([1, 0])
  })

  test('C000-16 an access token that is given is used while its exp allows', async () => {
    const refreshToken = newRefreshToken()
    const accessToken = await provider.accessToken()
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken, accessToken })
    const { ensureFresh } = tokens
    expect(await ensureFresh()).toBe(accessToken)
    now += 269_000
    expect(await ensureFresh()).toBe(accessToken)
    expect(provider.calls).toEqual([])
    now += 2000
    expect(await ensureFresh()).not.toBe(accessToken)
    expect(provider.grants(REFRESH)).toBe(1)
  })

  test('C000-16 one that is over, or about to be, is not used', async () => {
    for (const left of [-3600, -1, 0, 29]) {
      const exp = Math.floor(now / 1000) + left
      const accessToken = await provider.accessToken({ iat: exp - 300, exp })
      const refreshToken = newRefreshToken()
      const tokens = createRefreshTokenProvider({ ...common(), refreshToken, accessToken })
      expect(await tokens()).not.toBe(accessToken)
    }
    expect(provider.grants(REFRESH)).toBe(4)
  })

  test('C000-16 an opaque one is used for 300 s', async () => {
    const refreshToken = newRefreshToken()
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken, accessToken: 'opaque' })
    expect(await tokens()).toBe('opaque')
    now += 270_000
    expect(await tokens()).not.toBe('opaque')
  })

  test('a scope in another order is the same; another one has a token of its own, of the same sign-in', async () => {
    const refreshToken = newRefreshToken()
    const [one, same, other] = ['a b', 'b  a', 'a'].map((scope) =>
      createRefreshTokenProvider({ ...common(), refreshToken, scope }),
    )
    const tokens = await Promise.all([one?.(), same?.(), other?.(), one?.()])
    expect(tokens[0]).toBe(tokens[1])
    expect(tokens[2]).not.toBe(tokens[0])
    expect(provider.calls.flatMap(({ form }) => form.get('scope') ?? [])).toEqual(['a b', 'a'])
    expect(provider.families.reused).toBe(0)
  })

  test('C000-28 a second provider’s store is used when the first had none', async () => {
    const refreshToken = newRefreshToken()
    const first = createRefreshTokenProvider({ ...common(), refreshToken })
    await first()
    const store = new MemoryStore()
    const second = createRefreshTokenProvider({ ...common(), refreshToken, store })
    await second()
    expect(store.kept?.accessToken).toBe(await first())
    expect(store.kept?.refreshToken).toBe((await first.tokens()).refreshToken)
    expect(provider.families.reused).toBe(0)
  })

  test('C000-28 a second provider that proves itself rightly mends the first, which did not', async () => {
    const refreshToken = newRefreshToken()
    const client = { ...common(), clientId: CLIENT_ID, refreshToken }
    const wrong = createRefreshTokenProvider({ ...client, clientSecret: 'not-the-secret' })
    expect((await failureOf(wrong())).code).toBe('client_refused')
    const right = createRefreshTokenProvider({ ...client, clientSecret: CLIENT_SECRET })
    expect(await right()).toBe(await wrong())
  })
})
