import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { recordTokens } from '../../support/recorder.js'
import {
  CLIENT_ID,
  json,
  ScriptedProvider,
  type Answer as Scripted,
} from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'

const UPSTREAM_TIMEOUT = 1

let provider: ScriptedProvider
let app: TestApp
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { upstreamTimeout: UPSTREAM_TIMEOUT })
})

beforeEach(() => {
  jar = new Jar()
})

afterEach(() => provider.reset())

afterAll(async () => {
  await app.stop()
  await provider.close()
})

const endSessionEndpoint = (): string => `${provider.issuer}/protocol/openid-connect/logout`

describe('LO-04 C002-26 signing out from another site', () => {
  const FOREIGN: readonly [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a sister site', { 'sec-fetch-site': 'same-site', origin: 'http://sub.127.0.0.1' }],
    ['a null origin', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
    ['an old browser on another site', { origin: 'https://evil.example' }],
    ['an old browser, null origin', { origin: 'null' }],
    ['an old browser, our host on another port', { origin: 'http://127.0.0.1:1' }],
    ['an old browser, our host with https', { origin: 'https://127.0.0.1' }],
  ]

  test.each(FOREIGN)('LO-04 POST from %s: 403 with a page, the session survives', async (_name, headers) => {
    await app.signIn(provider, jar)
    const answer = await app.send('/logout', {
      method: 'POST',
      jar,
      headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', ...headers },
    })
    expect([answer.status, answer.cookies, provider.count('logout')]).toEqual([403, [], 0])
    expect(answer.body).toContain('<code>cross_site_request</code>')
    expect(answer.body).not.toContain('evil')
    expect(await app.whoami(jar)).toBeDefined()
  })

  test.each(['image', 'iframe', 'script', 'empty', 'document'])(
    'LO-04 GET as %s from another site: the session survives',
    async (destination) => {
      await app.signIn(provider, jar)
      const answer = await app.navigate('/logout', jar, {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': destination === 'document' ? 'navigate' : 'no-cors',
        'sec-fetch-dest': destination,
      })
      expect([answer.status, answer.location, answer.cookies]).toEqual([200, undefined, []])
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(await app.whoami(jar)).toBeDefined()
      expect(provider.count('logout')).toBe(0)
    },
  )

  test('LO-04 GET /logout is a page whose first form posts to /logout', async () => {
    await app.signIn(provider, jar)
    const { body } = await app.navigate('/logout', jar)
    expect(/<form[^>]*>/.exec(body)?.[0]).toBe('<form method="post" action="/logout">')
    expect(body).toContain('Do you want to sign out?')
  })

  test.each<[string, Record<string, string>]>([
    ['our own page', { 'sec-fetch-site': 'same-origin' }],
    ['a person who repeats the request', { 'sec-fetch-site': 'none' }],
    ['our own page in an old browser', { origin: 'OWN' }],
    ['a program', {}],
  ])('LO-04 POST from %s signs out', async (_name, headers) => {
    await app.signIn(provider, jar)
    const own = headers['origin'] === 'OWN' ? { origin: app.publicUrl } : headers
    const answer = await app.send('/logout', { method: 'POST', jar, headers: own })
    expect(answer.status).toBe(303)
    expect(await app.whoami(jar)).toBeUndefined()
  })
})

describe('LO-02 the provider is away at the sign-out', () => {
  const hang: Scripted = () => undefined

  test.each<[string, () => Promise<void> | void]>([
    ['closed', () => provider.close()],
    ['silent', () => void (provider.answers = { logout: hang, revoke: hang, discovery: hang, jwks: hang })],
    [
      '500',
      () => void (provider.answers.logout = (_call, res) => json(res, 500, { error: 'unknown_error' })),
    ],
  ])('LO-02 %s: the local session is gone, and the person gets a page in time', async (how, arm) => {
    await app.signIn(provider, jar)
    const old = jar.copy()
    await arm()
    const begun = performance.now()
    const answer = await app.signOut(jar)
    const took = performance.now() - begun
    if (how === 'closed') await provider.open()
    expect(took).toBeLessThan(UPSTREAM_TIMEOUT * 1000 + 900)
    expect([answer.status, answer.location]).toEqual([200, undefined])
    expect(answer.body).toContain('Signed out here')
    const link = new URL(/href="(http[^"]*)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&') ?? '')
    expect(link.origin + link.pathname).toBe(endSessionEndpoint())
    expect(Object.fromEntries(link.searchParams)).toEqual({
      client_id: CLIENT_ID,
      post_logout_redirect_uri: `${app.publicUrl}/`,
    })
    expect([jar.names, await app.whoami(old)]).toEqual([['latchkey-login'], undefined])
    provider.reset()
    await expectHonestLogin(app, provider, jar)
  })

  test('LO-02 end-session refuses our request: signed out here, on to the provider, a warning in the log', async () => {
    await app.signIn(provider, jar)
    provider.answers.logout = (_call, res) => json(res, 400, { error: 'invalid_grant' })
    const answer = await app.signOut(jar)
    expect([answer.status, answer.location?.startsWith(endSessionEndpoint())]).toEqual([303, true])
    expect(app.log.filter(({ code }) => code === 'logout_refused')).toHaveLength(1)
    expect(await app.whoami(jar)).toBeUndefined()
  })
})

