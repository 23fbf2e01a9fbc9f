import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock, expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { expectRefusedCallback } from './callbacks.js'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})

beforeEach(() => {
  provider.reset()
  jar = new Jar()
})

afterAll(async () => {
  await app.stop()
  await provider.close()
})

const approved = async (path = '/login', target = app): Promise<URL> =>
  provider.approve((await target.beginLogin(jar, path)).href, newPerson())

describe('C003-14 C002-02 a login begun in another browser', () => {
  test.each(['with a pending login of its own', 'with none'])('is refused in a browser %s', async (which) => {
    const other = new Jar()
    if (which !== 'with none') await app.beginLogin(other)
    const url = await approved()
    const answer = await expectRefusedCallback(app, provider, { url, jar: other })
    expect(answer.body).toContain('This sign-in does not belong to this browser')
    await expectHonestLogin(app, provider, other)
  })

  test('the browser that began it can still finish', async () => {
    const url = await approved()
    await expectRefusedCallback(app, provider, { url, jar: new Jar() })
    expect((await app.callback(url, jar)).status).toBe(303)
    expect(await app.whoami(jar)).toBeDefined()
  })

  test('a browser that holds a value of the wrong form is given none of its own choice', async () => {
    jar.set('latchkey-login', 'chosen')
    await app.beginLogin(jar)
    expect(jar.get('latchkey-login')).toMatch(/^[\w-]{43}$/)
  })
})

describe('FL-06 FL-12 C003-14 the callback a second time', () => {
  test('FL-06 with the cookies of before the login: refused, not redeemed, nobody signed in', async () => {
    const url = await approved()
    const before = jar.copy()
    await app.callback(url, jar)
    const answer = await expectRefusedCallback(app, provider, { url, jar: before })
    expect(answer.body).toContain('login_spent')
    expect(provider.count('token')).toBe(1)
  })

  test('FL-06 two at the same moment: one signs in, one exchange', async () => {
    const url = await approved()
    const answers = await Promise.all([app.callback(url, jar), app.callback(url, jar.copy())])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400])
    expect(provider.count('token')).toBe(1)
  })

  test('FL-06 after signing out: a page with a way on, never a session', async () => {
    const url = await approved('/login?return_to=%2Faccount')
    await app.callback(url, jar)
    await app.signOut(jar)
    const answer = await expectRefusedCallback(app, provider, { url, jar })
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-12 C003-14 the back button leads into the app, session intact, no second exchange', async () => {
    const url = await approved('/login?return_to=%2Faccount%3Ftab%3D1')
    await app.callback(url, jar)
    const who = await app.whoami(jar)
    const cookie = jar.header
    for (let i = 0; i < 3; i++) {
      const answer = await app.callback(url, jar)
      expect([answer.status, answer.location, answer.cookies]).toEqual([303, '/account?tab=1', []])
    }
    expect(provider.count('token')).toBe(1)
    expect(jar.header).toBe(cookie)
    expect(await app.whoami(jar)).toEqual(who)
  })
})

describe('FL-13 C003-14 LOGIN_TIMEOUT', () => {
  let clock: Clock
  let timed: TestApp

  beforeEach(async () => {
    clock = new Clock()
    timed = await TestApp.start(provider, { now: clock.now, loginTimeout: 60 })
  })

  afterEach(() => timed.stop())

  test('FL-13 after it: a page that leads on to the remembered path, no exchange, and the login works', async () => {
    clock.forward(-61)
    const url = await approved('/login?return_to=%2Faccount', timed)
    clock.forward(61)
    const answer = await expectRefusedCallback(timed, provider, { url, jar })
    expect(answer.body).toContain('Signing in took too long')
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
    await expectHonestLogin(timed, provider, jar)
  })

  test('FL-13 long after it, when the login is forgotten: still a page', async () => {
    clock.forward(-1000)
    const url = await approved('/login', timed)
    clock.forward(1000)
    const answer = await expectRefusedCallback(timed, provider, { url, jar })
    expect(answer.body).toContain('unknown_login')
  })

  test('FL-13 over a live session it leads into the app', async () => {
    await timed.signIn(provider, jar)
    clock.forward(-61)
    const url = await approved('/login?return_to=%2Faccount', timed)
    clock.forward(61)
    const answer = await timed.callback(url, jar)
    expect([answer.status, answer.location]).toEqual([303, '/account'])
  })

  test('FL-13 just before it the login finishes', async () => {
    clock.forward(-59)
    const url = await approved('/login', timed)
    clock.forward(59)
    expect((await timed.callback(url, jar)).status).toBe(303)
  })
})

