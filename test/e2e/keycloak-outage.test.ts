import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { Clicks, outcome, type Click } from '../support/clicks.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { ManyProcesses, untilTime } from '../support/many-processes.js'
import { realKeycloak, tokenOf } from '../support/real-keycloak.js'
import { RedisServer } from '../support/redis-server.js'
import type { Answer } from '../support/send.js'
import type { ServerProcess } from '../support/server-process.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'

jest.setTimeout(120_000)

/** Seconds; the tokens are due at half of it. */
const LIFE = 10
const UPSTREAM_TIMEOUT = 2
/** Milliseconds, all of them. */
const OUTAGE = 20_000
const RETURN = 5000
/** What an answer may take beside the one call to Keycloak that it waits for. */
const OWN = 1000

const PEOPLE = ['alice', 'bob', 'carol']

/** Two processes; people sign in there directly, and from there on Keycloak is reached through a network that fails. */
describe('Keycloak out of reach while people click', () => {
  let realm: TestRealm
  let redis: RedisServer
  let network: TcpProxy
  let servers: ManyProcesses
  let token: string
  let jars: Map<string, Jar>
  let clicks: Clicks

  beforeAll(async () => {
    redis = await RedisServer.start()
    network = await TcpProxy.start(Number(new URL(realKeycloak().url).port))
    realm = await TestRealm.create('keycloak-outage', {
      settings: { ACCESS_TOKEN_LIFESPAN: String(LIFE) },
      change({ clients }) {
        const api = clients.find(({ clientId }) => clientId === 'latchkey-public')
        Object.assign(api?.attributes ?? {}, { 'access.token.lifespan': '600' })
      },
    })
    servers = await ManyProcesses.start({
      issuer: realm.issuer,
      redisUrl: redis.url,
      env: {
        OIDC_INTERNAL_URL: `http://127.0.0.1:${network.port}`,
        UPSTREAM_TIMEOUT: String(UPSTREAM_TIMEOUT),
      },
      each: [{}, {}],
    })
    token = (await tokenOf('alice', 'latchkey-public', {}, realm.issuer)).access_token
  })
  afterAll(async () => {
    await servers.stop()
    await network.close()
    await redis.stop()
    await realm.remove()
  })
  beforeEach(async () => {
    jars = new Map()
    for (const person of PEOPLE) {
      const jar = new Jar()
      await servers.signIn(servers.all[0] as ServerProcess, jar, { person })
      jars.set(person, jar)
    }
    const renewedBefore = servers.logged('refresh').length
    clicks = new Clicks(whatPeopleDo())
    // Everybody's tokens have been renewed once while all was well.
    await until(() => servers.logged('refresh').length >= renewedBefore + PEOPLE.length || undefined)
    expect(Clicks.kinds(clicks.all)).toEqual(['200'])
  })
  afterEach(async () => {
    network.mode = 'pass'
    await clicks.stop()
  })

  function whatPeopleDo(): Record<string, () => Promise<Answer>> {
    const kinds: Record<string, () => Promise<Answer>> = {}
    for (const [index, server] of servers.all.entries()) {
      for (const [person, jar] of jars) {
        kinds[`session page ${person} ${index}`] = () => servers.navigate(server, '/hello', jar)
        kinds[`session script ${person} ${index}`] = () => servers.ask(server, '/api/whoami', jar)
      }
      kinds[`open start page ${index}`] = () => servers.navigate(server, '/', new Jar())
      kinds[`open health ${index}`] = () => servers.send(server, '/healthz')
      kinds[`open bearer ${index}`] = () =>
        servers.send(server, '/secure-data', { headers: { authorization: `Bearer ${token}` } })
    }
    return kinds
  }

  const isServed = (click: Click): boolean => outcome(click) === '200'
  const lastOfEach = (): readonly Click[] => [
    ...new Map(clicks.between(0, Infinity, 'session').map((click) => [click.kind, click])).values(),
  ]
  const endedFor = (): number => servers.logged('session_ended').length
  const refusedRefreshes = async (): Promise<number> => (await realm.events('REFRESH_TOKEN_ERROR')).length

  test.each([
    ['refuses every connection', 'refuse'],
    ['says nothing', 'silent'],
  ] as const)(
    'P-3 P-4 P-2 RF-02 it %s for twenty seconds: pages while the token lasts, then 503, back within five seconds',
    async (_what, mode) => {
      const [endedBefore, refusedBefore] = [endedFor(), await refusedRefreshes()]
      const wentAt = Date.now()
      network.mode = mode
      await untilTime(wentAt + OUTAGE)
      // What was sent into the silence is lost.
      network.mode = 'refuse'
      const backAt = Date.now()
      network.mode = 'pass'
      await until(
        () => lastOfEach().every((click) => click.at > backAt && isServed(click)) || undefined,
        RETURN,
      )
      const served = Date.now()
      // Everybody's tokens are renewed once more.
      await untilTime(served + LIFE * 500 + OWN)
      await clicks.stop()

      const session = clicks.between(0, Infinity, 'session')
      expect(Clicks.kinds(session)).toEqual(['200', '503 retry'])
      const refused = session.filter((click) => !isServed(click))
      // The tokens were good for half their life at least.
      const firstRefused = Math.round(Math.min(...refused.map(({ at, took }) => at + took)) - wentAt)
      expect(firstRefused).toBeGreaterThan(LIFE * 500 - OWN)
      // Then nobody was served until it was back.
      const over = clicks
        .between(wentAt + LIFE * 1000, backAt, 'session')
        .filter(({ at, took }) => at + took < backAt)
      expect(Clicks.kinds(over)).toEqual(['503 retry'])
      expect(Clicks.kinds(clicks.between(served, Infinity, 'session'))).toEqual(['200'])
      // What needs no session does not notice.
      const open = clicks.between(0, Infinity, 'open')
      expect(Clicks.kinds(open)).toEqual(['200'])
      expect(Clicks.slowest(open)).toBeLessThan(OWN)
      const slowest = Clicks.slowest(session)
      expect(slowest).toBeLessThan(UPSTREAM_TIMEOUT * 1000 + OWN)
      expect([endedFor() - endedBefore, (await refusedRefreshes()) - refusedBefore]).toEqual([0, 0])
      report(mode, {
        firstRefused,
        refused: refused.length,
        clicks: clicks.all.length,
        slowest,
        backAfter: served - backAt,
      })
    },
  )

  test('P-16 RF-02 what was sent into the silence arrives after all: at worst one clean new login', async () => {
    const wentAt = Date.now()
    network.mode = 'silent'
    await untilTime(wentAt + LIFE * 1000)
    const backAt = Date.now()
    network.mode = 'pass'
    await untilTime(backAt + RETURN)
    await clicks.stop()
    const session = clicks.between(0, Infinity, 'session')
    expect(['200', '302 /login', '401', '503 retry']).toEqual(
      expect.arrayContaining([...Clicks.kinds(session)]),
    )
    // Within five seconds everybody is either served, or asked to sign in; and can.
    const settled = clicks.between(backAt + RETURN - 1000, Infinity, 'session')
    expect(Clicks.kinds(settled)).not.toContain('503 retry')
    const signedOut = new Set(
      settled.filter((click) => !isServed(click)).map(({ kind }) => kind.split(' ')[2]),
    )
    for (const [person, jar] of jars) {
      const server = servers.all[1] as ServerProcess
      if (signedOut.has(person)) expect((await servers.signIn(server, jar, { person })).status).toBe(303)
      expect((await servers.ask(server, '/session', jar)).json()).toMatchObject({ username: person })
    }
    report('late', { signedOut: [...signedOut], of: PEOPLE.length })
  })
})

function report(what: string, measured: object): void {
  process.stderr.write(`keycloak outage: ${JSON.stringify({ [what]: measured })}\n`)
}
