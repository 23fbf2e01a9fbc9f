import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock, expectHonestLogin } from '../../support/logins.js'
import { json, ScriptedProvider, type Answer } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { script } from './two-apps.js'

const LIFE = 60

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar
const person = newPerson()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  provider.reset()
  provider.accessTokenLife = LIFE
  clock = new Clock()
  jar = new Jar()
  app = await TestApp.start(provider, { now: clock.now, upstreamTimeout: 1 })
  await app.signIn(provider, jar, person)
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const due = (): void => clock.forward(LIFE - 20)
const over = (): void => clock.forward(LIFE + 1)
const codes = (): readonly unknown[] => app.log.map(({ code }) => code)

describe('RF-02 the refresh is answered invalid_grant', () => {
  const refuse: Answer = (_call, res) => json(res, 400, { error: 'invalid_grant' })

  test.each([
    ['due', due],
    ['over', over],
  ])('RF-02 P-9 C003-05 token %s: a page leads to the login and back', async (_name, pass) => {
    pass()
    provider.answers.token = refuse
    const answer = await app.navigate('/account?x=1', jar)
    expect([answer.status, answer.location]).toEqual([302, '/login?return_to=%2Faccount%3Fx%3D1'])
    expect(answer.headers['cache-control']).toBe('no-store')
    // Its cookie opens nothing, and in another tab it may be another one's by now.
    expect(answer.cookies).toEqual([])
  })

  test('RF-02 JSON gets 401 without a redirect', async () => {
    over()
    provider.answers.token = refuse
    const answer = await script(app, jar)
    expect([answer.status, answer.location, answer.cookies]).toEqual([401, undefined, []])
    expect(answer.json()).toMatchObject({ error: 'unauthorized' })
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="latchkey"/)
  })

  test('RF-02 the session is gone for a browser that keeps its cookie, and nothing more is asked', async () => {
    over()
    const kept = jar.copy()
    provider.answers.token = refuse
    await script(app, jar)
    provider.answers = {}
    expect((await app.navigate('/hello', kept)).status).toBe(302)
    expect((await script(app, kept)).status).toBe(401)
    expect((await script(app, kept, '/session')).status).toBe(401)
    expect(provider.grants('refresh_token')).toBe(1)
    expect(codes()).toContain('session_ended')
    await expectHonestLogin(app, provider, kept)
  })

  test('RF-02 so it is when the refresh token was used by somebody else, which ends them both', async () => {
    provider.families.redeem(String(provider.families.newest(person)))
    over()
    expect((await script(app, jar)).status).toBe(401)
    expect(provider.families.reused).toBe(1)
  })
})

const half: Answer = (_call, res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 })
  res.write('{"access_token":"x","tok')
  res.destroy()
}

const FAILURES: readonly (readonly [string, Answer, number])[] = [
  ['503', (_call, res) => void res.writeHead(503).end(), 503],
  ['500 with invalid_grant', (_call, res) => json(res, 500, { error: 'invalid_grant' }), 503],
  ['nothing', () => undefined, 503],
  ['a closed connection', (_call, res) => void res.destroy(), 503],
  ['half an answer', half, 503],
  ['HTML', (_call, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'), 502],
  ['cut JSON', (_call, res) => json(res, 200, '{"access_token":"x","token_type":"Bea'), 502],
  ['204', (_call, res) => void res.writeHead(204).end(), 502],
  ['{}', (_call, res) => json(res, 200, {}), 502],
  ['an error with status 200', (_call, res) => json(res, 200, { error: 'invalid_grant' }), 502],
  ['invalid_client', (_call, res) => json(res, 401, { error: 'invalid_client' }), 502],
  ['400 with another error', (_call, res) => json(res, 400, { error: 'invalid_scope' }), 502],
]

describe('RF-02 P-3 P-5 P-9 the refresh is answered in any other way: the session stays', () => {
  test.each(FAILURES)('RF-02 P-9 %s: used while the token lasts', async (_name, answer) => {
    due()
    provider.answers.token = answer
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect(provider.grants('refresh_token')).toBe(1)
    // The second does not wait for a server in trouble.
    const begun = performance.now()
    expect((await script(app, jar)).json()).toMatchObject({ id: person.sub })
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(provider.grants('refresh_token')).toBe(1)
    expect(jar.get('latchkey')).toBeDefined()
  })

  test.each(FAILURES)(
    'RF-02 P-9 %s: 503 or 502 when it is over, and alive when the provider is',
    async (_name, answer, status) => {
      over()
      provider.answers.token = answer
      const begun = performance.now()
      const page = await app.navigate('/hello', jar)
      const data = await script(app, jar)
      expect(performance.now() - begun).toBeLessThan(3500)
      expect([page.status, data.status]).toEqual([status, status])
      expect([page.location, data.location, page.cookies, data.cookies]).toEqual([
        undefined,
        undefined,
        [],
        [],
      ])
      if (status === 503) for (const { headers } of [page, data]) expect(headers['retry-after']).toBe('5')
      expect(page.headers['content-type']).toMatch(/^text\/html/)
      expect((await script(app, jar, '/session')).status).toBe(200)
      provider.answers = {}
      expect((await app.navigate('/hello', jar)).body).toContain(String(person['name']))
      expect(codes()).not.toContain('session_ended')
    },
  )

  test('RF-02 P-3 the provider is down: used while the token lasts, then 503, then alive again', async () => {
    await provider.close()
    due()
    for (let i = 0; i < 3; i++) expect((await app.navigate('/hello', jar)).status).toBe(200)
    clock.forward(21)
    for (let i = 0; i < 2; i++) expect((await app.navigate('/hello', jar)).status).toBe(503)
    await provider.open()
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect([provider.grants('refresh_token'), provider.families.reused]).toEqual([1, 0])
  })

  test('RF-02 while the token lasts it is tried again, but not at every request', async () => {
    due()
    provider.answers.token = (_call, res) => void res.writeHead(503).end()
    for (let i = 0; i < 10; i++) await script(app, jar)
    expect(provider.grants('refresh_token')).toBe(1)
    clock.forward(3)
    for (let i = 0; i < 10; i++) await script(app, jar)
    expect(provider.grants('refresh_token')).toBe(2)
    provider.answers = {}
    clock.forward(3)
    await script(app, jar)
    await script(app, jar)
    expect(provider.grants('refresh_token')).toBe(3)
    expect(codes().filter((code) => code === 'refresh')).toHaveLength(1)
  })

  test('P-5 P-9 no key to judge the ID token by: the session stays, and the new refresh token is not lost', async () => {
    due()
    await provider.rotate()
    provider.answers.jwks = (_call, res) => void res.writeHead(500).end()
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect(provider.grants('refresh_token')).toBe(1)
    clock.forward(21)
    expect((await app.navigate('/hello', jar)).status).toBe(503)
    provider.answers = {}
    clock.forward(6)
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect(provider.families.reused).toBe(0)
  })
})
