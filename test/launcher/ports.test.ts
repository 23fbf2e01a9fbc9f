import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { DEMO, Sandbox } from './sandbox.js'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await once(server.close(), 'close')
})

/** Listens on a port, answers 200 to everything, and keeps what it gets. */
async function stranger(port: number, host: string): Promise<{ received: () => string }> {
  let received = ''
  const server = createServer((socket) => {
    socket.on('data', (data) => (received += data.toString()))
    socket.on('error', () => socket.destroy())
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  servers.push(server)
  await once(server.listen({ port, host, ipv6Only: host === '::' }), 'listening')
  return { received: () => received }
}

describe('nextFreePort', () => {
  test.each(['127.0.0.1', '::1', '0.0.0.0', '::'])('LA-03 a listener on %s takes the port', async (host) => {
    const port = await nextFreePort(0)
    await stranger(port + 1, host)
    expect(await nextFreePort(port + 1)).toBeGreaterThan(port + 1)
  })

  test('LA-03 a port that nobody has is the one that was wanted', async () => {
    const port = (await nextFreePort(0)) + 100
    expect(await nextFreePort(port)).toBe(port)
  })

  test('LA-03 no two callers get the same', async () => {
    const port = (await nextFreePort(0)) + 200
    const together = await Promise.all(Array.from({ length: 10 }, () => nextFreePort(port)))
    expect(new Set([...together, await nextFreePort(port), await nextFreePort(port)]).size).toBe(12)
  })
})

describe('the demo on ports that strangers hold', () => {
  let box: Sandbox
  beforeEach(() => {
    box = new Sandbox()
  })
  afterEach(() => box.remove())

  test('LA-03 takes the next free ones, and everything follows; strangers get nothing', async () => {
    const first = (await nextFreePort(0)) + 300
    const [app, keycloak, management] = [first, first + 10, first + 20]
    const strangers = [
      await stranger(app, '127.0.0.1'),
      await stranger(keycloak, '::1'),
      await stranger(management, '0.0.0.0'),
    ]
    const run = box.run(DEMO, {
      PORT: String(app),
      KEYCLOAK_PORT: String(keycloak),
      KEYCLOAK_MANAGEMENT_PORT: String(management),
    })
    await run.until('Latchkey is ready:')

    expect(run.output()).toContain(`Port ${app} (PORT) is taken; taking ${app + 1}.`)
    expect(run.output()).toContain(`Port ${keycloak} (KEYCLOAK_PORT) is taken; taking ${keycloak + 1}.`)
    expect(run.output()).toContain(`(KEYCLOAK_MANAGEMENT_PORT) is taken; taking ${management + 1}.`)
    const addresses = new Set(run.output().match(/http:\/\/localhost:\d+/g))
    expect(addresses).toEqual(new Set([`http://localhost:${app + 1}`, `http://localhost:${keycloak + 1}`]))

    const server = box.json(
      '.local/state/latchkey/demo',
      `${app + 1}-${keycloak + 1}`,
      'keycloak/data/started.json',
    )
    expect(server.args).toContain(`--http-port=${keycloak + 1}`)
    expect(server.args).toContain(`--http-management-port=${management + 1}`)
    expect(server.args).toContain(`--hostname=http://localhost:${keycloak + 1}`)
    expect(server.env).toMatchObject({
      LATCHKEY_WEB_URL: `http://localhost:${app + 1}`,
      LATCHKEY_BACKCHANNEL_URL: `http://localhost:${app + 1}`,
    })
    expect(box.json('app.json').env).toMatchObject({
      PORT: String(app + 1),
      PUBLIC_URL: `http://localhost:${app + 1}`,
      OIDC_ISSUER: `http://localhost:${keycloak + 1}/realms/latchkey`,
    })

    run.child.kill('SIGTERM')
    expect(await run.ended()).toBe(0)
    expect(strangers.map(({ received }) => received())).toEqual(['', '', ''])
  })

  test.each(['http', '70000', '-1'])('LA-03 PORT=%s is refused by name', async (port) => {
    expect(await box.fail(DEMO, { PORT: port })).toContain('PORT must be a port number')
  })
})
