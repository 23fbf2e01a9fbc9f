import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express } from 'express'
import type { Services } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, TestApp, type Answer } from '../../support/test-app.js'
import { script } from '../refresh/two-apps.js'

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar
let parts: Services
/** Which handlers have run. */
let ran: string[] = []

function makeApp(services: Services): Express {
  parts = services
  const { session, routes, requireLogin, requireBearer } = services
  const run = (req: express.Request, res: express.Response): void => {
    ran.push(req.path)
    res.json({ served: true })
  }
  return express()
    .use('/api', express.Router().get('/strong', requireBearer({ acr: '2fa' }), run))
    .get('/api-recent', requireBearer({ maxAge: 60 }), run)
    .get('/api-both', requireBearer({ acr: ['2fa', 'passkey'], maxAge: 60, scope: ['read'] }), run)
    .use(session, routes)
    .get('/fresh', requireLogin({ maxAge: 60 }), run)
    .get('/any', requireLogin(), run)
    .get('/either', requireLogin({ acr: ['2fa', 'passkey'] }), run)
    .get('/both', requireLogin({ acr: '2fa', maxAge: 60 }), run)
    .get('/program', requireLogin({ maxAge: 60, redirect: false }), run)
}

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  provider.reset()
  clock = new Clock()
  jar = new Jar()
  ran = []
  app = await TestApp.start(provider, { now: clock.now, clockTolerance: 5, makeApp })
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const seconds = (): number => Math.floor(Date.now() / 1000)
type Times = readonly (readonly [string, () => unknown])[]
const STALE: Times = [
  ['older', () => seconds() - 70],
  ['of 1970', () => 1],
  ['absent', () => undefined],
  ['an hour ahead', () => seconds() + 3600],
  ['ahead by more than the tolerance', () => seconds() + 20],
  ['in milliseconds', () => Date.now()],
]
const MALFORMED: Times = [
  ['null', () => null],
  ['text', () => String(seconds())],
  ['a date as text', () => new Date().toISOString()],
  ['a list', () => [seconds()]],
  ['negative', () => -1],
]

/** The step-up that a navigation is led to, up to what the callback answers. */
async function stepUp(path: string, person: Person): Promise<Answer> {
  const answer = await app.follow(path, jar)
  expect(answer.status).toBe(302)
  return app.callback(provider.approve(answer.location ?? '', person), jar)
}

