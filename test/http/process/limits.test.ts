import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { rawGet, sendRaw } from '../../support/raw-request.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { BUILD_TIMEOUT, buildServer, ServerProcess } from '../../support/server-process.js'

let provider: ScriptedProvider

beforeAll(async () => {
  await buildServer()
  provider = await ScriptedProvider.start()
}, BUILD_TIMEOUT)
afterAll(() => provider.close())

async function withServer(
  env: Record<string, string>,
  run: (app: ServerProcess) => Promise<void>,
): Promise<void> {
  const app = await ServerProcess.start(provider, { env })
  try {
    await run(app)
    expect(app.child.exitCode).toBeNull()
    expect(app.stderr).toBe('')
  } finally {
    await app.stop()
  }
}

/** Milliseconds after which nobody waits for a connection to be closed any more. */
const PATIENCE = 8000

/** Sends a piece every so often until the other side closes; what it said, and after how many milliseconds. */
function drip(app: ServerProcess, begin: string, piece: string): Promise<{ said: string; ms: number }> {
  const begun = performance.now()
  return new Promise((resolve) => {
    let said = ''
    const socket: Socket = connect(app.port, '127.0.0.1', () => socket.write(begin))
    const timer = setInterval(() => socket.write(piece), 100)
    const end = setTimeout(() => socket.destroy(), PATIENCE)
    socket.on('data', (chunk) => (said += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearInterval(timer)
      clearTimeout(end)
      resolve({ said, ms: performance.now() - begun })
    })
  })
}

describe('large headers', () => {
  test('RE-13 BT-08 15 kB of cookies are served, 17 kB are 431, the process goes on', () =>
    withServer({}, async (app) => {
      const cookies = (size: number): string[] => [`Cookie: a=${'x'.repeat(size)}`]
      expect(await rawGet(app.port, '/', cookies(15_000))).toMatchObject({ status: 200 })
      expect(await rawGet(app.port, '/session', cookies(15_000))).toMatchObject({ status: 401 })
      expect(await rawGet(app.port, '/', cookies(17_000))).toMatchObject({ status: 431 })
      expect(await rawGet(app.port, `/${'x'.repeat(17_000)}`)).toMatchObject({ status: 431 })
      expect(await rawGet(app.port, '/', [`Authorization: Bearer ${'x'.repeat(40_000)}`])).toMatchObject({
        status: 431,
      })
      const many = Array.from({ length: 1500 }, (_, at) => `c${at}=1`).join('; ')
      expect(await rawGet(app.port, '/', [`Cookie: ${many}`])).toMatchObject({ status: 200 })
    }))
})

describe('slow clients', () => {
  test(
    'RE-11 P-18 a header byte at a time: closed after HEADERS_TIMEOUT, and others are not slower',
    () =>
      withServer({ HEADERS_TIMEOUT: '1' }, async (app) => {
        const slow = Promise.all(
          Array.from({ length: 200 }, () =>
            drip(app, `GET / HTTP/1.1\r\nHost: localhost:${app.port}\r\nX-A: `, 'a'),
          ),
        )
        const open = new AbortController()
        void slow.then(() => open.abort())
        const times: number[] = []
        while (!open.signal.aborted) {
          const begun = performance.now()
          expect(
            await sendRaw(app.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
          ).toMatchObject({ status: 200 })
          times.push(performance.now() - begun)
        }
        for (const { said, ms } of await slow) {
          expect(said).toMatch(/^HTTP\/1\.1 408 |^$/)
          expect(ms).toBeGreaterThan(900)
          expect(ms).toBeLessThan(4000)
        }
        times.sort((a, b) => a - b)
        expect(times.length).toBeGreaterThan(20)
        expect(times[Math.floor(times.length * 0.9)]).toBeLessThan(1000)
      }),
    2 * PATIENCE,
  )

  test(
    'RE-12 P-18 a body of a byte at a time: closed after REQUEST_TIMEOUT',
    () =>
      withServer({ HEADERS_TIMEOUT: '1', REQUEST_TIMEOUT: '2' }, async (app) => {
        const head = `Host: localhost:${app.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000`
        const slow = await Promise.all(
          ['/logout', '/nothing', '/secure-data'].map((path) =>
            drip(app, `POST ${path} HTTP/1.1\r\n${head}\r\n\r\n`, 'a'),
          ),
        )
        for (const { ms } of slow) expect(ms).toBeLessThan(5000)
      }),
    2 * PATIENCE,
  )
})

describe('memory', () => {
  /** Answers each message with the bytes that are in use after everything that can go is gone. */
  const probe = `process.on('message', () => { gc(); gc(); process.send(process.memoryUsage().heapUsed) })`

  function heapOf(app: ServerProcess): Promise<number> {
    return new Promise((resolve) => {
      app.child.once('message', (bytes) => resolve(bytes as number))
      app.child.send('heap')
    })
  }

  async function logins(app: ServerProcess, count: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const statuses = await Promise.all(
      Array.from(
        { length: count },
        () =>
          new Promise<number | undefined>((resolve, reject) => {
            get(
              {
                host: '127.0.0.1',
                port: app.port,
                path: '/login',
                headers: { host: `localhost:${app.port}` },
                agent,
              },
              (res) => {
                res.resume().on('end', () => resolve(res.statusCode))
              },
            ).on('error', reject)
          }),
      ),
    )
    agent.destroy()
    expect(statuses.every((status) => status === 302)).toBe(true)
  }

  test('RE-14 P-18 thousands of logins that nobody finishes: memory levels off, and Node has nothing to warn of', async () => {
    const node = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(probe)}`]
    const app = await ServerProcess.start(provider, { node })
    try {
      await logins(app, 500)
      const begin = await heapOf(app)
      await logins(app, 9700)
      const full = await heapOf(app)
      await logins(app, 5000)
      const end = await heapOf(app)
      // That something is kept shows that the measure can see it.
      expect(full - begin).toBeGreaterThan(3_000_000)
      expect(end - full).toBeLessThan(1_500_000)
      expect(app.stderr).toBe('')
    } finally {
      await app.stop()
    }
  }, 60_000)
})
