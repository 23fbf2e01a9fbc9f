import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClientCredentialsProvider } from '../../../src/tokens.js'
import { CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { failureOf } from '../../support/token-failures.js'

const ISSUER = 'http://id.invalid/realms/demo'

describe('a token endpoint that is given in place of the issuer', () => {
  test.each([
    ['of a Keycloak', '/protocol/openid-connect/token', /Service account roles On$/],
    ['of another server', '/token', undefined],
  ])('C000-11 %s: hints are its own, or there are none', async (_whose, path, hint) => {
    const server = createServer((_req, res) => {
      res.writeHead(401, { 'content-type': 'application/json' })
      const error_description = 'Client not enabled to retrieve service account'
      res.end(JSON.stringify({ error: 'unauthorized_client', error_description }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const tokenEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/x${path}`
    try {
      const client = { tokenEndpoint, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }
      const error = await failureOf(createClientCredentialsProvider(client)())
      expect(error.code).toBe('client_refused')
      if (hint === undefined) expect(error.hint).toBeUndefined()
      else expect(error.hint).toMatch(hint)
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

/** As in containers: what everybody calls the server is no way to it from here. */
describe('a server that this program reaches under another address than the issuer’s', () => {
  let provider: ScriptedProvider
  const options = { issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, timeout: 2 }

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    const at = (path: string): string => `${ISSUER}/protocol/openid-connect/${path}`
    provider.metadata = {
      issuer: ISSUER,
      authorization_endpoint: at('auth'),
      token_endpoint: at('token'),
      jwks_uri: at('certs'),
      userinfo_endpoint: at('userinfo'),
      revocation_endpoint: at('revoke'),
      end_session_endpoint: at('logout'),
      introspection_endpoint: at('token/introspect'),
      device_authorization_endpoint: at('auth/device'),
    }
  })
  afterAll(() => provider.close())

  test('without internalUrl it is away, and the hint names the setting', async () => {
    await expect(createClientCredentialsProvider(options)()).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('OIDC_INTERNAL_URL'),
    })
    expect(provider.calls).toEqual([])
  })

  test('with it every call goes there', async () => {
    const tokens = createClientCredentialsProvider({ ...options, internalUrl: provider.origin })
    expect(await tokens()).toMatch(/^eyJ/)
    await tokens.revoke()
    expect(provider.calls.map(({ endpoint }) => endpoint)).toEqual(['discovery', 'token', 'revoke'])
  })

  test('C000-02 a token endpoint where nothing is: the hint names it, and the one that answers where there is one', async () => {
    provider.metadata = {}
    const path = '/protocol/openid-connect/token'
    const at = (address: string) =>
      createClientCredentialsProvider({ clientId: CLIENT_ID, tokenEndpoint: address })
    const wrong = `${provider.origin}/auth${new URL(provider.issuer).pathname}${path}`
    await expect(at(wrong)()).rejects.toMatchObject({
      code: 'invalid_response',
      hint: `nothing is at ${wrong}, but ${provider.issuer}${path} answers: that is the address to give`,
    })
    for (const nowhere of [`${provider.origin}/nothing`, `${provider.issuer}x${path}`])
      await expect(at(nowhere)()).rejects.toMatchObject({
        hint: `is ${nowhere} the right address? Nothing like the token endpoint is there`,
      })
  })

  test('with a token endpoint alone it makes no sense, and is refused', () => {
    expect(() =>
      createClientCredentialsProvider({
        clientId: CLIENT_ID,
        tokenEndpoint: `${provider.issuer}/protocol/openid-connect/token`,
        internalUrl: provider.origin,
      }),
    ).toThrow(/internalUrl is for an issuer/)
  })
})

describe('a proxy that the environment names', () => {
  const before = process.env['HTTP_PROXY']
  afterEach(() => {
    if (before === undefined) delete process.env['HTTP_PROXY']
    else process.env['HTTP_PROXY'] = before
  })

  test('is not asked about this very machine: plain http to it goes straight', async () => {
    const provider = await ScriptedProvider.start()
    // Nothing listens there.
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:1'
    const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, timeout: 2 }
    try {
      expect(await createClientCredentialsProvider({ ...client, issuer: provider.issuer })()).toMatch(/^eyJ/)
      await expect(createClientCredentialsProvider({ ...client, issuer: ISSUER })()).rejects.toMatchObject({
        code: 'unavailable',
      })
    } finally {
      await provider.close()
    }
  })
})