describe('SU-03 requireLogin({ maxAge: 60 })', () => {
  test.each(STALE)(
    'SU-03 auth_time %s: one new login, then a page, and not let in',
    async (_name, authTime) => {
      const person = newPerson({ auth_time: authTime() })
      await app.signIn(provider, jar, person)
      const answer = await app.navigate('/fresh', jar)
      const url = new URL(answer.location ?? '')
      expect(url.origin + url.pathname).toBe(`${provider.issuer}/protocol/openid-connect/auth`)
      expect([url.searchParams.get('max_age'), url.searchParams.has('acr_values')]).toEqual(['60', false])
      // Stripped on the way, so that the provider asks nobody anything.
      url.searchParams.delete('max_age')
      const back = await app.callback(provider.approve(url.href, person), jar)
      expect([back.status, back.location]).toEqual([403, undefined])
      expect(back.body).toContain('<code>login_too_weak</code>')
      expect(ran).toEqual([])
      expect((await app.navigate('/any', jar)).status).toBe(200)
      expect((await app.navigate('/fresh', jar)).status).toBe(302)
      const fresh = await stepUp('/fresh', { ...person, auth_time: seconds() })
      expect([fresh.status, fresh.location]).toEqual([303, '/fresh'])
      expect((await app.navigate('/fresh', jar)).status).toBe(200)
      expect(ran).toEqual(['/any', '/fresh'])
    },
  )

  test.each(MALFORMED)(
    'SU-03 auth_time %s: a page, not let in, and the session is as it was',
    async (_name, authTime) => {
      const person = newPerson({ auth_time: undefined })
      await app.signIn(provider, jar, person)
      const back = await stepUp('/fresh', { ...person, auth_time: authTime() })
      expect([400, 403]).toContain(back.status)
      expect(back.location).toBeUndefined()
      expect((await app.navigate('/fresh', jar)).status).toBe(302)
      expect((await app.navigate('/any', jar)).status).toBe(200)
      expect(ran).toEqual(['/any'])
    },
  )

  test('SU-03 a fresh auth_time is let in, until it is too old, and a refresh does not make it younger', async () => {
    provider.accessTokenLife = 40
    await app.signIn(provider, jar, newPerson({ auth_time: seconds() }))
    expect((await app.navigate('/fresh', jar)).status).toBe(200)
    clock.forward(55)
    expect((await app.navigate('/fresh', jar)).status).toBe(200)
    clock.forward(15)
    expect((await app.navigate('/fresh', jar)).status).toBe(302)
    expect((await app.navigate('/any', jar)).status).toBe(200)
    expect(provider.grants('refresh_token')).toBeGreaterThan(0)
  })

  test('SU-03 a refreshed ID token without auth_time: asked again', async () => {
    provider.accessTokenLife = 10
    await app.signIn(provider, jar, newPerson({ auth_time: seconds() }))
    provider.onIdToken = (draft) => ({
      ...draft,
      claims: { ...draft.claims, auth_time: undefined },
    })
    clock.forward(11)
    expect((await app.navigate('/fresh', jar)).status).toBe(302)
  })

  test('SU-03 what userinfo says of the time lets nobody in', async () => {
    const bare = newPerson({ name: undefined, preferred_username: undefined, auth_time: undefined })
    provider.userinfo = { sub: bare.sub, name: 'Bare', auth_time: seconds() }
    await app.signIn(provider, jar, bare)
    expect((await app.navigate('/fresh', jar)).status).toBe(302)
  })

  test.each(['/fresh', '/program'])(
    'SU-03 %s: a script gets 401 with max_age and no redirect',
    async (path) => {
      await app.signIn(provider, jar, newPerson({ auth_time: seconds() - 100 }))
      const answer = await script(app, jar, path)
      expect([answer.status, answer.location]).toEqual([401, undefined])
      expect(answer.headers['www-authenticate']).toMatch(
        /error="insufficient_user_authentication", max_age="60"$/,
      )
      if (path === '/program') expect((await app.navigate(path, jar)).status).toBe(401)
      expect(ran).toEqual([])
    },
  )

  test('SU-03 without a session: one trip that asks for it', async () => {
    const answer = await stepUp('/fresh', newPerson({ auth_time: seconds() }))
    expect(answer.location).toBe('/fresh')
    expect(provider.grants('authorization_code')).toBe(1)
  })
})

describe('SU-01 requireLogin with several levels, and with a level and an age', () => {
  test('SU-01 any of the list will do, and no other', async () => {
    await app.signIn(provider, jar, newPerson({ acr: 'pwd' }))
    const url = new URL((await app.navigate('/either', jar)).location ?? '')
    expect(url.searchParams.get('acr_values')).toBe('2fa passkey')
    for (const acr of ['2fa passkey', 'pass', 'PASSKEY']) {
      await app.signIn(provider, jar, newPerson({ acr }))
      expect((await script(app, jar, '/either')).status).toBe(401)
    }
    for (const acr of ['2fa', 'passkey']) {
      await app.signIn(provider, jar, newPerson({ acr }))
      expect((await script(app, jar, '/either')).status).toBe(200)
    }
  })

  test('SU-01 SU-03 both are needed', async () => {
    for (const [acr, age] of [
      ['pwd', 0],
      ['2fa', 100],
      ['pwd', 100],
    ] as const) {
      await app.signIn(provider, jar, newPerson({ acr, auth_time: seconds() - age }))
      const answer = await script(app, jar, '/both')
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(/acr_values="2fa", max_age="60"$/)
    }
    await app.signIn(provider, jar, newPerson({ acr: '2fa', auth_time: seconds() }))
    expect((await script(app, jar, '/both')).status).toBe(200)
  })
})

