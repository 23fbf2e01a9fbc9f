import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, type TestApp } from '../../support/test-app.js'
import { startShared, stopShared, TwoApps } from '../../support/two-apps.js'
import { until } from '../../support/until.js'
import { logoutToken, personWithSession, tell } from '../logout/logout-tokens.js'

let provider: ScriptedProvider
let redis: RedisServer
let apps: TwoApps

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  // What it had is there again after a crash.
  redis = await RedisServer.start({ persistent: true })
  apps = await TwoApps.start(provider, redis.url)
})
afterEach(() => provider.reset())
afterAll(async () => {
  await apps.stop()
  await redis.stop()
  await provider.close()
})

async function signedIn(app: TestApp, person: Person): Promise<Jar> {
  const jar = new Jar()
  expect((await app.signIn(provider, jar, person)).status).toBe(303)
  return jar
}

/** Which of these browsers are signed in, by both; what the two disagree about is an error. */
async function alive(jars: readonly Jar[]): Promise<boolean[]> {
  return Promise.all(
    jars.map(async (jar) => {
      const [a, b] = await apps.ids(jar)
      expect(a).toBe(b)
      return a !== undefined
    }),
  )
}

describe('the provider ends sessions, on every process', () => {
  test('BL-01 by sid, told to one: over on both within a second, and no other session is', async () => {
    const person = personWithSession()
    const ended = [await signedIn(apps.a, person), await signedIn(apps.b, person)]
    const others = [
      await signedIn(apps.a, { ...person, sid: randomUUID() }),
      await signedIn(apps.b, personWithSession()),
    ]
    expect(await alive([...ended, ...others])).toEqual([true, true, true, true])
    const answer = await tell(apps.a, await logoutToken(provider, { sid: person.sid }))
    const told = performance.now()
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(await alive([...ended, ...others])).toEqual([false, false, true, true])
    expect(performance.now() - told).toBeLessThan(1000)
    expect(apps.a.log.find(({ code }) => code === 'backchannel_logout')).toMatchObject({ sessions: 2 })
  })

  test('BL-02 by sub, told to one: every session of the person is over on both within a second, nobody else’s', async () => {
    const person = newPerson()
    const ended = [
      await signedIn(apps.a, { ...person, sid: randomUUID() }),
      await signedIn(apps.b, { ...person, sid: randomUUID() }),
      await signedIn(apps.b, person),
    ]
    const others = [
      await signedIn(apps.a, newPerson()),
      await signedIn(apps.b, newPerson({ sid: person.sub })),
    ]
    expect(await alive([...ended, ...others])).toEqual([true, true, true, true, true])
    expect((await tell(apps.b, await logoutToken(provider, { sub: person.sub }))).status).toBe(200)
    const told = performance.now()
    expect(await alive([...ended, ...others])).toEqual([false, false, false, true, true])
    expect(performance.now() - told).toBeLessThan(1000)
    expect(await alive([await signedIn(apps.a, person)])).toEqual([true])
  })

  test('BL-14 the sid of one with the sub of another: nobody’s session is over', async () => {
    const [one, other] = [personWithSession(), personWithSession()]
    const jars = [await signedIn(apps.a, one), await signedIn(apps.b, other)]
    for (const [app, sid, sub] of [
      [apps.a, one.sid, other.sub],
      [apps.b, other.sid, one.sub],
    ] as const)
      expect([200, 400]).toContain((await tell(app, await logoutToken(provider, { sid, sub }))).status)
    expect(await alive(jars)).toEqual([true, true])
    expect((await tell(apps.a, await logoutToken(provider, { sid: one.sid, sub: one.sub }))).status).toBe(200)
    expect(await alive(jars)).toEqual([false, true])
  })

  test('BL-14 before the callback comes, such a token keeps nobody out', async () => {
    const [one, other] = [personWithSession(), personWithSession()]
    const jar = new Jar()
    const callback = provider.approve((await apps.a.beginLogin(jar)).href, one)
    await tell(apps.b, await logoutToken(provider, { sid: one.sid, sub: other.sub }))
    expect((await apps.a.callback(callback, jar)).status).toBe(303)
    expect(await alive([jar])).toEqual([true])
  })
})

