import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { Clicks, outcome } from '../support/clicks.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { ManyProcesses, untilTime } from '../support/many-processes.js'
import { tokenOf } from '../support/real-keycloak.js'
import { RedisServer } from '../support/redis-server.js'
import type { Answer } from '../support/send.js'
import type { ServerProcess } from '../support/server-process.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'

jest.setTimeout(90_000)

/** Milliseconds, all of them; what an operator may count on. */
const ANSWER = 2000
const RETURN = 5000
/** What a command that was under way when Redis went may take to notice. */
const NOTICE = 100

const PEOPLE = ['alice', 'bob', 'carol']

let realm: TestRealm
let token: string

beforeAll(async () => {
  realm = await TestRealm.create('store-outage')
  token = (await tokenOf('alice', 'latchkey-public', {}, realm.issuer)).access_token
})
afterAll(() => realm.remove())

describe('Redis goes and comes back while people click', () => {
  let redis: RedisServer
  let servers: ManyProcesses
  let jars: Map<string, Jar>
  let clicks: Clicks

  beforeAll(async () => {
    redis = await RedisServer.start({ persistent: true })
    servers = await ManyProcesses.start({ issuer: realm.issuer, redisUrl: redis.url, each: [{}, {}] })
  })
  afterAll(async () => {
    await servers.stop()
    await redis.stop()
  })
  beforeEach(async () => {
    jars = new Map()
    for (const person of PEOPLE) {
      const jar = new Jar()
      await servers.signIn(servers.all[0] as ServerProcess, jar, { person })
      jars.set(person, jar)
    }
    clicks = new Clicks(whatPeopleDo())
    await until(() => (Clicks.kinds(clicks.all).length > 0 && clicks.all.length > 30 ? true : undefined))
    expect(Clicks.kinds(clicks.all)).toEqual(['200'])
  })
  afterEach(() => clicks.stop())

  /** Everybody at every process. */
  function whatPeopleDo(): Record<string, () => Promise<Answer>> {
    const kinds: Record<string, () => Promise<Answer>> = {}
    for (const [index, server] of servers.all.entries()) {
      for (const [person, jar] of jars) {
        kinds[`page ${person} ${index}`] = () => servers.navigate(server, '/hello', jar)
        kinds[`script ${person} ${index}`] = () => servers.ask(server, '/api/whoami', jar)
      }
      const [alice = new Jar()] = jars.values()
      kinds[`open start page of a person ${index}`] = () => servers.navigate(server, '/', alice)
      kinds[`open start page ${index}`] = () => servers.navigate(server, '/', new Jar())
      kinds[`open health ${index}`] = () => servers.send(server, '/healthz')
      kinds[`open bearer ${index}`] = () =>
        servers.send(server, '/secure-data', { headers: { authorization: `Bearer ${token}` } })
    }
    return kinds
  }

  const needSession = (from: number, to = Infinity) => [
    ...clicks.between(from, to, 'page'),
    ...clicks.between(from, to, 'script'),
  ]

  /** What holds while Redis is away, and that everybody is back soon after it is. */
  async function expectOutage(name: string, wentAt: number, bringBack: () => unknown): Promise<void> {
    // Between the two moments it may be back already: whoever started it hears that a little later.
    const awayUntil = Date.now()
    await bringBack()
    const backAt = Date.now()
    const served = await until(() => {
      const last = new Map(clicks.all.map((click) => [click.kind, click]))
      const since = clicks.between(backAt, Infinity)
      const all = [...last.values()].every((click) => click.at > backAt && outcome(click) === '200')
      return all && since.length > 0 ? Date.now() : undefined
    }, RETURN)
    await untilTime(served + 1000)
    await clicks.stop()
    // What waits for an answer when it comes back gets one.
    const during = needSession(wentAt + NOTICE, awayUntil).filter(({ at, took }) => at + took < awayUntil)
    expect(Clicks.kinds(during)).toEqual(['503 retry'])
    expect(Clicks.kinds(needSession(served))).toEqual(['200'])
    // Nobody is signed out, then or later.
    expect(Clicks.kinds(needSession(0))).toEqual(['200', '503 retry'])
    expect(Clicks.kinds(clicks.between(0, Infinity, 'open'))).toEqual(['200'])
    const waited = {
      session: Clicks.slowest(during),
      open: Clicks.slowest(clicks.between(0, Infinity, 'open')),
    }
    expect(Math.max(waited.session, waited.open)).toBeLessThan(ANSWER)
    for (const [person, jar] of jars) {
      for (const server of servers.all)
        expect((await servers.ask(server, '/session', jar)).json()).toMatchObject({ username: person })
    }
    const away = awayUntil - wentAt
    report({
      [name]: { away, waited, backAfter: served - backAt, refused: during.length, clicks: clicks.all.length },
    })
  }

  test('P-12 P-13 RE-08 stopped and started: 503 within two seconds, what needs no session goes on, all back within five', async () => {
    await redis.kill()
    const wentAt = Date.now()
    await untilTime(wentAt + 4000)
    expect((await servers.send(servers.all[0] as ServerProcess, '/readyz')).body).toContain('store: down')
    await expectOutage('stopped', wentAt, () => redis.restart())
  })

  test('P-12 P-13 paused for ten seconds: the same', async () => {
    redis.pause()
    const wentAt = Date.now()
    await untilTime(wentAt + 10_000)
    await expectOutage('paused', wentAt, () => redis.resume())
  })

  test('ST-04 flushed: everybody signs in again, cleanly; no session comes back', async () => {
    const [server, other] = servers.all as [ServerProcess, ServerProcess]
    const visitorJar = new Jar()
    const begun = await servers.navigate(server, '/login', visitorJar)
    const flushedAt = Date.now()
    await redis.flush()
    const doneAt = Date.now()
    await until(() => (needSession(doneAt).length > 50 ? true : undefined))
    await clicks.stop()
    expect(Clicks.kinds(clicks.between(doneAt, Infinity, 'page'))).toEqual(['302 /login'])
    expect(Clicks.kinds(clicks.between(doneAt, Infinity, 'script'))).toEqual(['401'])
    expect(Clicks.kinds(clicks.between(0, Infinity, 'open'))).toEqual(['200'])
    expect(Clicks.kinds(needSession(flushedAt - 1000, doneAt))).not.toContain('503 retry')
    // A login that had begun is not finished, and says so; the next one is.
    const state = new URL(begun.location ?? '').searchParams.get('state') ?? ''
    const callback = await servers.navigate(server, `/authorize?state=${state}&code=x`, visitorJar)
    expect(callback.status).toBe(400)
    for (const [person, jar] of jars) {
      expect((await servers.signIn(server, jar, { person })).status).toBe(303)
      expect((await servers.ask(other, '/session', jar)).json()).toMatchObject({ username: person })
    }
  })
})

