import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, type TestApp } from '../../support/test-app.js'
import { keysOf, sessionKeyOf, startShared, stopShared, TwoApps } from '../../support/two-apps.js'
import { until } from '../../support/until.js'
import { logoutToken, personWithSession, tell } from '../logout/logout-tokens.js'

/** Seconds. */
const [IDLE, ABSOLUTE, LOGIN_TIMEOUT, TOLERANCE] = [5, 8, 3, 1]
/** How long a sign-out is remembered that may have overtaken a login, in seconds. */
const OVERTAKING = 300

let provider: ScriptedProvider
let redis: RedisServer

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
})
afterEach(async () => {
  provider.reset()
  await redis.flush()
})
afterAll(async () => {
  await redis.stop()
  await provider.close()
})

/** Every key with its life in milliseconds, at one moment. */
async function lives(): Promise<readonly { key: string; kind: string; life: number }[]> {
  const lua = `
    local all = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
      table.insert(all, key)
      table.insert(all, redis.call('PTTL', key))
    end
    return all`
  const flat = (await redis.command('EVAL', lua, '0')) as (string | number)[]
  return Array.from({ length: flat.length / 2 }, (_, i) => {
    const key = String(flat[2 * i])
    return { key, kind: key.split(':')[2] ?? '', life: Number(flat[2 * i + 1]) }
  })
}
const lifeOf = async (key: string): Promise<number> => Number(await redis.command('PTTL', key))

/** The longest that a record of a kind may last, in seconds. */
const LONGEST: Readonly<Record<string, number>> = {
  session: IDLE,
  // The end of a session is moved once in a tenth of the idle time, and not everything at the same moment.
  sessions: 1.2 * IDLE,
  // One that took too long is known for as long again, one that is done as long as its session can last.
  login: Math.max(2 * LOGIN_TIMEOUT, ABSOLUTE),
  lock: 3,
  logout: OVERTAKING,
  'logout-token': 2 + TOLERANCE,
}

