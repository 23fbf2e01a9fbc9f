import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import * as oidc from 'openid-client'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { silentLog } from '../../../src/log.js'
import { createProvider, type Provider } from '../../../src/provider/provider.js'
import { AssertedClient } from '../../support/asserted-client.js'
import { ClientFiles, ecKey, pem } from '../../support/client-files.js'
import { CLIENT_ID, json, ScriptedProvider, type Call } from '../../support/scripted-provider.js'

jest.setTimeout(60_000)

const TIMES = 1000

let server: ScriptedProvider
let client: AssertedClient
let files: ClientFiles
let provider: Provider
/** Our key document, as the app serves it. */
let document: Server

beforeAll(async () => {
  server = await ScriptedProvider.start()
  document = createServer(
    (_req, res) => void provider.publicKeys?.().then((keys) => json(res, 200, { keys })),
  )
  await new Promise<void>((resolve) => document.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await server.close()
  document.closeAllConnections()
  await new Promise((resolve) => document.close(resolve))
})
beforeEach(() => {
  server.reset()
  client = new AssertedClient(server, () => `http://127.0.0.1:${(document.address() as AddressInfo).port}`)
  files = new ClientFiles()
  provider = create()
})
afterEach(() => files.remove())

const create = (): Provider =>
  createProvider({
    issuer: server.issuer,
    clientId: CLIENT_ID,
    clientAuthentication: 'private_key_jwt',
    clientKeyFile: files.put('key.pem', pem(ecKey())),
    publicUrl: 'http://localhost:3000',
    redirectUri: 'http://localhost:3000/authorize',
    logoutRedirect: '/',
    clockTolerance: 30,
    timeout: 5,
    jwksMaxAge: 600,
    jwksCooldown: 5,
    jwksStale: 3600,
    log: silentLog,
  })

async function ask(): Promise<string> {
  const { client: ours } = await provider.connect()
  const answer = await oidc.clientCredentialsGrant(ours.configuration)
  return answer.access_token
}

/** Until it works, as somebody does whose call was broken off. */
async function insist(): Promise<string> {
  for (;;) {
    const token = await ask().catch((error: unknown) => error)
    if (typeof token === 'string') return token
    if (!String((token as Error).cause).includes('no answer from')) throw token
  }
}

describe('TK-06 private_key_jwt', () => {
  test('a server that takes each assertion once, and breaks off every seventh call, gives 1000 tokens', async () => {
    client.fault = (call) => call % 7 === 0
    for (let done = 0; done < TIMES; done += 50) await Promise.all(Array.from({ length: 50 }, insist))
    expect(client.assertions.length).toBeGreaterThan(TIMES * 1.1)
    const ids = client.assertions.map(({ claims }) => claims.jti)
    expect(new Set(ids).size).toBe(ids.length)
    const [key] = (await provider.publicKeys?.()) ?? []
    for (const { kid, alg, claims } of client.assertions) {
      expect([kid, alg]).toEqual([key?.kid, key?.alg])
      expect([claims.iss, claims.sub, claims.aud]).toEqual([CLIENT_ID, CLIENT_ID, server.issuer])
      expect((claims.exp ?? Infinity) - (claims.iat ?? 0)).toBeLessThanOrEqual(300)
    }
    expect(client.fetches).toBe(1)
  })

  test('a call that openid-client has none for carries an assertion of its own, too', async () => {
    const calls: Call[] = []
    server.answers.logout = (call, res) => {
      calls.push(call)
      res.writeHead(204).end()
    }
    const { metadata, client: ours } = await provider.connect()
    for (const refresh_token of ['one', 'two'])
      await ours.post(metadata.end_session_endpoint ?? '', { refresh_token })
    for (const call of calls) expect(await client.judge(call)).toBeUndefined()
    expect(calls).toHaveLength(2)
  })

  test('metadata that name another token endpoint: nothing is sent there', async () => {
    const received: string[] = []
    const other = createServer((req, res) => {
      received.push(req.url ?? '')
      json(res, 200, { access_token: 'x', token_type: 'Bearer' })
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    try {
      for (const elsewhere of [
        `http://127.0.0.1:${port}/token`,
        `http://localhost:${port}/token`,
        'https://evil.example/token',
      ]) {
        server.metadata = { token_endpoint: elsewhere }
        // What failed a moment ago is not asked for again.
        provider = create()
        await expect(ask()).rejects.toMatchObject({ code: 'provider_metadata_invalid' })
      }
      expect(received).toEqual([])
      expect(client.assertions).toEqual([])
    } finally {
      other.closeAllConnections()
      await new Promise((resolve) => other.close(resolve))
    }
  })
})
