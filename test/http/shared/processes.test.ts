import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { BUILD_TIMEOUT, buildServer, goodSettings, ServerProcess } from '../../support/server-process.js'
import { NAVIGATION, newPerson, SCRIPT, type Answer } from '../../support/test-app.js'
import { TwoProcesses } from '../../support/two-processes.js'
import { until } from '../../support/until.js'

let provider: ScriptedProvider
let redis: RedisServer
let two: TwoProcesses

beforeAll(async () => {
  await buildServer()
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start({ persistent: true })
}, BUILD_TIMEOUT)
beforeEach(async () => {
  provider.reset()
  two = await TwoProcesses.start(provider, { redisUrl: redis.url })
})
afterEach(() => two.stop())
afterAll(async () => {
  await redis.stop()
  await provider.close()
})

type Place = { readonly port: number }

async function begin(at: Place, jar: Jar, person: Person): Promise<string> {
  const answer = await two.send(at, '/login', { jar })
  expect(answer.status).toBe(302)
  const { pathname, search } = provider.approve(answer.location ?? '', person)
  return pathname + search
}
async function signIn(at: Place, jar: Jar, person: Person): Promise<void> {
  const callback = await begin(at, jar, person)
  expect(await two.send(at, callback, { jar })).toMatchObject({ status: 303, location: '/hello' })
}
const post = (at: Place, path: string, jar: Jar): Promise<Answer> =>
  two.send(at, path, {
    method: 'POST',
    jar,
    headers: { ...NAVIGATION, 'sec-fetch-site': 'same-origin', origin: two.balancer.url },
  })

describe('two processes behind a balancer without stickiness', () => {
  test('SE-11 RF-01 a whole login, a refresh and a sign-out, each request at the next process', async () => {
    // Due after one second.
    provider.accessTokenLife = 2
    const [jar, person] = [new Jar(), newPerson()]
    const at = two.balancer
    const start = await two.send(at, '/login?return_to=/account', { jar })
    const { pathname, search } = provider.approve(start.location ?? '', person)
    const callback = await two.send(at, pathname + search, { jar })
    expect([start.status, callback.status, callback.location]).toEqual([302, 303, '/account'])
    expect([start, callback].map(({ headers }) => headers['x-backend']).sort()).toEqual(['0', '1'])
    const backends = new Set<unknown>()
    const [family] = provider.families.of(person)
    await until(async () => {
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          i % 2 ? two.send(at, '/hello', { jar }) : two.send(at, '/api/whoami', { jar, headers: SCRIPT }),
        ),
      )
      for (const { headers } of answers) backends.add(headers['x-backend'])
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
      return (family?.redeemed ?? 0) >= 2 || undefined
    })
    expect([provider.families.reused, [...backends].sort()]).toEqual([0, ['0', '1']])
    const before = jar.copy()
    const signedOut = await post(at, '/logout', jar)
    expect([signedOut.status, signedOut.location?.startsWith(provider.issuer)]).toEqual([303, true])
    expect(family?.isRevoked).toBe(true)
    for (const one of [two.a, two.b]) expect(await two.whoami(one, before)).toBeUndefined()
  })
})

describe('a process is killed', () => {
  test('RE-15 P-16 the other goes on with every session and every begun login', async () => {
    const people = Array.from({ length: 10 }, () => ({ jar: new Jar(), person: newPerson() }))
    for (const { jar, person } of people) await signIn(two.a, jar, person)
    const begun = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const [jar, person] = [new Jar(), newPerson()]
        return { jar, person, callback: await begin(two.a, jar, person) }
      }),
    )
    two.a.signal('SIGKILL')
    await two.a.exit
    for (const at of [two.b, two.balancer])
      for (const { jar, person } of people) expect(await two.whoami(at, jar)).toBe(person.sub)
    for (const { jar, person, callback } of begun) {
      expect((await two.send(two.balancer, callback, { jar })).status).toBe(303)
      expect(await two.whoami(two.b, jar)).toBe(person.sub)
    }
  })

  test('RE-15 P-16 both, and started again: sessions and begun logins have survived', async () => {
    const [jar, person, later, other] = [new Jar(), newPerson(), new Jar(), newPerson()]
    await signIn(two.a, jar, person)
    const callback = await begin(two.b, later, other)
    for (const one of [two.a, two.b]) one.signal('SIGKILL')
    await Promise.all([two.a.exit, two.b.exit])
    await Promise.all([two.restart(0), two.restart(1)])
    for (const one of [two.a, two.b]) {
      await until(async () => (await two.send(one, '/readyz')).status === 200 || undefined, 5000)
      expect(await two.whoami(one, jar)).toBe(person.sub)
    }
    expect((await two.send(two.a, callback, { jar: later })).status).toBe(303)
    expect(await two.whoami(two.b, later)).toBe(other.sub)
  })

  test('RE-15 P-16 in the middle of a refresh: the other renews the tokens as soon as the lease of the dead is over', async () => {
    provider.accessTokenLife = 1
    const [jar, person] = [new Jar(), newPerson()]
    await signIn(two.a, jar, person)
    provider.calls = []
    // It never gets there, so the refresh token is not spent.
    provider.answers.token = () => undefined
    const lost = until(async () => {
      const answer = two.send(two.a, '/hello', { jar })
      answer.catch(() => undefined)
      await until(() => provider.count('token') > 0 || undefined, 500).catch(() => undefined)
      return provider.count('token') > 0 ? { answer } : undefined
    })
    const { answer } = await lost
    two.a.signal('SIGKILL')
    await expect(answer).rejects.toThrow()
    provider.answers = {}
    const killed = performance.now()
    expect(await two.whoami(two.b, jar)).toBe(person.sub)
    expect(performance.now() - killed).toBeLessThan(5000)
    expect(provider.families.of(person)[0]).toMatchObject({ redeemed: 1, isRevoked: false })
  })
})

