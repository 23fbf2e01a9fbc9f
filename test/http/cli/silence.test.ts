import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { CliProcess, newHome } from '../../support/cli-process.js'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'

/** So long it takes until undici gives up a connection by itself, and more; in milliseconds. */
const AT_ONCE = 8000

let silent: Server
let host: string
const sockets = new Set<Socket>()

beforeAll(async () => {
  await buildServer()
  silent = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(silent.address() as AddressInfo).port}`
}, BUILD_TIMEOUT)
afterEach(removeTemporaryFolders)
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})

describe('a connection that is taken and never answered', () => {
  test.each([
    ['a proxy', () => ({ OIDC_ISSUER: 'https://id.example/realms/demo', HTTPS_PROXY: `http://${host}` })],
    ['the server, before TLS', () => ({ OIDC_ISSUER: `https://${host}/realms/demo` })],
    ['the server', () => ({ OIDC_ISSUER: `http://${host}/realms/demo` })],
  ])('CL-01 CL-04 %s: the command says so in time, and has ended then', async (_what, settings) => {
    const begun = performance.now()
    const one = CliProcess.start(['token', '--grant', 'client-credentials'], {
      env: { ...newHome(), ...settings(), UPSTREAM_TIMEOUT: '1', LATCHKEY_SERVICE_CLIENT_SECRET: 'secret' },
    })
    expect(await one.exit).toEqual({ code: 5, signal: null })
    expect(one.stderr).toContain('time-out')
    expect(performance.now() - begun).toBeLessThan(AT_ONCE)
  })

  test('CL-02 a reader that does not read: a signal ends the command all the same', async () => {
    let origin = ''
    const answers: Readonly<Record<string, () => object>> = {
      '/.well-known/openid-configuration': () => ({
        issuer: origin,
        token_endpoint: `${origin}/token`,
        authorization_endpoint: `${origin}/x`,
        jwks_uri: `${origin}/x`,
      }),
      '/token': () => ({ access_token: 'got', token_type: 'Bearer', expires_in: 300 }),
    }
    const api = createHttpServer((req, res) => {
      const large = (): object => ({ text: 'x'.repeat(900_000) })
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify((answers[req.url ?? ''] ?? large)()))
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
    const env = {
      ...newHome(),
      OIDC_ISSUER: origin,
      API_URL: origin,
      LATCHKEY_SERVICE_CLIENT_SECRET: 'secret',
    }
    const one = CliProcess.start(['whoami', '--flow', 'service-account'], { env })
    one.child.stdout?.pause()
    const ended = new Promise((resolve) => one.child.once('exit', resolve))
    try {
      await until(() => (one.child.stdout?.readableLength ?? 0) > 0 || undefined)
      one.child.kill('SIGTERM')
      expect(await ended).toBe(143)
    } finally {
      one.child.kill('SIGKILL')
      api.closeAllConnections()
      api.close()
    }
  })
})
