import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock, expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'

const IDLE = 600
const ABSOLUTE = 3600

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar

beforeEach(async () => {
  clock = new Clock()
  jar = new Jar()
  provider = await ScriptedProvider.start()
  // The provider's clock stands: what it renews would be over by ours.
  provider.accessTokenLife = 100_000
  app = await TestApp.start(provider, {
    now: clock.now,
    sessionIdleTimeout: IDLE,
    sessionAbsoluteTimeout: ABSOLUTE,
  })
})

afterEach(async () => {
  await app.stop()
  await provider.close()
})

const session = (): ReturnType<TestApp['send']> => app.send('/session', { jar, headers: SCRIPT })
const endsAt = async (): Promise<number> =>
  Date.parse(((await session()).json() as { expires_at: string }).expires_at)

async function expectSignInAgain(): Promise<void> {
  const page = await app.navigate('/hello?x=1', jar)
  expect([page.status, page.location]).toEqual([302, '/login?return_to=%2Fhello%3Fx%3D1'])
  expect(await app.whoami(jar)).toBeUndefined()
  expect((await session()).status).toBe(401)
}

describe('SE-04 SESSION_IDLE_TIMEOUT and SESSION_ABSOLUTE_TIMEOUT', () => {
  test('SE-04 a session that nobody uses ends at the idle time-out, and signing in again works', async () => {
    await app.signIn(provider, jar)
    clock.forward(IDLE + 1)
    await expectSignInAgain()
    clock.forward(-IDLE - 1)
    await expectHonestLogin(app, provider, jar)
  })

  test('SE-04 it lives just before', async () => {
    await app.signIn(provider, jar)
    clock.forward(IDLE - 1)
    expect((await app.navigate('/hello', jar)).status).toBe(200)
  })

  test.each(['/hello', '/account', '/', '/api/whoami'])('SE-04 use of %s prolongs it', async (path) => {
    await app.signIn(provider, jar)
    for (let i = 0; i < 3; i++) {
      clock.forward(IDLE - 10)
      expect((await app.send(path, { jar, headers: SCRIPT })).status).toBe(200)
    }
    expect((await app.navigate('/hello', jar)).status).toBe(200)
  })

  test('SE-04 use does not move the absolute time-out', async () => {
    await app.signIn(provider, jar)
    for (let passed = 0; passed + 300 < ABSOLUTE; passed += 300) {
      clock.forward(300)
      expect((await app.navigate('/hello', jar)).status).toBe(200)
    }
    clock.forward(301)
    await expectSignInAgain()
  })
})

describe('AC-04 GET /session', () => {
  test('AC-04 without a session: 401 JSON with a challenge, no cookie', async () => {
    for (const headers of [SCRIPT, { accept: '*/*' }]) {
      const answer = await app.send('/session', { headers })
      expect([answer.status, answer.cookies, answer.location]).toEqual([401, [], undefined])
      expect(answer.headers['www-authenticate']).toMatch(
        /^Bearer realm="latchkey", resource_metadata="[^"]+"$/,
      )
      expect(answer.json()).toEqual({
        error: 'unauthorized',
        error_description: 'A session or a token is needed',
      })
    }
  })

  test('AC-04 says who, how and until when, in this order, and holds no token and no session id', async () => {
    const person = newPerson({ acr: '2fa', auth_time: Math.floor(Date.now() / 1000) - 100 })
    await app.signIn(provider, jar, person)
    const answer = await session()
    expect(answer.status).toBe(200)
    expect(Object.entries(answer.json() as object)).toEqual([
      ['subject', person.sub],
      ['name', person['name']],
      ['username', person['preferred_username']],
      ['email', person['email']],
      ['acr', '2fa'],
      ['authenticated_at', new Date(Number(person['auth_time']) * 1000).toISOString()],
      ['expires_at', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)],
      ['logout', '/logout'],
    ])
    expect(answer.body).not.toContain(jar.get('latchkey')?.slice(4, 20))
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
  })

  test('AC-04 names only from what the provider says, null for the rest', async () => {
    const bare = { name: undefined, email: undefined, preferred_username: undefined, acr: undefined }
    provider.metadata = { userinfo_endpoint: undefined }
    await app.signIn(provider, jar, newPerson({ ...bare, auth_time: undefined }))
    expect((await session()).json()).toMatchObject({ name: null, username: null, email: null, acr: null })
  })

  test('AC-04 expires_at is the idle end, or the absolute one when that is nearer', async () => {
    await app.signIn(provider, jar)
    const signedIn = clock.now()
    expect(Math.abs((await endsAt()) - (signedIn + IDLE * 1000))).toBeLessThan(2000)
    for (let i = 0; i < 11; i++) {
      clock.forward(300)
      await app.navigate('/hello', jar)
    }
    expect(Math.abs((await endsAt()) - (signedIn + ABSOLUTE * 1000))).toBeLessThan(2000)
  })

  test('AC-04 asking it again and again does not prolong the session', async () => {
    await app.signIn(provider, jar)
    const end = await endsAt()
    for (let i = 0; i < IDLE / 60 - 1; i++) {
      clock.forward(60)
      expect(await endsAt()).toBe(end)
    }
    clock.forward(61)
    expect((await session()).status).toBe(401)
    expect((await app.navigate('/hello', jar)).status).toBe(302)
  })

  test('AC-04 another origin gets no permission to read it, and callback= makes no script of it', async () => {
    await app.signIn(provider, jar)
    const answer = await app.send('/session?callback=steal', {
      jar,
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
    })
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(answer.body).not.toContain('steal')
  })
})
