import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, SCRIPT, type TestApp, type TestAppOptions } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { script } from './two-apps.js'

let provider: ScriptedProvider
let clock: Clock
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(() => {
  provider.reset()
  clock = new Clock()
  jar = new Jar()
})
afterAll(() => provider.close())

/** An app in which somebody has signed in, for one test. */
function signedInApp(options: TestAppOptions, run: (app: TestApp) => Promise<void>): Promise<void> {
  return withApp(provider, { now: clock.now, ...options }, async (app) => {
    await app.signIn(provider, jar)
    await run(app)
  })
}

const refreshes = (): number => provider.grants('refresh_token')

describe('C003-05 REFRESH_BEFORE', () => {
  test.each([
    ['the default of 30 s', {}, 60, 29, 31],
    ['10 s', { refreshBefore: 10 }, 60, 49, 51],
    ['0: when the token is over', { refreshBefore: 0 }, 60, 59, 61],
    ['a life of 30 s, no longer than that: at its half', {}, 30, 14, 16],
    ['a life of 10 s: at its half', {}, 10, 4, 6],
    ['a life of 100 s, when 100 are asked: at its half', { refreshBefore: 100 }, 100, 49, 51],
    ['a life of 101 s, when 100 are asked: after 1 s', { refreshBefore: 100 }, 101, 0, 2],
  ])('C003-05 %s', async (_name, options, life, early, late) => {
    provider.accessTokenLife = life
    await signedInApp(options, async (app) => {
      clock.forward(early)
      expect((await script(app, jar)).status).toBe(200)
      expect(refreshes()).toBe(0)
      clock.forward(late - early)
      for (let i = 0; i < 5; i++) expect((await script(app, jar)).status).toBe(200)
      // Once: what was renewed is not due at the next request.
      expect(refreshes()).toBe(1)
    })
  })

  test('C003-05 a life that the provider does not tell is taken for 300 s', async () => {
    provider.onTokenResponse = (body) => ({ ...body, expires_in: undefined })
    await signedInApp({}, async (app) => {
      clock.forward(269)
      await script(app, jar)
      expect(refreshes()).toBe(0)
      clock.forward(2)
      for (let i = 0; i < 3; i++) await script(app, jar)
      expect(refreshes()).toBe(1)
    })
  })

  test('C003-05 100 requests over ten lives of a short token: about two refreshes a life', async () => {
    provider.accessTokenLife = 4
    await signedInApp({}, async (app) => {
      for (let i = 0; i < 100; i++) {
        clock.forward(0.4)
        expect((await script(app, jar)).status).toBe(200)
      }
      expect(refreshes()).toBeGreaterThan(10)
      expect(refreshes()).toBeLessThanOrEqual(20)
      expect(provider.families.reused).toBe(0)
    })
  })
})

describe('C003-05 which requests renew', () => {
  test.each([
    ['/hello', NAVIGATION],
    ['/account', NAVIGATION],
    ['/hello', SCRIPT],
    ['/api/whoami', SCRIPT],
  ])('C003-05 %s does', async (path, headers) => {
    provider.accessTokenLife = 60
    await signedInApp({}, async (app) => {
      clock.forward(61)
      expect((await app.send(path, { jar, headers })).status).toBe(200)
      expect(refreshes()).toBe(1)
    })
  })

  test.each(['/session', '/session/', '/', '/login', '/logout', '/no-such-page', '/latchkey/style.css'])(
    'AC-04 C003-05 %s does not',
    async (path) => {
      provider.accessTokenLife = 60
      await signedInApp({}, async (app) => {
        for (const seconds of [31, 30]) {
          clock.forward(seconds)
          await app.navigate(path, jar)
          await script(app, jar, path)
        }
        expect(refreshes()).toBe(0)
        if (path === '/session') expect((await script(app, jar, path)).status).toBe(200)
      })
    },
  )

  test('C003-05 a bearer token beside the session does not', async () => {
    provider.accessTokenLife = 60
    await signedInApp({}, async (app) => {
      clock.forward(61)
      const token = await provider.accessToken({ exp: Math.floor(clock.now() / 1000) + 60 })
      const headers = { ...SCRIPT, authorization: `Bearer ${token}` }
      expect((await app.send('/api/whoami', { jar, headers })).status).toBe(200)
      expect(refreshes()).toBe(0)
    })
  })
})

describe('C003-05 a provider that gives no refresh tokens', () => {
  test('C003-05 its sessions live by the time-outs, long after the access token', async () => {
    provider.accessTokenLife = 5
    provider.onTokenResponse = (body) => ({ ...body, refresh_token: undefined })
    await signedInApp({ sessionIdleTimeout: 600, sessionAbsoluteTimeout: 2000 }, async (app) => {
      for (let passed = 0; passed < 1500; passed += 500) {
        clock.forward(500)
        expect((await app.navigate('/hello', jar)).status).toBe(200)
        expect((await script(app, jar)).status).toBe(200)
      }
      expect(provider.count('token')).toBe(1)
      clock.forward(501)
      expect((await app.navigate('/hello', jar)).status).toBe(302)
    })
  })

  test('C003-05 they end when nobody uses them', async () => {
    provider.onTokenResponse = (body) => ({ ...body, refresh_token: undefined })
    await signedInApp({ sessionIdleTimeout: 600 }, async (app) => {
      clock.forward(601)
      expect((await script(app, jar)).status).toBe(401)
    })
  })
})
