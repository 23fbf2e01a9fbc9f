import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createPasswordProvider, createRefreshTokenProvider } from '../../../src/tokens.js'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  json,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { failureOf } from '../../support/token-failures.js'

const ALICE = { username: 'alice', password: 'alice-password' }

describe('introspection and revocation', () => {
  let provider: ScriptedProvider
  let now = Date.now()
  const client = () => ({
    issuer: provider.issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    now: () => now,
  })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    provider.addPerson('alice')
    now = Date.now()
  })
  afterAll(() => provider.close())

  test('C000-17 C000-20 the endpoint is discovery’s, and is asked when asked for only', async () => {
    provider.audience = [CLIENT_ID]
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    const token = await tokens()
    await tokens.renew()
    expect(provider.count('introspect')).toBe(0)
    expect(await tokens.introspect()).toMatchObject({ active: true, username: 'alice' })
    const [call] = provider.calls.filter(({ endpoint }) => endpoint === 'introspect')
    expect(call?.url.pathname).toBe('/realms/demo/protocol/openid-connect/token/introspect')
    expect(call?.headers.authorization).toMatch(/^Basic /)
    expect(call?.form.get('token')).toBe(await tokens())
    expect(call?.form.get('token')).not.toBe(token)
  })

  test('C000-21 just issued and yet inactive: the audience mapper is named, and nothing is renewed', async () => {
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    for (let call = 0; call < 3; call++) {
      const error = await failureOf(tokens.introspect())
      expect(error).toMatchObject({ code: 'inactive_token', status: 200, error: 'inactive_token' })
      expect(error.hint).toContain(`Add mapper → Audience → Included Client Audience: ${CLIENT_ID}`)
    }
    expect(provider.count('token')).toBe(1)
    expect(provider.count('introspect')).toBe(3)
  })

  test('C000-21 a server that is not Keycloak gets no hint of Keycloak', async () => {
    provider.metadata = { end_session_endpoint: undefined }
    const error = await failureOf(createPasswordProvider({ ...client(), ...ALICE }).introspect())
    expect(error).toMatchObject({ code: 'inactive_token', hint: undefined })
  })

  test('C000-21 an older one that is inactive is an answer', async () => {
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    await tokens()
    now += 61_000
    expect(await tokens.introspect()).toEqual({ active: false })
    const accessToken = await provider.accessToken({ iat: Math.floor(now / 1000) - 100 })
    const old = createRefreshTokenProvider({ ...client(), refreshToken: 'old', accessToken })
    expect(await old.introspect()).toEqual({ active: false })
  })

  test('C000-21 one that names the client and is inactive has ended: an answer, although it is new', async () => {
    const accessToken = await provider.accessToken({ aud: ['account', client().clientId] })
    const tokens = createRefreshTokenProvider({ ...client(), refreshToken: 'ended', accessToken })
    provider.answers.introspect = (_call, res) => json(res, 200, { active: false })
    expect(await tokens.introspect()).toEqual({ active: false })
  })

  test('C000-20 a public client may not introspect, and the hint says so; it may revoke', async () => {
    const options = { issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, ...ALICE }
    const tokens = createPasswordProvider(options)
    const error = await failureOf(tokens.introspect())
    expect(error).toMatchObject({
      status: 403,
      error: 'invalid_request',
      error_description: 'Client not allowed.',
    })
    expect(error.hint).toMatch(/a public client may not introspect/)
    await tokens.revoke()
    expect(provider.count('revoke')).toBe(1)
  })

  test('an introspection that says too little is a typed error', async () => {
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    for (const body of ['{}', '[]', '{"active":"yes"}', '<html>', '']) {
      provider.answers.introspect = (_call, res) => json(res, 200, body)
      expect((await failureOf(tokens.introspect())).code).toBe('invalid_response')
    }
  })

  test('a server that has no such endpoint is a typed error', async () => {
    provider.metadata = { introspection_endpoint: undefined, revocation_endpoint: undefined }
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    await tokens()
    expect((await failureOf(tokens.introspect())).message).toMatch(/introspection_endpoint/)
    expect((await failureOf(tokens.revoke())).message).toMatch(/revocation_endpoint/)
  })

  test('who aborts waits no longer for the introspection or the revocation, which goes on', async () => {
    provider.answers.introspect = () => undefined
    provider.answers.revoke = () => undefined
    const tokens = createPasswordProvider({ ...client(), ...ALICE, timeout: 3 })
    await tokens()
    const began = performance.now()
    const call = () => ({ signal: AbortSignal.timeout(50) })
    await expect(tokens.introspect(call())).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(tokens.revoke(call())).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(performance.now() - began).toBeLessThan(2500)
    expect(provider.count('revoke')).toBe(1)
    const aborted = { signal: AbortSignal.abort('no') }
    await expect(tokens.revoke(aborted)).rejects.toBe('no')
    expect(provider.count('revoke')).toBe(1)
  })

  test('a sign-in that is over at the server is revoked: Keycloak says invalid_token, with 200; other words are refusals', async () => {
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    await tokens()
    provider.answers.revoke = (_call, res) => json(res, 200, { error: 'invalid_token' })
    await tokens.revoke()
    await tokens()
    provider.answers.revoke = (_call, res) => json(res, 400, { error: 'unsupported_token_type' })
    expect(await failureOf(tokens.revoke())).toMatchObject({ error: 'unsupported_token_type', status: 400 })
    for (const status of [401, 403]) {
      await tokens()
      provider.answers.revoke = (_call, res) => json(res, status, { error: 'invalid_token' })
      expect(await failureOf(tokens.revoke())).toMatchObject({ error: 'invalid_token', status })
    }
  })

  test('revoking ends the sign-in: the refresh token is shown, with its hint; the next call signs in anew', async () => {
    const tokens = createPasswordProvider({ ...client(), ...ALICE })
    const { refreshToken } = await tokens.tokens()
    await tokens.revoke()
    const [call] = provider.calls.filter(({ endpoint }) => endpoint === 'revoke')
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      token: refreshToken,
      token_type_hint: 'refresh_token',
    })
    await tokens()
    expect([provider.grants('password'), provider.grants('refresh_token')]).toEqual([2, 0])
  })
})
