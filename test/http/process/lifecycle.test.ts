import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { send, type Answer } from '../../support/send.js'
import { BUILD_TIMEOUT, buildServer, ServerProcess } from '../../support/server-process.js'
import { NAVIGATION, newPerson } from '../../support/test-app.js'
import { until } from '../../support/until.js'

let provider: ScriptedProvider
let server: ServerProcess | undefined

beforeAll(async () => {
  await buildServer()
  provider = await ScriptedProvider.start()
}, BUILD_TIMEOUT)
beforeEach(() => provider.reset())
afterEach(async () => {
  await server?.stop()
  server = undefined
})
afterAll(() => provider.close())

const start = async (env: Record<string, string> = {}, node: string[] = []): Promise<ServerProcess> => {
  server = await ServerProcess.start(provider, { env: { UPSTREAM_TIMEOUT: '3', ...env }, node })
  return server
}
const ask = (app: ServerProcess, path: string, jar?: Jar, headers: object = NAVIGATION): Promise<Answer> =>
  send({ hostname: 'localhost', port: app.port }, path, { headers: { ...headers }, ...(jar && { jar }) })

async function beginLogin(app: ServerProcess, jar: Jar): Promise<URL> {
  const answer = await ask(app, '/login', jar)
  const callback = provider.approve(answer.location ?? '', newPerson())
  return callback
}
const bearer = async (app: ServerProcess): Promise<Answer> =>
  ask(app, '/secure-data', undefined, { authorization: `Bearer ${await provider.accessToken()}` })

describe('the provider is away when the process starts', () => {
  test('RE-01 P-1 P-2 it starts, says 503 in time, and heals within 5 seconds', async () => {
    await provider.close()
    const app = await start({ UPSTREAM_TIMEOUT: '2' })
    expect(await ask(app, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await ask(app, '/readyz')).toMatchObject({ status: 503, body: 'provider: down\nstore: ok\n' })
    expect(await ask(app, '/')).toMatchObject({ status: 200 })
    for (const answer of [await ask(app, '/login'), await bearer(app)]) {
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
      expect(answer.headers['www-authenticate']).toBeUndefined()
    }
    await provider.open()
    const opened = performance.now()
    await until(async () => ((await bearer(app)).status === 200 ? true : undefined))
    await until(async () => ((await ask(app, '/readyz')).status === 200 ? true : undefined))
    const jar = new Jar()
    const callback = await beginLogin(app, jar)
    expect(await ask(app, callback.pathname + callback.search, jar)).toMatchObject({
      status: 303,
      location: '/hello',
    })
    expect((await ask(app, '/hello', jar)).body).toContain('I know who I am!')
    expect(performance.now() - opened).toBeLessThan(5000)
  })
})

/** A callback that waits for the token endpoint; `send` sends it. */
async function inFlight<T>(
  app: ServerProcess,
  send: (app: ServerProcess, path: string, jar: Jar) => Promise<T>,
): Promise<{ answer: Promise<T>; jar: Jar; release: () => void }> {
  let release = (): void => undefined
  provider.onIdToken = async (draft) => {
    await new Promise<void>((resolve) => (release = resolve))
    return draft
  }
  const jar = new Jar()
  const callback = await beginLogin(app, jar)
  const answer = send(app, callback.pathname + callback.search, jar)
  answer.catch(() => undefined)
  await until(() => (provider.count('token') > 0 ? true : undefined))
  return { answer, jar, release: () => release() }
}

const callbackInFlight = (app: ServerProcess): ReturnType<typeof inFlight<Answer>> => inFlight(app, ask)

/** Connections that have had an answer and are kept open. */
async function idleConnections(app: ServerProcess, count: number): Promise<Agent> {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: app.port, path: '/healthz', agent }, (res) =>
        res.resume().on('end', resolve),
      ).on('error', reject)
    })
  await Promise.all(Array.from({ length: count }, one))
  return agent
}

/** Sends requests as a proxy does: one after the other on one connection, which it keeps. */
const askBy =
  (agent: Agent) =>
  (app: ServerProcess, path: string, jar = new Jar()): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { ...NAVIGATION, cookie: jar.header }
      get({ host: 'localhost', port: app.port, path, headers, agent }, (answer) =>
        answer.resume().on('end', () => resolve(answer)),
      ).on('error', reject)
    })

/** Makes `/healthz?slow` send its headers at once, and its body a second later. */
const slowBody = `
  import { ServerResponse } from 'node:http'
  const { end } = ServerResponse.prototype
  ServerResponse.prototype.end = function (...body) {
    if (this.req.url !== '/healthz?slow') return end.apply(this, body)
    this.flushHeaders()
    setTimeout(() => end.apply(this, body), 1000)
    return this
  }`

