import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT } from '../../support/test-app.js'
import { keysOf, sessionKeyOf, startShared, stopShared, TwoApps } from '../../support/two-apps.js'

let provider: ScriptedProvider
let redis: RedisServer
let apps: TwoApps

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
  apps = await TwoApps.start(provider, redis.url)
})
afterEach(async () => {
  provider.reset()
  await redis.flush()
})
afterAll(async () => {
  await apps.stop()
  await redis.stop()
  await provider.close()
})

describe('a login belongs to one browser, on every process', () => {
  test('FL-04 begun in browser A at one, finished in browser B at the other: 400 in B, and A can still finish', async () => {
    const { a, b } = apps
    const [browserA, browserB, withOwnLogin] = [new Jar(), new Jar(), new Jar()]
    const person = newPerson()
    const callback = provider.approve((await a.beginLogin(browserA)).href, person)
    await b.beginLogin(withOwnLogin)
    for (const browser of [browserB, withOwnLogin])
      for (const app of [b, a]) {
        const answer = await app.callback(callback, browser)
        expect([answer.status, answer.location, answer.cookies]).toEqual([400, undefined, []])
        expect(await apps.ids(browser)).toEqual([undefined, undefined])
      }
    expect(provider.count('token')).toBe(0)
    expect(await a.callback(callback, browserA)).toMatchObject({ status: 303, location: '/hello' })
    expect(await apps.ids(browserA)).toEqual([person.sub, person.sub])
  })

  test('FL-06 the same callback at both processes at once: the code is redeemed once', async () => {
    const jar = new Jar()
    const callback = provider.approve((await apps.a.beginLogin(jar)).href, newPerson())
    const answers = await Promise.all(
      [...apps.both, ...apps.both].map((app) => app.callback(callback, jar.copy())),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400, 400, 400])
    expect(provider.count('token')).toBe(1)
  })

  test('FL-18 300 logins in one browser, on both, ten at a time: cookies and record stay small, the newest completes', async () => {
    const jar = new Jar()
    const lengths: number[] = []
    await apps.a.beginLogin(jar)
    const [key = ''] = await keysOf(redis, 'login')
    for (let round = 0; round < 30; round++) {
      const begun = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? apps.a : apps.b).beginLogin(jar))
      await Promise.all(begun)
      lengths.push(Number(await redis.command('STRLEN', key)))
    }
    expect(Buffer.byteLength(jar.header)).toBeLessThan(4096)
    expect(await redis.keys()).toEqual([key])
    // Ten are kept, from the second round on.
    expect(Math.max(...lengths.slice(1)) - Math.min(...lengths.slice(1))).toBeLessThan(100)
    expect(lengths.at(-1)).toBeLessThan(8192)
    const person = newPerson()
    expect((await apps.b.signIn(provider, jar, person)).status).toBe(303)
    expect(await apps.ids(jar)).toEqual([person.sub, person.sub])
  })
})