describe('a process ends', () => {
  test('RE-10 P-15 SIGTERM during a callback that waits: its session is stored, and the other process knows it', async () => {
    const [jar, person] = [new Jar(), newPerson()]
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    provider.onIdToken = async (draft) => {
      await held
      return draft
    }
    const callback = await begin(two.a, jar, person)
    const answer = two.send(two.a, callback, { jar })
    await until(() => provider.count('token') > 0 || undefined)
    two.a.signal('SIGTERM')
    await until(() => two.a.stdout.includes('"code":"shutdown"') || undefined)
    release()
    expect(await answer).toMatchObject({ status: 303, location: '/hello' })
    const released = performance.now()
    expect(await two.a.exit).toEqual({ code: 0, signal: null })
    expect(performance.now() - released).toBeLessThan(2000)
    expect(await two.whoami(two.b, jar)).toBe(person.sub)
  })

  test('RE-08 P-15 while Redis is away: it has stayed alive, ends at once, and says nothing on standard error', async () => {
    const [jar, person] = [new Jar(), newPerson()]
    await signIn(two.a, jar, person)
    await redis.kill()
    try {
      for (const one of [two.a, two.b]) {
        const answer = await two.send(one, '/hello', { jar })
        expect([answer.status, answer.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)])
        expect((await two.send(one, '/healthz')).status).toBe(200)
      }
      two.a.signal('SIGTERM')
      expect(await two.a.exit).toEqual({ code: 0, signal: null })
      expect([two.a.stderr, two.b.stderr, two.b.child.exitCode]).toEqual(['', '', null])
    } finally {
      await redis.restart()
    }
    await until(async () => (await two.send(two.b, '/readyz')).status === 200 || undefined, 5000)
    expect(await two.whoami(two.b, jar)).toBe(person.sub)
    const about = two.b.log.map(({ code }) => code).filter((code) => String(code).startsWith('store_'))
    expect(about).toEqual(['store_unavailable', 'store_available'])
  })
})

describe('production', () => {
  const started = async (env: Record<string, string>): Promise<readonly unknown[]> => {
    const server = await ServerProcess.start(provider, { env: { NODE_ENV: 'production', ...env } })
    await server.stop()
    return server.log.map(({ level, code }) => `${String(level)} ${String(code)}`)
  }

  test('RE-15 P-16 without Redis it warns that sessions end with the process; with Redis it does not', async () => {
    expect(await started({})).toEqual(['warn memory_store', 'info listening'])
    expect(await started({ REDIS_URL: redis.url })).toEqual(['info listening'])
  })

  test('RE-15 with Redis and without secrets it does not start, in development neither', async () => {
    const settings = goodSettings(provider.issuer)
    const rest = Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'SESSION_SECRETS'))
    for (const NODE_ENV of ['production', 'development']) {
      const server = ServerProcess.run({ ...rest, PORT: '0', NODE_ENV, REDIS_URL: redis.url })
      expect(await server.exit).toMatchObject({ code: 1 })
      expect(server.stderr).toContain('SESSION_SECRETS')
      expect(server.stderr).not.toContain(String(redis.port))
    }
  })
})

describe('Redis is down when they start', () => {
  test('RE-07 P-11 it starts and listens; within 5 seconds of its coming, sessions work', async () => {
    const late = await RedisServer.start()
    await late.kill()
    const server = await ServerProcess.start(provider, {
      env: { REDIS_URL: late.url, PUBLIC_URL: two.balancer.url },
    })
    try {
      const headers = { ...SCRIPT, authorization: `Bearer ${await provider.accessToken()}` }
      expect((await two.send(server, '/healthz')).status).toBe(200)
      expect((await two.send(server, '/readyz')).body).toMatch(/^store: down$/m)
      expect((await two.send(server, '/secure-data', { headers })).status).toBe(200)
      expect((await two.send(server, '/')).status).toBe(200)
      expect((await two.send(server, '/login')).status).toBe(503)
      await late.restart()
      await until(async () => (await two.send(server, '/readyz')).status === 200 || undefined, 5000)
      const [jar, person] = [new Jar(), newPerson()]
      await signIn(server, jar, person)
      expect(await two.whoami(server, jar)).toBe(person.sub)
      expect(server.stderr).toBe('')
    } finally {
      await server.stop()
      await late.stop()
    }
  })
})