const accepts = (app: ServerProcess): Promise<boolean> =>
  new Promise((resolve) => {
    const socket: Socket = connect(app.port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'RE-10 P-15 %s: a callback in flight ends with its session, idle connections hold nothing up, exit 0',
    async (signal) => {
      const app = await start()
      const agent = await idleConnections(app, 5)
      const { answer, jar, release } = await callbackInFlight(app)
      app.signal(signal)
      await until(async () => ((await accepts(app)) ? undefined : true))
      expect(app.child.exitCode).toBeNull()
      release()
      expect(await answer).toMatchObject({ status: 303, location: '/hello' })
      expect(jar.get('latchkey')).toMatch(/^s:.{32}/)
      const released = performance.now()
      expect(await app.exit).toEqual({ code: 0, signal: null })
      expect(performance.now() - released).toBeLessThan(2000)
      expect(app.log.map(({ code }) => code)).toEqual(['listening', 'shutdown', 'login'])
      agent.destroy()
    },
  )

  test('RE-10 P-15 with nothing in flight it ends at once', async () => {
    const app = await start()
    const agent = await idleConnections(app, 5)
    const begun = performance.now()
    app.signal('SIGTERM')
    expect(await app.exit).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(1500)
    agent.destroy()
  })

  test('RE-10 P-15 a connection that a proxy keeps: the answer in flight is its last', async () => {
    const app = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { answer, release } = await inFlight(app, askBy(agent))
    app.signal('SIGTERM')
    await until(() => (app.stdout.includes('"code":"shutdown"') ? true : undefined))
    const further = Promise.allSettled(Array.from({ length: 5 }, () => askBy(agent)(app, '/healthz')))
    release()
    expect(await answer).toMatchObject({ statusCode: 303, headers: { connection: 'close' } })
    const released = performance.now()
    expect(await app.exit).toEqual({ code: 0, signal: null })
    expect(performance.now() - released).toBeLessThan(2000)
    expect((await further).map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    expect(app.log.map(({ code }) => code)).not.toContain('shutdown_forced')
    agent.destroy()
  })

  test('RE-10 P-15 an answer whose headers are sent: it is completed, then the connection is closed', async () => {
    const app = await start({}, ['--import', `data:text/javascript,${encodeURIComponent(slowBody)}`])
    const begun = performance.now()
    const said = await new Promise((resolve) => {
      let text = ''
      const socket = connect(app.port, '127.0.0.1', () =>
        socket.write('GET /healthz?slow HTTP/1.1\r\nHost: x\r\n\r\n'),
      )
      socket.once('data', () => app.signal('SIGTERM'))
      socket.on('data', (chunk) => (text += chunk.toString())).on('close', () => resolve(text))
    })
    expect(said).toMatch(/^HTTP\/1\.1 200 [^]*\r\nConnection: keep-alive\r\n[^]*\r\n\r\nok\n$/)
    expect(await app.exit).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(3000)
  })

  test.each([
    ['nothing', ''],
    ['half of its headers', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ])('RE-10 P-15 a connection that has sent %s holds nothing up', async (_name, bytes) => {
    const app = await start()
    const socket = connect(app.port, '127.0.0.1', () => socket.write(bytes))
    const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
    await ask(app, '/healthz')
    const begun = performance.now()
    app.signal('SIGTERM')
    expect(await app.exit).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeLessThan(1500)
    await closed
  })

  test('RE-10 P-15 a second signal ends it at once', async () => {
    const app = await start({ SHUTDOWN_GRACE: '60', UPSTREAM_TIMEOUT: '60' })
    const { answer } = await callbackInFlight(app)
    app.signal('SIGTERM')
    await until(() => (app.stdout.includes('"code":"shutdown"') ? true : undefined))
    const begun = performance.now()
    app.signal('SIGTERM')
    expect(await app.exit).toEqual({ code: 1, signal: null })
    expect(performance.now() - begun).toBeLessThan(1500)
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('RE-10 P-15 the end of SHUTDOWN_GRACE ends it, and the log says so', async () => {
    const app = await start({ SHUTDOWN_GRACE: '1', UPSTREAM_TIMEOUT: '60' })
    await callbackInFlight(app)
    const begun = performance.now()
    app.signal('SIGTERM')
    expect(await app.exit).toEqual({ code: 1, signal: null })
    expect(performance.now() - begun).toBeGreaterThan(900)
    expect(performance.now() - begun).toBeLessThan(3000)
    expect(app.log.at(-1)).toMatchObject({ code: 'shutdown_forced', level: 'warn' })
  })
})

describe('errors outside any request', () => {
  test.each([
    ['an exception', 'throw new RangeError("BOOM")'],
    ['a rejection', 'Promise.reject(new RangeError("BOOM"))'],
  ])('P-19 %s is logged and ends the process with exit 1', async (_name, statement) => {
    const bug = `process.on('SIGUSR2', () => { ${statement} })`
    const app = await start({}, ['--import', `data:text/javascript,${encodeURIComponent(bug)}`])
    app.signal('SIGUSR2')
    expect(await app.exit).toEqual({ code: 1, signal: null })
    expect(app.log.at(-1)).toMatchObject({
      code: 'internal_error',
      level: 'error',
      reason: 'RangeError: BOOM',
    })
    expect(app.stderr).toBe('')
  })
})