describe('SU-05 requireBearer({ acr, maxAge })', () => {
  const bearer = async (path: string, claims: Record<string, unknown>): Promise<Answer> =>
    app.bearer(await provider.accessToken(claims), path)

  function expectInsufficient(answer: Answer, parameters: string): void {
    expect([answer.status, answer.location, ran]).toEqual([401, undefined, []])
    expect(answer.headers['www-authenticate']).toMatch(
      new RegExp(
        `^Bearer realm="latchkey", error="insufficient_user_authentication", [^]*${parameters}, resource_metadata=`,
      ),
    )
    expect(answer.json()).toMatchObject({ error: 'insufficient_user_authentication' })
  }

  test.each(['pwd', '0', '2FA', ['2fa'], 2, '', null, undefined])(
    'SU-05 acr %j: 401 with acr_values',
    async (acr) => {
      expectInsufficient(await bearer('/api/strong', { acr }), 'acr_values="2fa"')
      expect((await bearer('/api/strong', { acr: '2fa' })).status).toBe(200)
    },
  )

  test.each([...STALE, ...MALFORMED])('SU-05 auth_time %s: 401 with max_age', async (_name, authTime) => {
    expectInsufficient(await bearer('/api-recent', { auth_time: authTime() }), 'max_age="60"')
    expect((await bearer('/api-recent', { auth_time: seconds() - 50 })).status).toBe(200)
  })

  test('SU-05 both, and a scope beside them: the strength comes first, the scope stays 403', async () => {
    const good = { acr: 'passkey', auth_time: seconds(), scope: 'read' }
    const both = 'acr_values="2fa passkey", max_age="60"'
    expectInsufficient(await bearer('/api-both', { ...good, acr: 'pwd' }), both)
    expectInsufficient(await bearer('/api-both', { ...good, auth_time: seconds() - 100 }), both)
    expectInsufficient(await bearer('/api-both', { acr: 'pwd', scope: '' }), both)
    const lacking = await bearer('/api-both', { ...good, scope: 'write' })
    expect([lacking.status, lacking.headers['www-authenticate']]).toEqual([
      403,
      expect.stringContaining('error="insufficient_scope"'),
    ])
    expect((await bearer('/api-both', good)).status).toBe(200)
  })

  test('SU-05 a token that is none is invalid_token, and no token has no error', async () => {
    const bad = await app.bearer('a.b.c', '/api/strong')
    expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(bad.headers['www-authenticate']).not.toContain('acr_values')
    expect((await app.bearer(undefined, '/api/strong')).headers['www-authenticate']).not.toContain('error')
  })
})

describe('SU-01 SU-05 options that nobody can have meant', () => {
  const bad: readonly (readonly [string, object])[] = [
    ['an acr that is not set', { acr: undefined }],
    ['an age that is not set', { maxAge: undefined }],
    ['no acr in the list', { acr: [] }],
    ['an empty acr', { acr: '' }],
    ['a blank in it', { acr: 'a b' }],
    ['a quote in it', { acr: '"' }],
    ['a line break in it', { acr: ['2fa\r\nx'] }],
    ['a number', { acr: 2 }],
    ['one of several', { acr: ['2fa', null] }],
    ['a negative age', { maxAge: -1 }],
    ['half a second', { maxAge: 0.5 }],
    ['text', { maxAge: '60' }],
    ['NaN', { maxAge: Number.NaN }],
    ['another spelling', { maxage: 60 }],
    ['another spelling of acr', { acrValues: '2fa' }],
  ]

  test.each(bad)('SU-01 SU-05 %s: the guard is not built', (_name, options) => {
    expect(() => parts.requireLogin(options)).toThrow(TypeError)
    expect(() => parts.requireBearer(options)).toThrow(TypeError)
  })
})