describe('FL-14 C003-02 another person signs in over a live session', () => {
  test('FL-14 a new session id, nothing of the first person, and the old cookie is dead', async () => {
    const [first, second] = [newPerson(), newPerson()]
    await app.signIn(provider, jar, first)
    const old = jar.copy()
    await app.signIn(provider, jar, second)
    expect(jar.get('latchkey')).not.toBe(old.get('latchkey'))
    expect(await app.whoami(old)).toBeUndefined()
    expect((await app.navigate('/hello', old)).status).toBe(302)
    expect(await app.whoami(jar)).toMatchObject({ id: second.sub })
    for (const path of ['/', '/hello', '/account', '/session', '/api/whoami', '/logout']) {
      const { body } = await app.send(path, { jar, headers: path === '/api/whoami' ? SCRIPT : {} })
      for (const name of ['sub', 'name', 'email', 'preferred_username'])
        expect(body).not.toContain(String(first[name]))
    }
  })

  test('FL-14 the same person again: a new session id as well', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    const old = jar.copy()
    await app.signIn(provider, jar, person)
    expect(jar.get('latchkey')).not.toBe(old.get('latchkey'))
    expect(await app.whoami(old)).toBeUndefined()
  })
})

describe('FL-18 C003-13 many logins in one browser', () => {
  test('C003-13 FL-18 ten pending logins all finish, each where it was going, and the cookie does not grow', async () => {
    const urls: URL[] = []
    for (let i = 0; i < 10; i++) urls.push(await approved(`/login?return_to=%2Fhello%3Ftab%3D${i}`))
    expect(jar.header.length).toBeLessThan(200)
    for (const [i, url] of urls.entries())
      expect((await app.callback(url, jar)).location).toBe(`/hello?tab=${i}`)
    expect(provider.count('token')).toBe(10)
    expect([...jar.names].sort()).toEqual(['latchkey', 'latchkey-login'])
    expect(jar.header.length).toBeLessThan(400)
  })

  test('FL-18 the eleventh pushes out the oldest, and only that', async () => {
    const urls: URL[] = []
    for (let i = 0; i < 11; i++) urls.push(await approved())
    const [oldest, ...others] = urls as [URL, ...URL[]]
    const answer = await expectRefusedCallback(app, provider, { url: oldest, jar })
    expect(answer.body).toContain('unknown_login')
    for (const url of others) expect((await app.callback(url, jar)).status).toBe(303)
  })

  test('FL-18 LOGIN_LIMIT is a setting', async () => {
    await withApp(provider, { loginLimit: 2 }, async (two) => {
      const urls = [
        await approved('/login', two),
        await approved('/login', two),
        await approved('/login', two),
      ]
      const statuses: number[] = []
      for (const url of urls) statuses.push((await two.callback(url, jar)).status)
      expect(statuses).toEqual([400, 303, 303])
    })
  })

  test('FL-18 300 logins leave cookies below 4 kB, and the newest completes', async () => {
    let newest: URL | undefined
    for (let i = 0; i < 300; i++) {
      newest = await approved(`/login?return_to=%2Fhello%3Fx%3D${'x'.repeat(1000)}`)
      expect(jar.header.length).toBeLessThan(200)
    }
    expect(newest && (await app.callback(newest, jar)).status).toBe(303)
    expect(await app.whoami(jar)).toBeDefined()
  })

  test('FL-18 finished logins push out none that are pending', async () => {
    const pending = await approved()
    for (let i = 0; i < 12; i++) await app.signIn(provider, jar)
    expect((await app.callback(pending, jar)).status).toBe(303)
  })
})
