import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { script } from '../refresh/two-apps.js'

const LIFE = 60
const WEAK = [
  ['pwd', 'pwd'],
  ['0', '0'],
  ['2FA', '2FA'],
  ['["2fa"]', ['2fa']],
  ['["pwd","2fa"]', ['pwd', '2fa']],
  ['2', 2],
  ['a blank before it', ' 2fa'],
  ['two words', 'pwd 2fa'],
  ['the empty text', ''],
  ['null', null],
  ['an object', { value: '2fa' }],
  ['nothing', undefined],
] as const

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  provider.reset()
  provider.accessTokenLife = LIFE
  clock = new Clock()
  jar = new Jar()
  app = await TestApp.start(provider, { now: clock.now })
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const withLevel = (acr: unknown, sub = newPerson().sub) => newPerson({ sub, acr })
const vault = (): Promise<Answer> => app.follow('/vault', jar)
const isOpen = async (): Promise<boolean> => (await vault()).body.includes('<h1>The vault</h1>')
const grants = (): number => provider.grants('authorization_code')

/** One click on a link to the vault, up to what the provider sends back. */
async function click(acr: unknown, change: (url: URL) => void = () => undefined): Promise<Answer> {
  const url = new URL((await vault()).location ?? '')
  change(url)
  return app.callback(provider.approve(url.href, withLevel(acr)), jar)
}

function expectTooWeak(answer: Answer): void {
  expect([answer.status, answer.location, answer.headers['retry-after']]).toEqual([403, undefined, undefined])
  expect(answer.body).toContain('<code>login_too_weak</code>')
  expect(answer.body).toContain('<a class="button" href="/vault">Try again</a>')
  expect(answer.headers['cache-control']).toBe('no-store')
}

describe('SU-01 /vault opens by the acr of the ID token alone', () => {
  test.each(WEAK)('SU-01 %s: closed, with a page that explains; /hello is open', async (_name, acr) => {
    await app.signIn(provider, jar, withLevel(acr))
    expect(await isOpen()).toBe(false)
    expectTooWeak(await click(acr))
    expect(await isOpen()).toBe(false)
    expect((await app.navigate('/hello', jar)).status).toBe(200)
  })

  test.each<[string, (url: URL) => void]>([
    ['strips acr_values', (url) => url.searchParams.delete('acr_values')],
    ['strips claims', (url) => url.searchParams.delete('claims')],
    [
      'strips both',
      (url) => {
        url.searchParams.delete('acr_values')
        url.searchParams.delete('claims')
      },
    ],
    [
      'asks for less',
      (url) => {
        url.searchParams.set('acr_values', 'pwd')
        url.searchParams.set('claims', '{"id_token":{"acr":{"essential":true,"values":["pwd"]}}}')
      },
    ],
  ])('SU-01 a person who %s in the address bar does not get in', async (_name, change) => {
    await app.signIn(provider, jar)
    expectTooWeak(await click('pwd', change))
    expect(await isOpen()).toBe(false)
    // The level counts, however it was asked for.
    expect((await click('2fa', change)).location).toBe('/vault')
    expect(await isOpen()).toBe(true)
  })

  test('SU-01 a person who begins the login at /login, for any level, does not get in by that', async () => {
    const request = await app.beginLogin(jar, '/login?return_to=%2Fvault&acr_values=pwd')
    const answer = await app.callback(provider.approve(request.href, withLevel('pwd')), jar)
    expect(answer.location).toBe('/vault')
    expect(await isOpen()).toBe(false)
  })

  test('SU-01 what userinfo says of the level opens nothing', async () => {
    const bare = newPerson({ name: undefined, preferred_username: undefined, acr: undefined })
    provider.userinfo = { sub: bare.sub, name: 'Bare', acr: '2fa' }
    await app.signIn(provider, jar, bare)
    expect(await isOpen()).toBe(false)
    expect((await script(app, jar, '/session')).json()).toMatchObject({ name: 'Bare', acr: null })
  })

  test('SU-01 2fa opens it, at the first login as by a step-up, and is not stored', async () => {
    await app.signIn(provider, jar, withLevel('pwd'))
    const weak = jar.copy()
    expect(await isOpen()).toBe(false)
    expect((await click('2fa')).location).toBe('/vault')
    const answer = await vault()
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    // A new session: the id of before opens nothing.
    expect((await app.navigate('/hello', weak)).status).toBe(302)
    await app.signIn(provider, (jar = new Jar()), withLevel('2fa'))
    expect(await isOpen()).toBe(true)
  })
})

