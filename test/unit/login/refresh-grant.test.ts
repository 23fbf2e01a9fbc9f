import { describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { json } from '../../support/scripted-provider.js'
import { fails, login, renew, renewed, saying, server } from './grant-bench.js'

describe('the claims after a refresh', () => {
  test('what the new ID token says counts', async () => {
    saying({ acr: 'pwd', email: 'new@example.org' })
    expect((await renewed()).claims).toMatchObject({ acr: 'pwd', email: 'new@example.org' })
  })

  test('SU-04 what it no longer says is gone', async () => {
    saying({ acr: undefined, realm_access: undefined })
    const { claims } = await renewed()
    expect(claims).not.toHaveProperty('acr')
    expect(claims).not.toHaveProperty('realm_access')
  })

  test('what userinfo had added stays; what the ID token says of it now counts', async () => {
    expect((await renewed()).claims['phone_number']).toBe('of userinfo')
    saying({ phone_number: 'of the ID token' })
    expect((await renewed()).claims['phone_number']).toBe('of the ID token')
  })

  test('sid and nonce stay when it does not say them: logout tokens go on finding the session', async () => {
    saying({ sid: undefined, nonce: undefined })
    expect((await renewed()).claims).toMatchObject({ sid: 'the-sid', nonce: 'the-nonce' })
    saying({ sid: 'another-sid' })
    expect((await renewed()).claims['sid']).toBe('another-sid')
  })

  test('without an ID token they stay as they were', async () => {
    server.onTokenResponse = (body) => ({ ...body, id_token: undefined })
    const held = await login()
    expect(await renewed(held)).toMatchObject({ claims: held.claims, idToken: held.tokens.idToken })
  })
})

describe('the tokens after a refresh', () => {
  test('are the new ones', async () => {
    const sets: Record<string, unknown>[] = []
    server.onTokenResponse = (body) => (sets.push(body), body)
    const { accessToken, refreshToken, idToken, expiresIn, scope } = await renewed()
    expect(sets).toEqual([
      expect.objectContaining({ access_token: accessToken, refresh_token: refreshToken, id_token: idToken }),
    ])
    expect([expiresIn, ...scope]).toEqual([300, 'openid', 'profile', 'email'])
  })

  test('are asked for with the refresh token and nothing else', async () => {
    const held = await login()
    await renewed(held)
    const call = server.calls.find(({ endpoint }) => endpoint === 'token')
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: held.tokens.refreshToken,
    })
  })

  test('RF-03 without a new refresh token the old one stays, and without a scope the old one', async () => {
    server.onTokenResponse = (body) => ({ ...body, refresh_token: undefined, scope: undefined })
    const held = await login()
    const { refreshToken, scope } = await renewed(held)
    expect(refreshToken).toBe(held.tokens.refreshToken)
    expect([...scope]).toEqual(['openid', 'phone'])
  })

  test.each<[unknown, number | undefined]>([
    [undefined, undefined],
    [0, undefined],
    [1e99, undefined],
    [365 * 24 * 3600, 365 * 24 * 3600],
  ])('TE-06 expires_in %p is a life of %p s', async (value, life) => {
    server.onTokenResponse = (body) => ({ ...body, expires_in: value })
    expect((await renewed()).expiresIn).toBe(life)
  })
})

describe('an ID token that there is no key to judge by', () => {
  test('P-9 the new refresh token is not lost', async () => {
    server.answers.jwks = (_call, res) => json(res, 503, {})
    const next = randomUUID()
    server.onTokenResponse = (body) => ({ ...body, refresh_token: next })
    expect(await renew()).toMatchObject({ unjudged: { refreshToken: next, error: { status: 503 } } })
  })

  test('RF-03 nor is the old one, where there is no new one', async () => {
    server.answers.jwks = (_call, res) => json(res, 503, {})
    server.onTokenResponse = (body) => ({ ...body, refresh_token: undefined })
    const held = await login()
    expect(await renew(held)).toMatchObject({ unjudged: { refreshToken: held.tokens.refreshToken } })
  })
})

describe('an answer that is no token set', () => {
  test('RF-02 invalid_grant: the login is over', async () => {
    const held = await login()
    server.families.revokeBy(held.tokens.refreshToken ?? '')
    await fails(renew(held), 'refresh_refused')
  })

  test('a login without refresh token is over, and nobody is asked', async () => {
    const { tokens, ...rest } = await login()
    await fails(renew({ ...rest, tokens: { ...tokens, refreshToken: undefined } }), 'refresh_refused')
    expect(server.calls).toEqual([])
  })

  test.each<[string, number, unknown, string]>([
    ['500', 500, {}, 'provider_unavailable'],
    ['503 in HTML', 503, '<p>', 'provider_unavailable'],
    ['503 with invalid_grant', 503, { error: 'invalid_grant' }, 'provider_unavailable'],
    ['401 invalid_client', 401, { error: 'invalid_client' }, 'client_refused'],
    ['400 unauthorized_client', 400, { error: 'unauthorized_client' }, 'client_refused'],
    ['400 invalid_request', 400, { error: 'invalid_request' }, 'token_response_invalid'],
    ['400 invalid_scope', 400, { error: 'invalid_scope' }, 'token_response_invalid'],
    ['400 in HTML', 400, '<p>', 'token_response_invalid'],
    ['400 in JSON that is no error', 400, {}, 'token_response_invalid'],
    ['404', 404, 'not found', 'token_response_invalid'],
    ['200 in HTML', 200, '<p>', 'token_response_invalid'],
    ['200 and cut JSON', 200, '{"access_token":"x', 'token_response_invalid'],
    ['200 and an empty object', 200, {}, 'token_response_invalid'],
    ['200 and a list', 200, [], 'token_response_invalid'],
    ['200 and null', 200, 'null', 'token_response_invalid'],
    ['200 and invalid_grant', 200, { error: 'invalid_grant' }, 'token_response_invalid'],
    [
      '200, tokens and invalid_grant',
      200,
      { access_token: 'x', token_type: 'Bearer', error: 'invalid_grant' },
      'token_response_invalid',
    ],
  ])('TE-01 TE-02 P-9 %s does not end the login', async (_name, status, body, code) => {
    server.answers.token = (_call, res) => json(res, status, body)
    await fails(renew(), code)
  })

  test.each<[string, Record<string, unknown>]>([
    ['no access token', { token_type: 'Bearer' }],
    ['another kind of token', { access_token: 'x', token_type: 'mac' }],
    ['an ID token that is no JWT', { access_token: 'x', token_type: 'Bearer', id_token: 'no JWT' }],
    ['an ID token that is empty', { access_token: 'x', token_type: 'Bearer', id_token: 'a..b' }],
  ])('P-9 with %s, the new refresh token is not lost', async (_name, body) => {
    server.answers.token = (_call, res) => json(res, 200, { ...body, refresh_token: 'the-next' })
    expect(await renew()).toMatchObject({
      unjudged: { refreshToken: 'the-next', error: { code: 'token_response_invalid' } },
    })
  })

  test('P-9 a connection that breaks does not end the login', async () => {
    server.answers.token = (_call, res) => void res.destroy()
    await fails(renew(), 'provider_unavailable')
  })
})
