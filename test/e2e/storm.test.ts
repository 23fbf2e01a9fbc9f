import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { ManyProcesses, untilTime } from '../support/many-processes.js'
import { RedisServer } from '../support/redis-server.js'
import type { Answer } from '../support/send.js'
import type { ServerProcess } from '../support/server-process.js'

jest.setTimeout(240_000)

/** Seconds. With the default of REFRESH_BEFORE a token of such a life is due at half of it. */
const LIFE = 4
const ROUNDS = 20
const PROCESSES = 4
const PARALLEL = 25

/** Many requests for one person at the moment when the tokens are due, at processes that know of each other by Redis alone. */
describe('a storm of requests when the tokens are due (Keycloak takes each refresh token once)', () => {
  let realm: TestRealm
  let redis: RedisServer
  let servers: ManyProcesses

  beforeAll(async () => {
    redis = await RedisServer.start()
    realm = await TestRealm.create('storm', { settings: { ACCESS_TOKEN_LIFESPAN: String(LIFE) } })
    servers = await ManyProcesses.start({
      issuer: realm.issuer,
      redisUrl: redis.url,
      each: Array.from({ length: PROCESSES }, () => ({})),
    })
  })
  afterAll(async () => {
    await servers.stop()
    await redis.stop()
    await realm.remove()
  })

  /** When the tokens were obtained that the session has now. */
  const obtainedAt = (): number =>
    Math.max(
      ...['login', 'refresh']
        .flatMap((code) => servers.logged(code))
        .map(({ time }) => Date.parse(String(time))),
    )

  async function request(server: ServerProcess, index: number, jar: Jar): Promise<Answer & { took: number }> {
    const begun = performance.now()
    // Every kind of request that needs the session.
    const answer = await (index % 3 === 0
      ? servers.ask(server, '/api/whoami', jar.copy())
      : servers.navigate(server, index % 3 === 1 ? '/hello' : '/account', jar.copy()))
    return { ...answer, took: performance.now() - begun }
  }

  test('RF-01 P-8 one refresh a round, by Keycloak’s own count; every request is answered 200', async () => {
    const jar = new Jar()
    await servers.signIn(servers.all[0] as ServerProcess, jar, { person: 'alice' })
    const slowest: number[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      // By turns due while the token is good, and over.
      await untilTime(obtainedAt() + (round % 2 === 0 ? LIFE * 500 : LIFE * 1000) + 20)
      const answers = await Promise.all(
        servers.all.flatMap((server) =>
          Array.from({ length: PARALLEL }, (_, index) => request(server, index, jar)),
        ),
      )
      expect(countOf(answers.map(({ status }) => status))).toEqual({ 200: PROCESSES * PARALLEL })
      slowest.push(Math.max(...answers.map(({ took }) => took)))
      expect((await realm.events('REFRESH_TOKEN')).length).toBe(round)
    }
    expect(await realm.events('REFRESH_TOKEN_ERROR')).toEqual([])
    const refreshes = servers.all.map(({ log }) => log.filter(({ code }) => code === 'refresh').length)
    expect(refreshes.reduce((sum, count) => sum + count)).toBe(ROUNDS)
    // A round ends long before its new token is due.
    expect(Math.max(...slowest)).toBeLessThan(LIFE * 500)
    report({ rounds: ROUNDS, requests: ROUNDS * PROCESSES * PARALLEL, refreshes, slowest })
  })
})

function countOf(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

function report({ slowest, ...counts }: { slowest: readonly number[]; [count: string]: unknown }): void {
  const sorted = slowest.map(Math.round).sort((one, other) => one - other)
  const times = { median: sorted[sorted.length >> 1], worst: sorted.at(-1) }
  process.stderr.write(`storm: ${JSON.stringify({ ...counts, slowestOfARound: times })}\n`)
}
