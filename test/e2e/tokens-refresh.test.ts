import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import {
  createClientCredentialsProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  TokenError,
  type TokenSet,
} from '../../src/tokens.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { requestToken, type TokenAnswer } from '../support/real-keycloak.js'

jest.setTimeout(60_000)

/** Rotation on, reuse 0: as the demo's realm has it. */
describe('refresh tokens of a real Keycloak that are good for one use', () => {
  let realm: TestRealm
  let common: { readonly issuer: string; readonly timeout: number; readonly clientId: string }
  const people: string[] = []

  beforeAll(async () => {
    realm = await TestRealm.create('token-refresh')
    common = { issuer: realm.issuer, timeout: 10, clientId: 'latchkey-public' }
  })
  afterAll(() => realm.remove())

  /** Somebody of this one test, signed in. */
  async function signIn(): Promise<{ readonly userId: string; readonly answer: TokenAnswer }> {
    const name = `person-${people.length}`
    people.push(name)
    const userId = await realm.addPerson(name)
    const form = { grant_type: 'password', client_id: 'latchkey-public', scope: 'openid' }
    const answer = await requestToken({ ...form, username: name, password: `${name}-password` }, realm.issuer)
    return { userId, answer }
  }

  const failureOf = async (call: Promise<unknown>): Promise<TokenError> => {
    const error: unknown = await call.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TokenError)
    return error as TokenError
  }

  test('C000-14 A-4 eight callers on an expired provider: one refresh, eight equal tokens, and the next refresh works', async () => {
    const { userId, answer } = await signIn()
    const provider = createRefreshTokenProvider({ ...common, refreshToken: answer.refresh_token })
    const tokens = await Promise.all(Array.from({ length: 8 }, () => provider()))
    expect(new Set(tokens).size).toBe(1)
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 1, refused: 0 })
    expect(await provider.renew()).not.toBe(tokens[0])
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 2, refused: 0 })
  })

  test('C000-12 C000-19 every refresh brings another refresh token; the old one is never sent again', async () => {
    const { userId, answer } = await signIn()
    const told: TokenSet[] = []
    const provider = createRefreshTokenProvider({
      ...common,
      refreshToken: answer.refresh_token,
      onTokens: (tokens) => {
        told.push(tokens)
        throw new Error('a disk that is full')
      },
    })
    for (let round = 0; round < 4; round++) await provider.renew()
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 4, refused: 0 })
    expect(new Set([answer.refresh_token, ...told.map(({ refreshToken }) => refreshToken)]).size).toBe(5)
  })

  test('C000-28 A-3 two providers from one refresh token are one: the sign-in outlives both', async () => {
    const { userId, answer } = await signIn()
    const refreshToken = answer.refresh_token
    const first = createRefreshTokenProvider({ ...common, refreshToken })
    const second = createRefreshTokenProvider({ ...common, refreshToken })
    const [one, two] = await Promise.all([first(), second()])
    expect(one).toBe(two)
    await first.renew()
    // Made of a token that is spent by now, and recognised nevertheless.
    const third = createRefreshTokenProvider({ ...common, refreshToken })
    await third.renew()
    await second.renew()
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 4, refused: 0 })
  })

  test('C000-13 a dead refresh token is one error, "sign in again", and is not sent twice', async () => {
    const { userId, answer } = await signIn()
    const provider = createRefreshTokenProvider({ ...common, refreshToken: answer.refresh_token })
    await provider()
    await realm.admin(`/users/${userId}/logout`, { method: 'POST' })
    const error = await failureOf(provider.renew())
    expect(error).toMatchObject({ code: 'sign_in_again', error: 'invalid_grant' })
    expect(error.message).toMatch(/^sign in again/)
    const again = await failureOf(provider())
    expect(again.code).toBe('sign_in_again')
    expect(await realm.refreshesOf(userId)).toMatchObject({ granted: 1 })
    // What is over need not be ended.
    const { userId: whose, answer: ended } = await signIn()
    const over = createRefreshTokenProvider({ ...common, refreshToken: ended.refresh_token })
    await realm.admin(`/users/${whose}/logout`, { method: 'POST' })
    await over.revoke()
    const garbage = createRefreshTokenProvider({ ...common, refreshToken: 'garbage' })
    expect(await failureOf(garbage())).toMatchObject({ code: 'sign_in_again', error: 'invalid_grant' })
    const ofAnother = {
      ...common,
      clientId: 'latchkey-confidential',
      clientSecret: 'latchkey-confidential-secret',
    }
    const { answer: other } = await signIn()
    const mixedUp = createRefreshTokenProvider({ ...ofAnother, refreshToken: other.refresh_token })
    expect(await failureOf(mixedUp())).toMatchObject({ code: 'sign_in_again' })
  })

  test('C000-13 where the first grant can be repeated, it is: nobody notices that the session was ended', async () => {
    const service = createClientCredentialsProvider({
      ...common,
      clientId: 'latchkey-service',
      clientSecret: 'latchkey-service-secret',
    })
    const { sub = '' } = decodeJwt(await service())
    await realm.admin(`/users/${sub}/logout`, { method: 'POST' })
    await service.renew()
    const name = people[0] ?? ''
    const person = createPasswordProvider({ ...common, username: name, password: `${name}-password` })
    await person()
    await realm.admin(`/users/${await realm.userId(name)}/logout`, { method: 'POST' })
    expect(await person.renew()).toMatch(/./)
    const logins = (await realm.events('CLIENT_LOGIN')).filter(
      ({ clientId }) => clientId === 'latchkey-service',
    )
    expect(logins).toHaveLength(2)
  })

  test('C000-18 any number of calls within the lifetime make one request', async () => {
    const { userId, answer } = await signIn()
    const provider = createRefreshTokenProvider({ ...common, refreshToken: answer.refresh_token })
    for (let call = 0; call < 50; call++) await provider()
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 1, refused: 0 })
  })

  test('C000-16 A-7 an access token given at the start is used while it lasts', async () => {
    const { userId, answer } = await signIn()
    const { access_token: accessToken, refresh_token: refreshToken } = answer
    let now = Date.now()
    const provider = createRefreshTokenProvider({ ...common, refreshToken, accessToken, now: () => now })
    const { ensureFresh } = provider
    expect(await ensureFresh()).toBe(accessToken)
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 0, refused: 0 })
    now += 280_000
    expect(await ensureFresh()).not.toBe(accessToken)
    expect(await realm.refreshesOf(userId)).toEqual({ granted: 1, refused: 0 })
  })

  test('C000-17 C000-21 A-5 introspection at the address of discovery; inactive and just issued names the mapper', async () => {
    const api = { ...common, clientId: 'latchkey-api', clientSecret: 'latchkey-api-secret' }
    const confidential = {
      ...common,
      clientId: 'latchkey-confidential',
      clientSecret: 'latchkey-confidential-secret',
    }
    const name = people[0] ?? ''
    const provider = createPasswordProvider({ ...confidential, username: name, password: `${name}-password` })
    const token = await provider()
    const error = await failureOf(provider.introspect())
    expect(error.code).toBe('inactive_token')
    expect(error.hint).toContain('Included Client Audience: latchkey-confidential')
    // No loop: the token is still the same.
    expect(await provider()).toBe(token)
    const refreshToken = 'not used: the access token is good'
    const asApi = createRefreshTokenProvider({ ...api, refreshToken, accessToken: token })
    expect(await asApi.introspect()).toMatchObject({ active: true, username: name })
  })

  test('C000-20 a public client may not introspect, and may revoke', async () => {
    const { answer } = await signIn()
    const { refresh_token: refreshToken, access_token: accessToken } = answer
    const provider = createRefreshTokenProvider({ ...common, refreshToken, accessToken })
    const error = await failureOf(provider.introspect())
    expect(error).toMatchObject({
      status: 403,
      error: 'invalid_request',
      error_description: 'Client not allowed.',
    })
    expect(error.hint).toContain('confidential')
    await provider.revoke()
    const after = await requestToken(
      { grant_type: 'refresh_token', client_id: 'latchkey-public', refresh_token: refreshToken },
      realm.issuer,
    )
    expect(after).toMatchObject({ error: 'invalid_grant' })
    expect(await failureOf(provider())).toMatchObject({ code: 'sign_in_again' })
  })
})
