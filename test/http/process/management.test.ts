import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Agent, get } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Jar } from '../../support/browser-jar.js'
import { INVENTED, inventedWord, inventions, sendAll, type Invented } from '../../support/inventions.js'
import { labelsOf, seriesIn, valuesIn } from '../../support/metrics-text.js'
import { recordTokens, tokenTexts } from '../../support/recorder.js'
import { CLIENT_SECRET, json, ScriptedProvider } from '../../support/scripted-provider.js'
import { send, type Answer } from '../../support/send.js'
import { BUILD_TIMEOUT, buildServer, goodSettings, ServerProcess } from '../../support/server-process.js'
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

/** The app with a management port, and how to ask there. */
interface Started {
  readonly app: ServerProcess
  readonly port: number
  readonly ask: (path: string, hostname?: string) => Promise<Answer>
}

async function start(env: Record<string, string> = {}): Promise<Started> {
  const app = await ServerProcess.start(provider, {
    env: { MANAGEMENT_PORT: '0', UPSTREAM_TIMEOUT: '3', ...env },
  })
  server = app
  const port = Number(app.log.find(({ code }) => code === 'listening')?.['management_port'])
  const ask = (path: string, hostname = 'localhost'): Promise<Answer> => send({ hostname, port }, path)
  return { app, port, ask }
}

const visit = ({ port }: ServerProcess, path: string, jar?: Jar): Promise<Answer> =>
  send({ hostname: 'localhost', port }, path, { headers: { ...NAVIGATION }, ...(jar && { jar }) })

const begin = async (app: ServerProcess, jar: Jar): Promise<URL> =>
  new URL((await visit(app, '/login', jar)).location ?? '')

async function signIn(app: ServerProcess, jar: Jar, person = newPerson()): Promise<void> {
  const callback = provider.approve((await begin(app, jar)).href, person)
  expect((await visit(app, callback.pathname + callback.search, jar)).status).toBe(303)
}

/** A login that the provider refuses in the browser, and one that it refuses at its token endpoint, in such words. */
async function refusedSignIn(app: ServerProcess, error: string): Promise<void> {
  const jar = new Jar()
  const state = (await begin(app, jar)).searchParams.get('state') ?? ''
  const iss = encodeURIComponent(provider.issuer)
  await visit(app, `/authorize?error=${error}&error_description=${error}&state=${state}&iss=${iss}`, jar)
  provider.answers.token = (_call, res) => json(res, 400, { error, error_description: error })
  const callback = provider.approve((await begin(app, jar)).href, newPerson())
  await visit(app, callback.pathname + callback.search, jar)
  delete provider.answers.token
}

/** The series of a scrape. How the collector of garbage went about it so far is its own affair. */
const stable = (text: string): string[] => seriesIn(text).filter((series) => !series.startsWith('nodejs_gc_'))

describe('metrics', () => {
  test('AC-05 the public port has none, whoever asks', async () => {
    const { app } = await start()
    for (const path of ['/metrics', '/metrics/', '/METRICS', '//metrics', '/metrics?x']) {
      const answer = await send({ hostname: '127.0.0.1', port: app.port }, path)
      expect([path, answer.status]).toEqual([path, 404])
      expect(answer.body).not.toContain('process_cpu')
    }
    const forwarded = {
      'x-forwarded-port': '9090',
      'x-original-url': '/metrics',
      'x-rewrite-url': '/metrics',
    }
    const answer = await send({ hostname: '127.0.0.1', port: app.port }, '/', { headers: forwarded })
    expect(answer.body).not.toContain('process_cpu')
  })

  test('AC-05 ten thousand invented requests make no series more, and every label is a word of ours', async () => {
    const { app, ask } = await start()
    await signIn(app, new Jar())
    const kinds = await inventions(provider)
    const invent = (first: number, count: number): Invented[] =>
      Array.from({ length: count }, (_, index) => {
        const kind = kinds[index % kinds.length]
        if (kind === undefined) throw new Error('there is no way to invent')
        return kind(inventedWord(first + index), index)
      })
    // Once each, so that every outcome has been there that there is.
    await sendAll(app.port, invent(0, kinds.length))
    await refusedSignIn(app, inventedWord(50))
    const before = stable((await ask('/metrics')).body)
    expect(await sendAll(app.port, invent(100, 10_000))).toBe(10_000)
    for (let number = 0; number < 100; number++) await refusedSignIn(app, inventedWord(20_000 + number))
    expect((await send({ hostname: 'localhost', port: app.port }, '/', { method: 'INVENTED' })).status).toBe(
      400,
    )
    const { body } = await ask('/metrics')
    expect(stable(body)).toEqual(before)
    expect(body.toLowerCase()).not.toContain(INVENTED)
    const ours = stable(body).filter((series) => series.startsWith('latchkey_'))
    expect(ours.length).toBeGreaterThan(50)
    const values = ours.flatMap(labelsOf).filter(([name]) => !['le', 'version'].includes(name))
    expect(values.filter(([, value]) => !/^[a-z_]{1,40}$/.test(value))).toEqual([])
  }, 60_000)

  test('AC-05 names nobody: no person, credential, address or text of another side', async () => {
    const { app, ask } = await start()
    const tokens = recordTokens(provider)
    const [jar, person] = [new Jar(), newPerson()]
    await signIn(app, jar, person)
    expect((await visit(app, '/hello', jar)).body).toContain(String(person['name']))
    provider.answers.token = (_call, res) => json(res, 400, { error: 'the_words_of_keycloak' })
    const request = await begin(app, jar)
    const callback = provider.approve(request.href, person)
    expect((await visit(app, callback.pathname + callback.search, jar)).status).toBe(502)
    const { body } = await ask('/metrics')
    const parameters = [...callback.searchParams.values(), ...request.searchParams.values()]
    const secrets = [
      ...Object.values(person).map(String),
      ...tokenTexts(tokens),
      ...parameters.filter((value) => value.length > 6 && value !== 'openid profile email'),
      CLIENT_SECRET,
      goodSettings(provider.issuer)['SESSION_SECRETS'] ?? '',
      jar.get('latchkey') ?? '',
      provider.issuer,
      new URL(provider.origin).host,
      provider.key.kid,
      'the_words_of_keycloak',
    ]
    expect(secrets.length).toBeGreaterThan(20)
    for (const secret of secrets) {
      expect(secret).not.toBe('')
      expect(body).not.toContain(secret)
    }
    expect(valuesIn(body)).toMatchObject({
      'latchkey_upstream_request_duration_seconds_count{endpoint="token",outcome="ok"}': 1,
      'latchkey_upstream_request_duration_seconds_count{endpoint="token",outcome="client_error"}': 1,
      'latchkey_dependency_up{dependency="provider"}': 1,
    })
  })

  test('AC-05 with the provider away, readiness and metrics say that it is down, and not why', async () => {
    const { ask } = await start({ OIDC_ISSUER: 'http://127.0.0.1:1/realms/demo' })
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    const ready = await ask('/readyz')
    expect(ready.status).toBe(503)
    expect(ready.body.split('\n').filter((line) => !line.endsWith(': ok'))).toEqual(['provider: down', ''])
    const { body } = await ask('/metrics')
    expect(valuesIn(body)).toMatchObject({ 'latchkey_dependency_up{dependency="provider"}': 0 })
    expect(body).toContain('{endpoint="discovery",outcome="unavailable"}')
    expect(body).not.toMatch(/ECONN|127\.0\.0\.1|fetch failed|Error/)
  })
})