describe('LO-03 C002-08 C002-22 signing out without a session', () => {
  const dead = async (): Promise<Jar> => {
    const other = new Jar()
    await app.signIn(provider, other)
    const copy = other.copy()
    await app.signOut(other)
    return copy
  }

  test.each<[string, () => Jar | Promise<Jar>]>([
    ['no cookie', () => new Jar()],
    ['a dead cookie', dead],
    ['a forged cookie', () => new Jar({ cookies: [['latchkey', 's%3Ax.y']] })],
  ])('LO-03 with %s, twice: the page, then the start page, no call of the provider', async (_name, make) => {
    const browser = await make()
    provider.calls = []
    for (let i = 0; i < 2; i++) {
      const page = await app.navigate('/logout', browser)
      expect([page.status, page.body.includes('Nobody is signed in in this browser.')]).toEqual([200, true])
      const answer = await app.signOut(browser)
      expect([answer.status, answer.location]).toEqual([303, '/'])
    }
    expect(provider.calls).toEqual([])
  })

  test('C002-08 C002-22 a second sign-out after a first one lands on a page that needs no login', async () => {
    await app.signIn(provider, jar)
    await app.signOut(jar)
    const again = await app.signOut(jar)
    expect([again.status, again.location, provider.count('logout')]).toEqual([303, '/', 1])
    expect((await app.navigate(again.location ?? '', jar)).status).toBe(200)
  })
})

describe('LO-05 landing after a sign-out', () => {
  test.each([
    ['nothing', ''],
    ['another state', '?state=other'],
    ['an empty state', '?state='],
    ['two states', '?state=a&state=b'],
    ['a list', '?state[]=x'],
    ['an error', '?error=x'],
    ['4 kB', `?state=${'x'.repeat(4096)}`],
  ])('LO-05 with %s it is the start page', async (_name, query) => {
    await app.signIn(provider, jar)
    const { location } = await app.signOut(jar)
    const back = new URL(new URL(location ?? '').searchParams.get('post_logout_redirect_uri') ?? '')
    const answer = await app.navigate(back.pathname + query, jar, { 'sec-fetch-site': 'cross-site' })
    expect([answer.status, answer.body.includes('You are not signed in.')]).toEqual([200, true])
  })
})

describe('LO-01 C002-08 C002-22 a whole sign-out at Keycloak', () => {
  test('LO-01 local session first, then the refresh token to end-session, then the browser', async () => {
    const tokens = recordTokens(provider)
    await app.signIn(provider, jar)
    const old = jar.copy()
    let alive: unknown = 'not asked'
    provider.answers.logout = async (_call, res) => {
      alive = await app.whoami(old)
      res.writeHead(204).end()
    }
    const answer = await app.signOut(jar)
    expect(alive).toBeUndefined()
    const [call, ...more] = provider.calls.filter(({ endpoint }) => endpoint === 'logout')
    expect([more, provider.count('revoke'), call?.method]).toEqual([[], 0, 'POST'])
    expect(call?.form.get('refresh_token')).toBe(tokens[0]?.['refresh_token'])
    expect(call?.headers.authorization).toMatch(/^Basic /)
    const url = new URL(answer.location ?? '')
    expect([answer.status, url.origin + url.pathname]).toEqual([303, endSessionEndpoint()])
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: CLIENT_ID,
      id_token_hint: tokens[0]?.['id_token'],
      post_logout_redirect_uri: `${app.publicUrl}/`,
      state: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(jar.names).toEqual(['latchkey-login'])
    expect((await app.send('/hello', { jar: old, headers: SCRIPT })).status).toBe(401)
  })

  test('LO-01 without a refresh token the browser alone is sent on', async () => {
    provider.onTokenResponse = (body) => ({ ...body, refresh_token: undefined })
    await app.signIn(provider, jar)
    const answer = await app.signOut(jar)
    expect([answer.status, provider.count('logout'), provider.count('revoke')]).toEqual([303, 0, 0])
    expect(answer.location?.startsWith(endSessionEndpoint())).toBe(true)
    expect(await app.whoami(jar)).toBeUndefined()
  })

  test('LO-07 with 500 roles the address is at most 8 kB, and both sides are signed out', async () => {
    const roles = Array.from({ length: 500 }, (_, i) => `role-number-${i}-of-a-large-company`)
    provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, roles } })
    await app.signIn(provider, jar, newPerson())
    expect(await app.whoami(jar)).toBeDefined()
    const { status, location } = await app.signOut(jar)
    expect([status, Buffer.byteLength(location ?? '') <= 8192, provider.count('logout')]).toEqual([
      303,
      true,
      1,
    ])
    const query = new URL(location ?? '').searchParams
    expect([query.get('client_id'), query.has('id_token_hint')]).toEqual([CLIENT_ID, false])
    expect(query.get('post_logout_redirect_uri')).toBe(`${app.publicUrl}/`)
    expect(await app.whoami(jar)).toBeUndefined()
  })
})