describe('SU-02 one trip to the provider per click', () => {
  test.each(['with a session', 'without one'])(
    'SU-02 %s it goes there at once, and asks for what the page needs',
    async (which) => {
      if (which === 'with a session') await app.signIn(provider, jar)
      const answer = await vault()
      expect([answer.status, answer.headers['cache-control']]).toEqual([302, 'no-store'])
      const url = new URL(answer.location ?? '')
      expect(url.origin + url.pathname).toBe(`${provider.issuer}/protocol/openid-connect/auth`)
      expect(url.searchParams.getAll('acr_values')).toEqual(['2fa'])
      expect(JSON.parse(url.searchParams.get('claims') ?? '')).toEqual({
        id_token: { acr: { essential: true, values: ['2fa'] } },
      })
      expect(url.searchParams.get('prompt')).toBeNull()
    },
  )

  test('SU-02 a provider that never reaches the level: one trip, then a page; the next click may try again', async () => {
    await app.signIn(provider, jar)
    for (let trips = 1; trips <= 3; trips++) {
      expectTooWeak(await click('pwd'))
      expect(grants()).toBe(1 + trips)
      expect((await app.navigate('/hello', jar)).status).toBe(200)
    }
    expect((await click('2fa')).location).toBe('/vault')
    expect(await isOpen()).toBe(true)
  })

  test('SU-02 FL-14 a login that is too weak takes nobody’s place: not the own session’s, not another person’s', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    const cookies = jar.header
    for (const who of [person, newPerson()]) {
      const { location = '' } = await vault()
      expectTooWeak(await app.callback(provider.approve(location, who), jar))
      expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
    }
    expect(jar.get('latchkey')).toBe(/latchkey=([^;]*)/.exec(cookies)?.[1])
  })

  test('SU-02 the page that explains, opened again, leads into the app and makes no trip', async () => {
    await app.signIn(provider, jar)
    const callback = provider.approve((await vault()).location ?? '', withLevel('pwd'))
    expectTooWeak(await app.callback(callback, jar))
    const again = await app.callback(callback, jar)
    expect([again.status, again.location, grants()]).toEqual([303, '/vault', 2])
  })

  test('SU-02 an address with a query is where the step-up leads back to', async () => {
    await app.signIn(provider, jar)
    const { location = '' } = await app.navigate('/vault?door=2&x=%2F', jar)
    const answer = await app.callback(provider.approve(location, withLevel('2fa')), jar)
    expect(answer.location).toBe('/vault?door=2&x=%2F')
  })

  test('SU-02 the person declines at the provider: a page, and the session is as it was', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    const callback = provider.approve((await vault()).location ?? '', person)
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    const answer = await app.callback(callback, jar)
    expect([answer.status, answer.location]).toEqual([400, undefined])
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })
})

describe('SU-02 who asks is no navigation', () => {
  test.each([
    ['a script', 'GET', SCRIPT],
    ['a program', 'GET', { accept: 'application/json' }],
    ['any type', 'GET', { accept: '*/*' }],
    ['a prefetch', 'GET', { ...NAVIGATION, 'sec-purpose': 'prefetch' }],
    ['HEAD', 'HEAD', NAVIGATION],
  ])('SU-02 %s: 401 that names the level, and no redirect', async (_name, method, headers) => {
    await app.signIn(provider, jar, withLevel('pwd'))
    const answer = await app.send('/vault', { method, jar, headers })
    expect([answer.status, answer.location, answer.cookies]).toEqual([401, undefined, []])
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="latchkey", resource_metadata="${app.publicUrl}/.well-known/oauth-protected-resource", ` +
        'error="insufficient_user_authentication", acr_values="2fa"',
    )
    if (
      method === 'GET' &&
      headers !== NAVIGATION &&
      answer.headers['content-type']?.startsWith('application/json')
    )
      expect(answer.json()).toEqual({
        error: 'insufficient_user_authentication',
        error_description: 'A stronger or newer login is needed',
      })
    expect(grants()).toBe(1)
    await app.signIn(provider, jar, withLevel('2fa'))
    expect((await app.send('/vault', { method, jar, headers })).status).toBe(200)
  })

  test('SU-02 without a session it is a plain 401', async () => {
    const answer = await script(app, jar, '/vault')
    expect([answer.status, answer.location]).toEqual([401, undefined])
    expect(answer.json()).toMatchObject({ error: 'unauthorized' })
    expect(answer.headers['www-authenticate']).not.toContain('error=')
  })
})

describe('SU-04 a refresh in a session at 2fa', () => {
  beforeEach(() => app.signIn(provider, jar, withLevel('2fa')))

  const at = (acr: unknown) =>
    (provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, acr } }))

  test.each(WEAK)('SU-04 the ID token says %s: /vault asks again, /hello does not', async (_name, acr) => {
    expect(await isOpen()).toBe(true)
    at(acr)
    clock.forward(LIFE + 1)
    const answer = await vault()
    expect(answer.status).toBe(302)
    expect(new URL(answer.location ?? '').searchParams.get('acr_values')).toBe('2fa')
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect((await script(app, jar, '/vault')).status).toBe(401)
    expect(provider.grants('refresh_token')).toBe(1)
  })

  test('SU-04 it says 2fa, or there is none: open as before', async () => {
    clock.forward(LIFE + 1)
    expect(await isOpen()).toBe(true)
    provider.onTokenResponse = (body) => ({ ...body, id_token: undefined })
    clock.forward(LIFE + 1)
    expect(await isOpen()).toBe(true)
    expect(provider.grants('refresh_token')).toBe(2)
  })

  test('SU-04 it is answered 503: session and level as they were, while the token lasts and after', async () => {
    provider.answers.token = (_call, res) => void res.writeHead(503).end()
    clock.forward(LIFE - 20)
    expect(await isOpen()).toBe(true)
    clock.forward(21)
    expect([(await vault()).status, (await app.navigate('/hello', jar)).status]).toEqual([503, 503])
    expect((await script(app, jar, '/session')).json()).toMatchObject({ acr: '2fa' })
    provider.answers = {}
    expect(await isOpen()).toBe(true)
  })

  test('SU-04 a level that was lost comes back by a step-up', async () => {
    at('pwd')
    clock.forward(LIFE + 1)
    expect(await isOpen()).toBe(false)
    provider.onIdToken = (draft) => draft
    expect((await click('2fa')).location).toBe('/vault')
    expect(await isOpen()).toBe(true)
  })
})