/** Counts the ports that a process opens, on its standard error. */
const COUNTING = `
  import { Server } from 'node:net'
  const { listen } = Server.prototype
  Server.prototype.listen = function (...how) {
    process.stderr.write('a port is opened\\n')
    return listen.apply(this, how)
  }`

describe('MANAGEMENT_PORT', () => {
  let taken: Server | undefined
  afterEach(() => void taken?.close())

  test.each([
    ['without it one port is opened', {}, 1],
    ['with it two are', { MANAGEMENT_PORT: '0' }, 2],
  ])('%s', async (_name, env, count) => {
    const node = ['--import', `data:text/javascript,${encodeURIComponent(COUNTING)}`]
    server = await ServerProcess.start(provider, { env: { HOST: '127.0.0.1', ...env }, node })
    expect(server.stderr.match(/a port is opened/g)).toHaveLength(count)
    expect(Object.keys(server.log.at(-1) ?? {}).includes('management_port')).toBe(count === 2)
  })

  test('a port that is taken: exit 1, and it says which setting to change', async () => {
    taken = createServer()
    await new Promise<void>((resolve) => taken?.listen(0, '127.0.0.1', resolve))
    server = ServerProcess.run({
      ...goodSettings(provider.issuer),
      PORT: '0',
      PUBLIC_URL: 'http://localhost:3000',
      HOST: '127.0.0.1',
      MANAGEMENT_PORT: String((taken.address() as AddressInfo).port),
    })
    expect(await server.exit).toEqual({ code: 1, signal: null })
    expect(server.stderr).toBe('Latchkey cannot start: MANAGEMENT_PORT is taken by another process\n')
    expect(server.stdout).not.toContain('"code":"listening"')
  })

  test('HOST=localhost: the one port on both loopback addresses, and on no other', async () => {
    const { ask } = await start()
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const answers = (host: string): Promise<boolean> =>
      ask('/healthz', host).then(
        ({ status }) => status === 200,
        () => false,
      )
    expect(await answers('127.0.0.1')).toBe(true)
    expect(await answers('::1')).toBe(addresses.some(({ address }) => address === '::1'))
    for (const { address } of addresses.filter(({ internal, family }) => !internal && family === 'IPv4'))
      expect(await answers(address)).toBe(false)
  })

  test('RE-10 P-15 SIGTERM: it tells that the process ends until requests in flight have ended', async () => {
    const { app, port, ask } = await start()
    let release = (): void => undefined
    provider.onIdToken = async (draft) => {
      await new Promise<void>((resolve) => (release = resolve))
      return draft
    }
    const signingIn = signIn(app, new Jar())
    await until(() => (provider.count('token') > 0 ? true : undefined))
    const idle = new Agent({ keepAlive: true })
    await keepConnection(idle, port)
    app.signal('SIGTERM')
    await until(() =>
      visit(app, '/healthz').then(
        () => undefined,
        () => true,
      ),
    )
    expect(await ask('/healthz')).toMatchObject({ status: 200 })
    const ready = await ask('/readyz')
    expect([ready.status, ready.body.split('\n').at(-2)]).toEqual([503, 'process: shutting down'])
    expect((await ask('/metrics')).status).toBe(200)
    release()
    await signingIn
    const released = performance.now()
    expect(await app.exit).toEqual({ code: 0, signal: null })
    expect(performance.now() - released).toBeLessThan(2000)
    await expect(send({ hostname: '127.0.0.1', port }, '/healthz')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    idle.destroy()
  })
})

/** Asks over a connection that is then kept, as Prometheus does. */
const keepConnection = (agent: Agent, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ host: 'localhost', port, path: '/healthz', agent }, (answer) =>
      answer.resume().on('end', resolve),
    ).on('error', reject)
  })
