import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { collectPages } from './every-page.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})

afterAll(async () => {
  await app.stop()
  await provider.close()
})

const MARKUP = '"\'><svg onload=alert(1)><script>alert(2)</script>'
const encoded = encodeURIComponent(MARKUP)

/** Nothing of the markup is there but in escaped form, and a policy guards what we missed. */
function expectHarmless({ status, headers, body }: Answer): void {
  expect(status).toBeLessThan(500)
  expect(body).not.toMatch(/<svg|<script|onload=alert\(1\)>/i)
  expect(headers['content-security-policy']).toContain("default-src 'none'")
}

describe('IN-01 markup in a request', () => {
  const PARAMETERS = ['error', 'error_description', 'error_uri', 'state', 'iss', 'code', 'session_state']

  test.each(PARAMETERS)('IN-01 in %s of the callback, without a login and with one', async (name) => {
    expectHarmless(await app.navigate(`/authorize?${name}=${encoded}`))
    const jar = new Jar()
    const callback = provider.approve((await app.beginLogin(jar)).href, newPerson())
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set(name, MARKUP)
    const answer = await app.callback(callback, jar)
    expectHarmless(answer)
    expect(answer.body).not.toContain('alert')
  })

  test.each([
    ['the path', `/${encoded}`],
    ['the query of the start page', `/?x=${encoded}`],
    ['a return_to', `/login?return_to=${encodeURIComponent(`/${encoded}`)}`],
    ['a parameter of /login', `/login?max_age=${encoded}`],
    ['a state at /logout', `/logout?state=${encoded}`],
    ['a query without a name', `/account?${encoded}`],
    ['the path of a page', `/hello/${encoded}`],
    ['a return_to of /register', `/register?return_to=${encoded}`],
    ['the query of /session', `/session?x=${encoded}`],
  ])('IN-01 in %s', async (_name, path) => {
    expectHarmless(await app.navigate(path))
    expectHarmless(await app.send(path, { headers: SCRIPT }))
  })

  test('IN-01 in a remembered path: the link of the error page stays a link to /login', async () => {
    const jar = new Jar()
    const path = `/login?return_to=${encodeURIComponent(`/x?${MARKUP.replaceAll(' ', '+')}`)}`
    const callback = provider.approve((await app.beginLogin(jar, path)).href, newPerson())
    callback.searchParams.set('error', 'access_denied')
    const answer = await app.callback(callback, jar)
    expectHarmless(answer)
    expect(answer.body).toMatch(/href="\/login\?return_to=[\w%+.*-]*">Sign in again/)
  })
})

describe('IN-01 markup in what the provider says about a person', () => {
  test('IN-01 name, user name, e-mail, subject and level are escaped on every page', async () => {
    const person = newPerson({
      sub: MARKUP,
      name: `${MARKUP} Doe`,
      preferred_username: MARKUP,
      email: `${MARKUP}@example.test`,
      acr: MARKUP,
    })
    const pages = await collectPages(app, provider, person)
    for (const answer of pages.values()) expectHarmless({ ...answer, status: 200 })
    expect(pages.get('hello')?.body).toContain('Hello, &#34;&#39;&gt;&lt;svg onload=alert(1)&gt;')
    expect(pages.get('account')?.body.match(/&lt;svg/g)?.length).toBeGreaterThanOrEqual(4)
  })

  test('IN-01 as JSON they are data: the type says so, and browsers may not guess another', async () => {
    const jar = new Jar()
    const person = newPerson({ preferred_username: MARKUP })
    await app.signIn(provider, jar, person)
    for (const path of ['/api/whoami', '/session']) {
      const answer = await app.send(path, { jar })
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      expect(answer.json()).toMatchObject({ username: MARKUP })
    }
  })
})

describe('IN-02 parameters that nobody expects', () => {
  const ROUTES = [
    '/',
    '/login',
    '/register',
    '/authorize',
    '/hello',
    '/account',
    '/logout',
    '/session',
    '/secure-data',
  ]
  const QUERIES: readonly [string, string][] = [
    ['lists', 'state[]=a&state[]=b&return_to[]=/x'],
    ['__proto__', '__proto__[polluted]=1&__proto__.polluted=1'],
    ['constructor', 'constructor[prototype][polluted]=1'],
    ['a nested __proto__', 'state[__proto__][polluted]=1'],
    ['names of methods', 'toString=1&hasOwnProperty=1&valueOf=1&then=1'],
    ['1,000 parameters', Array.from({ length: 1000 }, (_, i) => `p${i}=1`).join('&')],
    ['a long one', 'a'.repeat(7000)],
    ['objects', 'code[$ne]=1&state[$ne]=1&prompt[$gt]='],
    ['deep nesting', `x${'[0]'.repeat(200)}=1`],
    ['broken encoding', 'state=%E0%A4&code=%&iss=%zz'],
    ['NUL', 'state=%00&code=%00&return_to=%00'],
    ['empty names', '=&=1&&&'],
  ]

  test.each(QUERIES)('IN-02 %s on every route: ignored or 4xx', async (_name, query) => {
    for (const path of ROUTES) {
      for (const answer of [await app.navigate(`${path}?${query}`), await app.send(`${path}?${query}`)]) {
        expect([path, answer.status >= 200 && answer.status < 500]).toEqual([path, true])
      }
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test.each(QUERIES)('IN-02 %s changes nothing of the authorization request', async (_name, query) => {
    const url = await app.beginLogin(new Jar(), `/login?${query}`)
    expect([...url.searchParams.keys()]).toHaveLength(8)
    expect(url.searchParams.get('redirect_uri')).toBe(`${app.publicUrl}/authorize`)
  })

  test.each(QUERIES)('IN-02 %s in the body of a sign-out: signed out all the same', async (_name, body) => {
    const jar = new Jar()
    await app.signIn(provider, jar)
    const answer = await app.send('/logout', {
      method: 'POST',
      jar,
      body,
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect([answer.status, await app.whoami(jar)]).toEqual([303, undefined])
  })

  test('IN-02 an honest login works afterwards', () => expectHonestLogin(app, provider))
})
