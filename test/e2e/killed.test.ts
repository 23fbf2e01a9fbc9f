import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { ManyProcesses, untilTime } from '../support/many-processes.js'
import { realKeycloak } from '../support/real-keycloak.js'
import { RedisServer } from '../support/redis-server.js'
import type { ServerProcess } from '../support/server-process.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'

jest.setTimeout(60_000)

/** Seconds; the tokens are due at half of it. */
const LIFE = 6
const FOR_EVER = 3_600_000

/** One process dies by SIGKILL while it renews the tokens of a session; what the other makes of the session. */
describe('a process killed between taking the lock and storing the result', () => {
  let realm: TestRealm
  let redis: RedisServer
  let servers: ManyProcesses
  let survivor: ServerProcess
  let victim: ServerProcess
  /** The victim's networks. */
  let toKeycloak: TcpProxy
  let toRedis: TcpProxy
  let person: string
  let id: string
  let jar: Jar
  let visitor: KeycloakVisitor
  let count = 0

  beforeAll(async () => {
    redis = await RedisServer.start()
    realm = await TestRealm.create('killed', { settings: { ACCESS_TOKEN_LIFESPAN: String(LIFE) } })
    const { issuer } = realm
    servers = await ManyProcesses.start({ issuer, redisUrl: redis.url, each: [{}] })
    survivor = servers.all[0] as ServerProcess
  })
  afterAll(async () => {
    await servers.stop()
    await redis.stop()
    await realm.remove()
  })
  beforeEach(async () => {
    await redis.flush()
    toKeycloak = await TcpProxy.start(Number(new URL(realKeycloak().url).port))
    toRedis = await TcpProxy.start(redis.port)
    victim = await servers.add({
      OIDC_INTERNAL_URL: `http://127.0.0.1:${toKeycloak.port}`,
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      UPSTREAM_TIMEOUT: '60',
    })
    person = `person-${++count}`
    id = await realm.addPerson(person)
    ;[jar, visitor] = [new Jar(), new KeycloakVisitor()]
    // What the victim must ask before it can renew anything.
    expect((await servers.navigate(victim, '/login', new Jar())).status).toBe(302)
    await servers.signIn(survivor, jar, { person, visitor })
    await untilTime(Date.now() + LIFE * 500)
  })
  afterEach(async () => {
    await victim.stop()
    await toKeycloak.close()
    await toRedis.close()
  })

  const lock = async (): Promise<string | undefined> => {
    const [key] = (await redis.keys()).filter((name) => name.includes(':lock:'))
    return key === undefined ? undefined : String(await redis.command('GET', key))
  }

  /** The victim has the lock and has read the session: the lease is renewed for the first time long after that. */
  async function untilRenewing(): Promise<void> {
    const taken = await until(lock)
    await until(async () => {
      const now = await lock()
      return (now !== undefined && now !== taken) || undefined
    })
  }

  /** Has the victim renew the session, and kills it when that has come so far. */
  async function killWhen(soFar: () => Promise<unknown>): Promise<void> {
    const request = servers.navigate(victim, '/hello', jar.copy()).then(
      ({ status }) => status,
      () => 'broken off',
    )
    await soFar()
    victim.signal('SIGKILL')
    expect(await request).toBe('broken off')
    await victim.exit
    expect(await lock()).toBeDefined()
  }

  const refreshes = async (): ReturnType<TestRealm['refreshesOf']> => realm.refreshesOf(id)
  const keycloakRenewed = (): Promise<true> =>
    until(async () => ((await refreshes()).granted === 1 ? true : undefined))
  const ended = (): number => servers.logged('session_ended').length

  async function expectOneNewLogin(): Promise<void> {
    const before = ended()
    const old = jar.copy()
    const answer = await servers.navigate(survivor, '/account?tab=1', jar)
    expect([answer.status, answer.location]).toEqual([302, '/login?return_to=%2Faccount%3Ftab%3D1'])
    expect(ended() - before).toBe(1)
    expect(servers.logged('session_ended').at(-1)).toMatchObject({
      sub: id,
      reason: expect.stringContaining('refresh_refused'),
    })
    const script = await servers.ask(survivor, '/api/whoami', old)
    expect([script.status, script.location]).toEqual([401, undefined])

    // Keycloak still knows the browser: it asks for nothing.
    const request = await servers.navigate(survivor, answer.location ?? '', jar)
    const callback = await visitor.open(request.location ?? '')
    expect(callback).toBeInstanceOf(URL)
    const { pathname, search } = callback as URL
    const back = await servers.navigate(survivor, pathname + search, jar, { 'sec-fetch-site': 'cross-site' })
    expect([back.status, back.location]).toEqual([303, '/account?tab=1'])
    expect((await servers.navigate(survivor, '/account?tab=1', jar)).status).toBe(200)
    expect(ended() - before).toBe(1)
    expect(await refreshes()).toEqual({ granted: 1, refused: 1 })
    // After it everything is as usual.
    await untilTime(Date.now() + LIFE * 500)
    expect((await servers.ask(survivor, '/api/whoami', jar)).status).toBe(200)
    expect(await refreshes()).toEqual({ granted: 2, refused: 1 })
  }

  test.each([
    ['while the access token is good', 0],
    ['when the access token is over', LIFE * 500],
  ])(
    'P-16 RF-01 Keycloak never got the call, %s: the next request renews, and is answered 200',
    async (_when, later) => {
      toKeycloak.mode = 'silent'
      await untilTime(Date.now() + later)
      await killWhen(untilRenewing)
      await toKeycloak.close()
      const killed = performance.now()
      const answer = await servers.ask(survivor, '/api/whoami', jar)
      expect(answer.status).toBe(200)
      // The lease of the dead is 3 s.
      expect(performance.now() - killed).toBeLessThan(5000)
      expect(await refreshes()).toEqual({ granted: 1, refused: 0 })
      expect((await servers.navigate(survivor, '/hello', jar)).status).toBe(200)
    },
  )

  test('P-16 RF-02 the answer died with the process: one clean new login, back to where the person was', async () => {
    toKeycloak.delay = FOR_EVER
    await killWhen(keycloakRenewed)
    await expectOneNewLogin()
  })

  test('P-16 RF-02 the result could not be stored before the end: the same', async () => {
    toKeycloak.mode = 'silent'
    await killWhen(async () => {
      await untilRenewing()
      toRedis.mode = 'silent'
      toKeycloak.mode = 'pass'
      await keycloakRenewed()
      await until(() => victim.log.find(({ code }) => code === 'store_unavailable'))
    })
    await expectOneNewLogin()
  })

  test('P-16 RF-02 the first to find out is a script: 401, and the session is over', async () => {
    toKeycloak.delay = FOR_EVER
    await killWhen(keycloakRenewed)
    const before = ended()
    const answer = await servers.ask(survivor, '/api/whoami', jar)
    expect([answer.status, answer.location, ended() - before]).toEqual([401, undefined, 1])
    expect((await servers.ask(survivor, '/session', jar)).status).toBe(401)
  })
})