describe('a session of all processes', () => {
  test('SE-11 begun at one, finished at the other, used at the first; ended at the other, the first knows within a second', async () => {
    const { a, b } = apps
    const jar = new Jar()
    const person = newPerson()
    expect((await b.callback(provider.approve((await a.beginLogin(jar)).href, person), jar)).status).toBe(303)
    expect((await a.navigate('/hello', jar)).body).toContain(`Hello, ${String(person['name'])}!`)
    const before = jar.copy()
    expect((await b.signOut(jar)).status).toBe(303)
    const ended = performance.now()
    expect(await a.whoami(before)).toBeUndefined()
    expect(performance.now() - ended).toBeLessThan(1000)
    expect((await a.navigate('/hello', before)).location).toMatch(/^\/login/)
  })

  test('SE-03 the cookie replayed after sign-out: nobody at both processes, and the record is gone', async () => {
    const jar = new Jar()
    await apps.a.signIn(provider, jar)
    const stolen = jar.copy()
    await sessionKeyOf(redis, stolen)
    await apps.b.signOut(jar)
    for (const app of apps.both)
      for (let time = 1; time <= 2; time++) {
        expect((await app.send('/api/whoami', { jar: stolen.copy(), headers: SCRIPT })).status).toBe(401)
        expect((await app.send('/session', { jar: stolen.copy(), headers: SCRIPT })).status).toBe(401)
        const page = await app.navigate('/hello', stolen.copy())
        expect([page.status, page.location?.split('?')[0]]).toEqual([302, '/login'])
      }
    expect([await keysOf(redis, 'session'), await keysOf(redis, 'sessions')]).toEqual([[], []])
  })

  test('SE-01 the cookie of before a login at the other process signs nobody in', async () => {
    const jar = new Jar()
    await apps.a.signIn(provider, jar)
    const old = jar.copy()
    const key = await sessionKeyOf(redis, old)
    const person = newPerson()
    await apps.b.signIn(provider, jar, person)
    expect(await apps.ids(old)).toEqual([undefined, undefined])
    expect(await redis.command('EXISTS', key)).toBe(0)
    expect(await apps.ids(jar)).toEqual([person.sub, person.sub])
  })

  test('SE-10 1,000 anonymous requests leave no record and no cookie', async () => {
    const paths = ['/', '/hello', '/account', '/session', '/api/whoami', '/secure-data', '/logout']
    const more = ['/healthz', '/readyz', '/metrics', '/nowhere', '/authorize', '/account/nobody', '/assets/x']
    const all = [...paths, ...more]
    let cookies = 0
    const one = async (i: number): Promise<void> => {
      const app = i % 2 === 0 ? apps.a : apps.b
      const headers = i % 3 === 0 ? SCRIPT : NAVIGATION
      const answer = await app.send(all[i % all.length] ?? '/', { headers })
      cookies += answer.cookies.length
      expect(answer.status).toBeLessThan(500)
    }
    for (let from = 0; from < 1000; from += 50)
      await Promise.all(Array.from({ length: 50 }, (_, i) => one(from + i)))
    expect([cookies, await redis.keys()]).toEqual([0, []])
    // They are kept where a login is begun.
    const begun = await apps.a.navigate('/login')
    expect([begun.cookies.length, (await redis.keys()).length]).toEqual([1, 1])
  })
})

describe('SESSION_SECRETS change', () => {
  const [OLD, NEW] = [
    'an-old-secret-of-the-tests-of-32-characters',
    'a-new-secret-of-the-tests-of-32-characters',
  ]

  test('SE-06 the old one listed second: sessions and begun logins go on; removed: nobody is signed in, no record stays', async () => {
    const old = await startShared(provider, redis.url, { sessionSecrets: [OLD] })
    const shared = { publicUrl: old.publicUrl }
    const both = await startShared(provider, redis.url, { ...shared, sessionSecrets: [NEW, OLD] })
    const only = await startShared(provider, redis.url, { ...shared, sessionSecrets: [NEW] })
    try {
      const person = newPerson()
      const [jar, later] = [new Jar(), new Jar()]
      await old.signIn(provider, jar, person)
      const callback = provider.approve((await old.beginLogin(later)).href, person)
      expect(await both.whoami(jar)).toMatchObject({ id: person.sub })
      expect((await both.callback(callback, later)).status).toBe(303)
      expect(await only.whoami(later)).toMatchObject({ id: person.sub })

      const key = await sessionKeyOf(redis, jar)
      expect(await only.whoami(jar.copy())).toBeUndefined()
      // The cookie says nothing to it, so the record is not even looked for.
      expect(await redis.command('EXISTS', key)).toBe(1)
      expect((await only.navigate('/hello', jar.copy())).status).toBe(302)
      expect((await only.signIn(provider, jar, person)).status).toBe(303)
      expect(await only.whoami(jar)).toMatchObject({ id: person.sub })
    } finally {
      await Promise.all([old, both, only].map(stopShared))
    }
  })
})