describe('Redis away from the start, or slow', () => {
  test('P-11 P-13 RE-07 the process starts without it, serves what it can, and heals', async () => {
    const redis = await RedisServer.start()
    await redis.kill()
    const servers = await ManyProcesses.start({
      issuer: realm.issuer,
      redisUrl: redis.url,
      each: [{}],
      untilReady: false,
    })
    const [server] = servers.all as [ServerProcess]
    const login = (): Promise<Answer> => servers.navigate(server, '/login', new Jar())
    try {
      expect((await servers.send(server, '/healthz')).status).toBe(200)
      expect(await servers.send(server, '/readyz')).toMatchObject({
        status: 503,
        body: expect.stringContaining('store: down'),
      })
      const begun = performance.now()
      expect(outcome({ answer: await login() })).toBe('503 retry')
      expect(performance.now() - begun).toBeLessThan(ANSWER)
      const bearer = { headers: { authorization: `Bearer ${token}` } }
      expect((await servers.send(server, '/secure-data', bearer)).status).toBe(200)
      expect((await servers.navigate(server, '/', new Jar())).status).toBe(200)
      await redis.restart()
      const back = Date.now()
      await until(async () => ((await login()).status === 302 ? true : undefined), RETURN)
      report({ awayFromTheStart: { backAfter: Date.now() - back } })
      const jar = new Jar()
      expect((await servers.signIn(server, jar, { person: 'alice' })).status).toBe(303)
      expect((await servers.navigate(server, '/hello', jar)).status).toBe(200)
    } finally {
      await servers.stop()
      await redis.stop()
    }
  })

  test('P-14 RE-09 every reply half a second late: a login is slower, and the page after it knows the person', async () => {
    const redis = await RedisServer.start()
    const network = await TcpProxy.start(redis.port)
    const redisUrl = `redis://127.0.0.1:${network.port}`
    const servers = await ManyProcesses.start({ issuer: realm.issuer, redisUrl, each: [{}, {}] })
    const [server, other] = servers.all as [ServerProcess, ServerProcess]
    try {
      network.delay = 500
      const jar = new Jar()
      const begun = performance.now()
      const answer = await servers.signIn(server, jar, { person: 'alice' })
      expect([answer.status, answer.location]).toEqual([303, '/hello'])
      // At once, at the other process.
      const page = await servers.navigate(other, '/hello', jar)
      expect(page.status).toBe(200)
      expect(page.body).toContain('Hello, Alice')
      report({ slow: { login: Math.round(performance.now() - begun) } })
    } finally {
      await servers.stop()
      await network.close()
      await redis.stop()
    }
  })
})

function report(measured: object): void {
  process.stderr.write(`store outage: ${JSON.stringify(measured)}\n`)
}
