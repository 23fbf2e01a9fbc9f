import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock, expectHonestLogin } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp
let clock: Clock

beforeEach(async () => {
  clock = new Clock()
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { now: clock.now, upstreamTimeout: 1 })
})

afterEach(async () => {
  await app.stop()
  await provider.close()
})

/** A failure is remembered for a moment; after it, the next request asks again. */
const MOMENT = 3

describe('C003-10 the provider is away at start', () => {
  test('C003-10 /login is 503 with Retry-After and a page that tries again with the same destination', async () => {
    await provider.close()
    const answer = await app.navigate('/login?return_to=%2Faccount')
    expect([answer.status, answer.headers['retry-after'], answer.location]).toEqual([503, '5', undefined])
    expect(answer.body).toContain('provider_unavailable')
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
    expect(answer.cookies).toEqual([])
    await provider.open()
  })

  test('C003-10 /secure-data is 503 for every token while no key is known; pages and health go on', async () => {
    const token = await provider.accessToken()
    await provider.close()
    const refused = await app.bearer(token)
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5'])
    expect(refused.json()).toMatchObject({ error: 'provider_unavailable' })
    expect((await app.bearer(undefined)).status).toBe(401)
    expect((await app.navigate('/')).status).toBe(200)
    expect((await app.send('/healthz')).status).toBe(200)
    const ready = await app.send('/readyz')
    expect([ready.status, ready.body]).toEqual([503, 'provider: down\nstore: ok\n'])
    await provider.open()
  })

  test('C003-10 it heals by itself when the provider comes', async () => {
    await provider.close()
    expect((await app.navigate('/login')).status).toBe(503)
    expect((await app.bearer('x.y.z')).status).toBe(401)
    await provider.open()
    clock.forward(MOMENT)
    await expectHonestLogin(app, provider)
    expect((await app.bearer(await provider.accessToken())).status).toBe(200)
    expect((await app.send('/readyz')).body).toBe('provider: ok\nstore: ok\n')
  })

  test('C003-10 a living session goes on when the provider goes away later', async () => {
    const jar = new Jar()
    const person = newPerson()
    await app.signIn(provider, jar, person)
    await provider.close()
    expect((await app.navigate('/hello', jar)).body).toContain(`Hello, ${String(person['name'])}!`)
    expect((await app.send('/session', { jar, headers: SCRIPT })).status).toBe(200)
    await provider.open()
  })

  test('C003-10 a callback while it is away is 503, signs nobody in, and offers to begin again', async () => {
    const jar = new Jar()
    const url = provider.approve((await app.beginLogin(jar, '/login?return_to=%2Faccount')).href, newPerson())
    await provider.close()
    const answer = await app.callback(url, jar)
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
    expect(await app.whoami(jar)).toBeUndefined()
    await provider.open()
    await expectHonestLogin(app, provider, jar)
  })
})

describe('C003-10 RE-02 the provider answers what is no discovery document', () => {
  test.each<[string, (res: Parameters<typeof json>[0]) => void]>([
    ['404', (res) => json(res, 404, { error: 'Realm does not exist' })],
    ['500', (res) => json(res, 500, 'oops')],
    ['HTML', (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>')],
    ['cut JSON', (res) => json(res, 200, '{"issuer":"http')],
    ['a list', (res) => json(res, 200, [])],
    ['null', (res) => json(res, 200, 'null')],
    ['nothing', () => undefined],
  ])(
    'C003-10 %s: /login is 503 within the deadline, and the next good answer heals it',
    async (_name, answer) => {
      provider.answers.discovery = (_call, res) => answer(res)
      const begun = performance.now()
      const refused = await app.navigate('/login')
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5'])
      expect(performance.now() - begun).toBeLessThan(1900)
      expect(refused.body).not.toMatch(/Realm does not exist|oops|Welcome|SyntaxError/)
      provider.reset()
      clock.forward(MOMENT)
      await expectHonestLogin(app, provider)
    },
  )

  test('C003-10 an unknown realm is said as that in the log', async () => {
    provider.answers.discovery = (_call, res) => json(res, 404, { error: 'Realm does not exist' })
    await app.navigate('/login')
    expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
      issuer: provider.issuer,
      hint: expect.stringContaining("is the realm's name in the issuer (OIDC_ISSUER) right?"),
    })
  })
})
