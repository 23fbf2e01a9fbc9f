import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import * as oidc from 'openid-client'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog } from '../../../src/log.js'
import { noMetrics, type Metrics } from '../../../src/metrics.js'
import { createBackChannel } from '../../../src/provider/back-channel.js'
import { createProvider, type Provider, type ProviderOptions } from '../../../src/provider/provider.js'
import { CLIENT_ID, CLIENT_SECRET, json, ScriptedProvider } from '../../support/scripted-provider.js'
import { until } from '../../support/until.js'

/** What was measured: endpoint and outcome, and the seconds apart from them. */
let measured: [endpoint: string, outcome: string][]
let times: number[]
const metrics: Metrics = {
  ...noMetrics,
  upstream(endpoint, seconds, outcome) {
    measured.push([endpoint, outcome])
    times.push(seconds)
  },
}
beforeEach(() => {
  ;[measured, times] = [[], []]
})

describe('createBackChannel measures', () => {
  let server: Server
  let origin: string
  let answer: (res: ServerResponse) => void
  beforeAll(async () => {
    server = createServer((_req, res) => answer(res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const call = (url = `${origin}/x`, timeout = 10): Promise<unknown> =>
    createBackChannel({ issuer: origin, timeout, metrics, endpointOf: () => 'token' })(url).catch(
      (error: unknown) => error,
    )

  test.each([
    [200, 'ok'],
    [204, 'ok'],
    [302, 'ok'],
    [399, 'ok'],
    [400, 'client_error'],
    [401, 'client_error'],
    [499, 'client_error'],
    [500, 'server_error'],
    [503, 'server_error'],
    [599, 'server_error'],
  ])('%i as %s', async (status, outcome) => {
    answer = (res) => void res.writeHead(status).end()
    await call()
    expect(measured).toEqual([['token', outcome]])
  })

  test.each<[string, typeof answer]>([
    ['a connection that is cut', (res) => void res.socket?.destroy()],
    ['a body that is cut', (res) => void res.writeHead(200).write('x', () => res.destroy())],
    ['a body above 1 MiB', (res) => void res.writeHead(200).end(Buffer.alloc(1024 * 1024 + 1))],
  ])('%s as unavailable', async (_name, how) => {
    answer = how
    expect(await call()).toBeInstanceOf(Error)
    expect(measured).toEqual([['token', 'unavailable']])
  })

  test('silence as unavailable', async () => {
    answer = () => undefined
    expect(await call(undefined, 0.1)).toBeInstanceOf(Error)
    expect(measured).toEqual([['token', 'unavailable']])
  })

  test('a closed port as unavailable', async () => {
    expect(await call('http://127.0.0.1:1/x')).toBeInstanceOf(Error)
    expect(measured).toEqual([['token', 'unavailable']])
  })

  test('the time of headers and body together, in seconds', async () => {
    answer = (res) => {
      res.writeHead(200).write('x')
      setTimeout(() => res.end('y'), 100)
    }
    const begun = performance.now()
    await call()
    expect(times).toHaveLength(1)
    expect(times[0]).toBeGreaterThan(0.09)
    expect(times[0]).toBeLessThanOrEqual((performance.now() - begun) / 1000)
  })

  test('what nobody has named as other', async () => {
    answer = (res) => void res.end()
    await createBackChannel({ issuer: origin, timeout: 1, metrics })(`${origin}/token`)
    expect(measured).toEqual([['other', 'ok']])
  })
})

describe('createProvider names', () => {
  let scripted: ScriptedProvider
  beforeAll(async () => {
    scripted = await ScriptedProvider.start()
  })
  beforeEach(() => scripted.reset())
  afterAll(() => scripted.close())

  const provider = (changes: Partial<ProviderOptions> = {}): Provider =>
    createProvider({
      issuer: scripted.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      clientAuthentication: 'client_secret_basic',
      publicUrl: 'https://app.example',
      redirectUri: 'https://app.example/authorize',
      logoutRedirect: '/',
      clockTolerance: 30,
      timeout: 1,
      jwksMaxAge: 600,
      jwksCooldown: 1,
      jwksStale: 3600,
      log: silentLog,
      metrics,
      ...changes,
    })

  /** One call to every endpoint there is. */
  async function callAll(changes: Partial<ProviderOptions> = {}): Promise<void> {
    const tested = provider(changes)
    const { client, metadata } = await tested.connect()
    await tested.keys.find({ alg: 'ES256', kid: 'invented' })
    await oidc.refreshTokenGrant(client.configuration, 'spent').catch(() => undefined)
    await oidc.fetchUserInfo(client.configuration, 'access', 'sub').catch(() => undefined)
    await oidc.tokenRevocation(client.configuration, 'refresh')
    await client.post(metadata.end_session_endpoint ?? '', { refresh_token: 'x' })
    await client.post(`${metadata.token_endpoint}/introspect`, { token: 'x' })
  }
  const ALL = [
    ['discovery', 'ok'],
    ['jwks', 'ok'],
    ['token', 'client_error'],
    ['userinfo', 'client_error'],
    ['revocation', 'ok'],
    ['end_session', 'ok'],
    ['other', 'ok'],
  ]

  test('each endpoint by its address in the metadata', async () => {
    await callAll()
    expect(measured).toEqual(ALL)
    expect(Math.min(...times)).toBeGreaterThan(0)
  })

  test('the same where calls go to an internal address', async () => {
    const [issuer, internalUrl] = ['http://id.example:8080/realms/demo', scripted.origin]
    scripted.answers.discovery = (_call, res) =>
      json(
        res,
        200,
        JSON.parse(JSON.stringify(scripted.discoveryDocument()).replaceAll(scripted.issuer, issuer)),
      )
    await callAll({ issuer, internalUrl })
    expect(measured).toEqual(ALL)
  })

  test('the authorization endpoint, whatever is in the query', async () => {
    provider().checkAddresses()
    await until(() => (measured.length > 1 ? true : undefined))
    expect(measured[1]).toEqual(['authorization', 'ok'])
  })

  test('discovery that fails, before any address is known', async () => {
    scripted.answers.discovery = (_call, res) => json(res, 503, {})
    await expect(provider().connect()).rejects.toThrow()
    expect(measured).toEqual([['discovery', 'server_error']])
  })

  test('other what only looks like an endpoint', async () => {
    const { client, metadata } = await provider().connect()
    measured = []
    const lookalikes = [
      `${scripted.origin}/realms/elsewhere/protocol/openid-connect/token`,
      `${metadata.token_endpoint}/`,
      metadata.token_endpoint.replace('/token', '/TOKEN'),
      metadata.token_endpoint.replace('127.0.0.1', 'localhost'),
      `${scripted.origin}/token`,
    ]
    for (const address of lookalikes) await client.post(address, {}).catch(() => undefined)
    expect(measured.map(([endpoint]) => endpoint)).toEqual(lookalikes.map(() => 'other'))
  })
})
