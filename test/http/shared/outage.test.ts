import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { startShared, stopShared, TwoApps } from '../../support/two-apps.js'
import { until } from '../../support/until.js'

let provider: ScriptedProvider
let redis: RedisServer
let apps: TwoApps

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start({ persistent: true })
  apps = await TwoApps.start(provider, redis.url)
})
afterEach(() => provider.reset())
afterAll(async () => {
  await apps.stop()
  await redis.stop()
  await provider.close()
})

interface Timed extends Answer {
  readonly took: number
}
async function timed(asked: Promise<Answer>): Promise<Timed> {
  const begun = performance.now()
  const answer = await asked
  return { ...answer, took: performance.now() - begun }
}
const ready = (app: TestApp): Promise<true> =>
  until(async () => (await app.send('/readyz')).status === 200 || undefined, 5000)
const codes = (app: TestApp): unknown[] =>
  app.log.map(({ code }) => code).filter((code) => String(code).startsWith('store_'))

/** What needs no session goes on as ever, also for a browser that has one; what does is 503 within two seconds. */
async function expectOutage(app: TestApp, jar: Jar, token: string): Promise<void> {
  const [healthz, readyz, bearer, whoami, home, known] = await Promise.all([
    timed(app.send('/healthz')),
    timed(app.send('/readyz')),
    timed(app.bearer(token)),
    timed(app.bearer(token, '/api/whoami')),
    timed(app.navigate('/')),
    timed(app.navigate('/', jar)),
  ])
  const all = [healthz, readyz, bearer, whoami, home, known]
  expect(all.map(({ status }) => status)).toEqual([200, 503, 200, 200, 200, 200])
  expect(readyz.body).toMatch(/^store: down$/m)
  expect(readyz.body).toMatch(/^provider: ok$/m)
  for (const { took } of [healthz, bearer, whoami, home]) expect(took).toBeLessThan(1000)
  for (const { took } of all) expect(took).toBeLessThan(2000)
  expect(known.body).not.toContain('Person ')

  const closed = [
    () => app.navigate('/hello', jar),
    () => app.navigate('/account', jar),
    () => app.send('/api/whoami', { jar, headers: SCRIPT }),
    () => app.send('/session', { jar, headers: SCRIPT }),
    () => app.signOut(jar),
    () => app.navigate('/login'),
    () => app.navigate('/login', jar),
    () =>
      app.navigate('/authorize?state=x&code=y', new Jar({ cookies: [['latchkey-login', 'x'.repeat(43)]] })),
  ]
  for (const { status, headers, took, cookies } of await Promise.all(closed.map((ask) => timed(ask())))) {
    expect([status, headers['retry-after'], cookies]).toEqual([503, expect.stringMatching(/^\d+$/), []])
    expect(took).toBeLessThan(2000)
  }
}

type Seen = Timed & { readonly path: string }

const BROWSED = [
  ['/hello', NAVIGATION],
  ['/api/whoami', SCRIPT],
  ['/', NAVIGATION],
] as const

/** People who browse, until it is over; what they got. */
function browse(jars: readonly Jar[]): { readonly stop: () => Promise<readonly Seen[]> } {
  const answers: Seen[] = []
  let isOver = false
  const one = async (jar: Jar, number: number): Promise<void> => {
    for (let i = number; !isOver; i++) {
      const app = i % 2 === 0 ? apps.a : apps.b
      const [path, headers] = BROWSED[i % BROWSED.length] ?? BROWSED[0]
      answers.push({ ...(await timed(app.send(path, { jar, headers }))), path })
    }
  }
  const all = Promise.all(jars.map(one))
  return {
    stop: async () => {
      isOver = true
      await all
      return answers
    },
  }
}

/** Nobody who browsed waited too long, saw anything but their page or 503, or lost their cookie. */
function expectServedOrAskedToWait(answers: readonly Seen[]): void {
  const statuses = (path: string): number[] => [
    ...new Set(answers.filter((answer) => answer.path === path).map(({ status }) => status)),
  ]
  expect(answers.filter(({ took }) => took >= 2000)).toEqual([])
  expect(statuses('/')).toEqual([200])
  for (const path of ['/hello', '/api/whoami']) expect(statuses(path).sort()).toEqual([200, 503])
  expect(answers.flatMap(({ cookies }) => cookies)).toEqual([])
}

/** For so long, in milliseconds: commands that hang, connecting again, what is refused at once, all have their time. */
async function expectOutageFor(limit: number, jar: Jar): Promise<void> {
  const token = await provider.accessToken()
  const end = performance.now() + limit
  do for (const app of apps.both) await expectOutage(app, jar, token)
  while (performance.now() < end)
}