describe('ST-03 every key has a life', () => {
  test('ST-03 200 logins, refreshes, sign-outs, logout tokens and logins never finished: none too long, all gone at the end', async () => {
    const settings = {
      sessionIdleTimeout: IDLE,
      sessionAbsoluteTimeout: ABSOLUTE,
      loginTimeout: LOGIN_TIMEOUT,
      clockTolerance: TOLERANCE,
    }
    // A token is due at half of its life.
    provider.accessTokenLife = 1
    const apps = await TwoApps.start(provider, redis.url, settings)
    const check = async (): Promise<readonly string[]> => {
      const all = await lives()
      const wrong = all.filter(({ kind, life }) => life < 0 || life > (LONGEST[kind] ?? 0) * 1000)
      expect(wrong).toEqual([])
      return [...new Set(all.map(({ kind }) => kind))].sort()
    }
    try {
      const people = Array.from({ length: 200 }, () => ({ person: personWithSession(), jar: new Jar() }))
      const appOf = (i: number): TestApp => (i % 2 ? apps.a : apps.b)
      const inTurns = async (act: (one: { person: Person; jar: Jar }, i: number) => Promise<unknown>) => {
        for (let from = 0; from < people.length; from += 20)
          await Promise.all(people.slice(from, from + 20).map((one, i) => act(one, from + i)))
      }
      await inTurns(async ({ person, jar }, i) => {
        expect((await appOf(i).signIn(provider, jar, person)).status).toBe(303)
        await apps.a.beginLogin(i % 2 ? jar : new Jar())
        if (i % 50 === 0) await check()
      })
      const kinds = new Set(await check())
      await inTurns(async ({ jar }, i) => appOf(i + 1).whoami(jar))
      await check()
      await inTurns(async ({ person, jar }, i) => {
        const exp = Math.floor(Date.now() / 1000) + 2
        if (i % 4 === 0) await appOf(i).signOut(jar)
        if (i % 4 === 1) await tell(appOf(i), await logoutToken(provider, { sid: person['sid'], exp }))
        if (i % 4 === 2) await tell(appOf(i), await logoutToken(provider, { sub: person.sub, exp }))
        if (i % 20 === 1) for (const kind of await check()) kinds.add(kind)
      })
      expect([...kinds].sort()).toEqual(
        expect.arrayContaining(['login', 'logout', 'logout-token', 'session', 'sessions']),
      )
      expect(provider.calls.some(({ form }) => form.get('grant_type') === 'refresh_token')).toBe(true)
      const left = await until(async () => {
        const kept = (await lives()).filter(({ kind }) => kind !== 'logout')
        await check()
        return kept.length === 0 ? await lives() : undefined
      })
      // What is left are the sign-outs of a moment ago, once for each that the provider told.
      expect(left).toHaveLength(100)
    } finally {
      await apps.stop()
    }
  }, 60_000)

  test('ST-03 a session’s life is the smaller of idle and what is left of absolute', async () => {
    const app = await startShared(provider, redis.url, { sessionIdleTimeout: 4, sessionAbsoluteTimeout: 6 })
    try {
      const jar = new Jar()
      await app.signIn(provider, jar)
      const begun = Date.now()
      const key = await sessionKeyOf(redis, jar)
      expect(await lifeOf(key)).toBeLessThanOrEqual(4000)
      expect(await lifeOf(key)).toBeGreaterThan(3000)
      let longest = 0
      // In use all the time; a look at it is no use.
      await until(async () => {
        const used = await app.whoami(jar)
        const [life, left] = [await lifeOf(key), begun + 6000 - Date.now()]
        longest = Math.max(longest, life)
        if (used === undefined) return true
        expect(life).toBeLessThanOrEqual(Math.min(4000, left + 250))
        return undefined
      }, 9000)
      const age = Date.now() - begun
      expect([age > 5500, age < 7000, longest > 3000]).toEqual([true, true, true])
      expect(await keysOf(redis, 'session')).toEqual([])
    } finally {
      await stopShared(app)
    }
  })

  test('ST-03 it is moved once in a tenth of the idle time at most, however much the session is used', async () => {
    const apps = await TwoApps.start(provider, redis.url, { sessionIdleTimeout: 20 })
    const prolonged = async (): Promise<number> => {
      const stats = String(await redis.command('INFO', 'commandstats'))
      return Number(/cmdstat_pexpire:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    try {
      const jar = new Jar()
      await apps.a.signIn(provider, jar, newPerson())
      const key = await sessionKeyOf(redis, jar)
      const ended = async (): Promise<number> => Date.now() + (await lifeOf(key))
      await redis.command('CONFIG', 'RESETSTAT')
      const [begun, end] = [Date.now(), await ended()]
      let [requests, moves, last] = [0, 0, end]
      await until(async () => {
        for (const app of apps.both) expect(await app.whoami(jar)).toBeDefined()
        await apps.a.send('/session', { jar, headers: SCRIPT })
        requests += 3
        const now = await ended()
        if (now - last > 500) moves++
        last = Math.max(last, now)
        return Date.now() - begun > 5000 || undefined
      })
      expect(requests).toBeGreaterThan(60)
      expect([1, 2]).toContain(moves)
      // The record, the index of all sessions, the person's, and the sign-on session's.
      expect(await prolonged()).toBe(4 * moves)
    } finally {
      await apps.stop()
    }
  })

  test('ST-03 SE-04 GET /session, asked again and again at both, does not keep a session', async () => {
    const apps = await TwoApps.start(provider, redis.url, { sessionIdleTimeout: 2 })
    try {
      const jar = new Jar()
      await apps.a.signIn(provider, jar)
      await until(async () => {
        const answers = await Promise.all(
          apps.both.map((app) => app.send('/session', { jar: jar.copy(), headers: SCRIPT })),
        )
        return answers.every(({ status }) => status === 401) || undefined
      }, 4000)
      expect(await keysOf(redis, 'session')).toEqual([])
    } finally {
      await apps.stop()
    }
  })
})