describe('a logout token and what the other process does', () => {
  test.each(['sid', 'sub'])(
    'BL-01 by %s, it overtakes a callback at the other process and wins',
    async (name) => {
      const person = personWithSession()
      const jar = new Jar()
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      provider.onIdToken = async (draft) => {
        await held
        return draft
      }
      const callback = apps.a.signIn(provider, jar, person)
      await until(() => provider.count('token') > 0 || undefined)
      expect((await tell(apps.b, await logoutToken(provider, { [name]: person[name] }))).status).toBe(200)
      release()
      const answer = await callback
      expect([answer.status, answer.location]).toEqual([400, undefined])
      expect(answer.body).toContain('logged_out_meanwhile')
      expect(await alive([jar])).toEqual([false])
      provider.reset()
      expect(await alive([await signedIn(apps.a, { ...person, sid: randomUUID() })])).toEqual([true])
    },
  )

  test('BL-01 a refresh under way at the other process does not bring the session back', async () => {
    const waiting = await startShared(provider, redis.url, {
      publicUrl: apps.a.publicUrl,
      now: () => Date.now() + 280_000,
    })
    try {
      const person = personWithSession()
      const jar = await signedIn(apps.a, person)
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => (release = resolve))
      provider.onIdToken = async (draft) => {
        await held
        return draft
      }
      provider.calls = []
      const asked = waiting.whoami(jar)
      await until(() => provider.count('token') > 0 || undefined)
      expect((await tell(apps.b, await logoutToken(provider, { sid: person.sid }))).status).toBe(200)
      release()
      expect(await asked).toBeUndefined()
      expect([await alive([jar]), await waiting.whoami(jar)]).toEqual([[false], undefined])
    } finally {
      await stopShared(waiting)
    }
  })

  test('BL-01 sent again, to the other process: 400, and who has signed in since stays', async () => {
    const person = newPerson()
    await signedIn(apps.a, person)
    const token = await logoutToken(provider, { sub: person.sub })
    expect((await tell(apps.a, token)).status).toBe(200)
    const jar = await signedIn(apps.b, person)
    for (const app of [apps.b, apps.a]) {
      const again = await tell(app, token)
      expect([again.status, again.json()]).toMatchObject([400, { error: 'invalid_logout_token' }])
    }
    expect(await alive([jar])).toEqual([true])
  })
})

describe('the store is away', () => {
  test.each<[string, () => unknown, () => unknown]>([
    ['silent', () => redis.pause(), () => redis.resume()],
    ['down', () => redis.kill(), () => redis.restart()],
  ])(
    'BL-01 P-10 %s: 503 with Retry-After within 2 s; the same token works once it is back',
    async (_name, leave, back) => {
      const person = personWithSession()
      const jar = await signedIn(apps.a, person)
      const token = await logoutToken(provider, { sid: person.sid })
      await leave()
      try {
        for (const app of apps.both) {
          const begun = performance.now()
          const answer = await tell(app, token)
          expect(performance.now() - begun).toBeLessThan(2000)
          expect([answer.status, answer.headers['retry-after'], answer.headers['cache-control']]).toEqual([
            503,
            expect.stringMatching(/^\d+$/),
            'no-store',
          ])
          expect(answer.json()).toMatchObject({ error: 'session_store_unavailable' })
        }
      } finally {
        await back()
      }
      for (const app of apps.both)
        await until(async () => (await app.send('/readyz')).status === 200 || undefined, 5000)
      expect(await alive([jar])).toEqual([true])
      expect((await tell(apps.b, token)).status).toBe(200)
      expect(await alive([jar])).toEqual([false])
    },
  )
})