describe('Redis is down when we start', () => {
  test('RE-07 P-11 up and alive, not ready, bearer and public page work, logins are 503; heals within 5 seconds by itself', async () => {
    const late = await RedisServer.start()
    await late.kill()
    const app = await TestApp.start(provider, { redisUrl: late.url })
    try {
      const token = await provider.accessToken()
      expect((await app.bearer(token)).status).toBe(200)
      const jar = new Jar({ cookies: [['latchkey', 's%3Ax.y']] })
      expect((await app.send('/healthz')).status).toBe(200)
      const readyz = await app.send('/readyz')
      expect([readyz.status, readyz.body]).toEqual([503, expect.stringMatching(/^store: down$/m)])
      expect((await app.navigate('/', jar)).status).toBe(200)
      const login = await timed(app.navigate('/login'))
      expect([login.status, login.headers['retry-after'], login.cookies]).toEqual([
        503,
        expect.stringMatching(/^\d+$/),
        [],
      ])
      expect(login.took).toBeLessThan(2000)
      await late.restart()
      const back = performance.now()
      await ready(app)
      await expectHonestLogin(app, provider)
      expect(performance.now() - back).toBeLessThan(5000)
      expect(codes(app)).toEqual(['store_unavailable', 'store_available'])
    } finally {
      await stopShared(app)
      await late.stop()
    }
  })
})

describe('Redis goes down while people browse', () => {
  test.each<[string, () => unknown, () => unknown]>([
    ['killed', () => redis.kill(), () => redis.restart()],
    ['silent for more than 5 seconds', () => redis.pause(), () => redis.resume()],
  ])(
    'RE-08 P-12 P-13 %s: 503 in time, never anybody signed out, all as before within 5 seconds',
    async (name, leave, back) => {
      const people = Array.from({ length: 6 }, () => ({ jar: new Jar(), person: newPerson() }))
      const first = { jar: new Jar(), person: newPerson() }
      for (const { jar, person } of [first, ...people]) await apps.a.signIn(provider, jar, person)
      const token = await provider.accessToken()
      for (const app of apps.both) expect((await app.bearer(token)).status).toBe(200)
      for (const app of apps.both) app.log.length = 0
      const browsing = browse(people.map(({ jar }) => jar))
      await leave()
      try {
        await expectOutageFor(6000, first.jar)
      } finally {
        await back()
      }
      const came = performance.now()
      for (const app of apps.both) await ready(app)
      for (const { jar, person } of [first, ...people])
        expect(await apps.ids(jar)).toEqual([person.sub, person.sub])
      for (const app of apps.both) await expectHonestLogin(app, provider)
      expect([name, performance.now() - came < 5000]).toEqual([name, true])
      expectServedOrAskedToWait(await browsing.stop())
      for (const app of apps.both) expect(codes(app)).toEqual(['store_unavailable', 'store_available'])
    },
    60_000,
  )

  test('RE-08 P-13 killed three times: it comes back each time, and the log says it once each', async () => {
    const [jar, person] = [new Jar(), newPerson()]
    await apps.b.signIn(provider, jar, person)
    for (const app of apps.both) app.log.length = 0
    for (let time = 1; time <= 3; time++) {
      await redis.kill()
      for (const app of apps.both)
        for (let tries = 1; tries <= 3; tries++) expect((await app.navigate('/hello', jar)).status).toBe(503)
      await redis.restart()
      for (const app of apps.both) await ready(app)
      expect(await apps.ids(jar)).toEqual([person.sub, person.sub])
      const one = ['store_unavailable', 'store_available']
      for (const app of apps.both) expect(codes(app)).toEqual(Array.from({ length: time }, () => one).flat())
    }
  })
})

describe('Redis with a password', () => {
  const PASSWORD = 'the-password-of-this-redis'

  test('AC-05 a session lives in it; when it is down, /readyz and the log show no credential, no address, no text of a library', async () => {
    const locked = await RedisServer.start({ password: PASSWORD })
    const app = await startShared(provider, locked.url)
    try {
      const jar = new Jar()
      await expectHonestLogin(app, provider, jar)
      await locked.kill()
      const answers = [
        await app.send('/readyz'),
        await app.navigate('/hello', jar),
        await app.send('/session', { jar, headers: SCRIPT }),
      ]
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
      expect(answers[0]?.body).toBe('provider: ok\nstore: down\n')
      const told =
        answers.map(({ body, rawHeaders }) => body + rawHeaders.join()).join() + JSON.stringify(app.log)
      expect(told).toContain('store_unavailable')
      for (const word of [
        PASSWORD,
        'redis://',
        String(locked.port),
        'node_modules',
        'socket',
        'Socket closed',
      ])
        expect([word, told.includes(word)]).toEqual([word, false])
    } finally {
      await stopShared(app)
      await locked.stop()
    }
  })

  test('AC-05 P-13 a wrong one: down, and neither of the two is told; once it is the right one, it works', async () => {
    const locked = await RedisServer.start({ password: PASSWORD })
    const app = await TestApp.start(provider, {
      redisUrl: `redis://:not-the-password@127.0.0.1:${locked.port}`,
    })
    try {
      const told = await until(async () => {
        const readyz = await app.send('/readyz')
        const login = await app.navigate('/login')
        expect([readyz.status, login.status]).toEqual([503, 503])
        const text = readyz.body + login.body + JSON.stringify(app.log)
        return text.includes('store_unavailable') ? text : undefined
      })
      for (const word of [PASSWORD, 'not-the-password', 'username-password', 'redis://'])
        expect([word, told.includes(word)]).toEqual([word, false])
      await locked.command('CONFIG', 'SET', 'requirepass', 'not-the-password')
      await ready(app)
      await expectHonestLogin(app, provider)
    } finally {
      await stopShared(app)
      await locked.stop()
    }
  })
})
