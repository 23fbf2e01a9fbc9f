import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { parseSetCookie } from 'cookie'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { sessionIdOf, signedCookie } from './signed-cookie.js'

const SECRET = 'the-session-secret-of-these-cookie-tests'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { sessionSecrets: [SECRET] })
})

beforeEach(() => {
  jar = new Jar()
})

afterAll(async () => {
  await app.stop()
  await provider.close()
})

describe('SE-01 the session id changes at a login', () => {
  test('SE-01 the cookies of before a login sign nobody in after it', async () => {
    const person = newPerson()
    await app.beginLogin(jar)
    const before = jar.copy()
    await app.signIn(provider, jar, person)
    expect(await app.whoami(before)).toBeUndefined()
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })

  test.each([
    ['unsigned', 'a-chosen-session-id'],
    ['signed by another secret', signedCookie('a-chosen-session-id', 'another-secret-of-32-characters-')],
    ['signed by our own secret', signedCookie('a-chosen-session-id', SECRET)],
  ])(
    'SE-01 a chosen id, %s, is anonymous before and after somebody signs in with it',
    async (_name, chosen) => {
      jar.set('latchkey', chosen)
      const attacker = jar.copy()
      expect(await app.whoami(jar)).toBeUndefined()
      await app.signIn(provider, jar)
      expect(await app.whoami(jar)).toBeDefined()
      expect(jar.get('latchkey')).not.toBe(chosen)
      expect(sessionIdOf(jar.get('latchkey'))).toMatch(/^[\w-]{32,}$/)
      expect(await app.whoami(attacker)).toBeUndefined()
    },
  )

  test('SE-01 the record of an earlier session is gone after the next login, and after a sign-out', async () => {
    const cookies: Jar[] = []
    for (let i = 0; i < 3; i++) {
      await app.signIn(provider, jar)
      for (const old of cookies) expect(await app.whoami(old)).toBeUndefined()
      expect(await app.whoami(jar)).toBeDefined()
      cookies.push(jar.copy())
    }
    await app.signOut(jar)
    for (const old of cookies) {
      expect(await app.whoami(old)).toBeUndefined()
      expect((await app.navigate('/hello', old)).location).toBe('/login?return_to=%2Fhello')
    }
  })
})

describe('SE-02 a session cookie that we did not give', () => {
  /** What people make of a good cookie. */
  const FORGED: readonly [string, (value: string, id: string) => string][] = [
    ['empty', () => ''],
    ['the id alone', (_v, id) => id],
    ['the id with its mark, unsigned', (_v, id) => encodeURIComponent(`s:${id}`)],
    ['an empty signature', (_v, id) => encodeURIComponent(`s:${id}.`)],
    ['signed by another secret', (_v, id) => signedCookie(id, 'x'.repeat(32))],
    ['signed by a secret from documents', (_v, id) => signedCookie(id, 'keyboard cat')],
    ['signed by an empty secret', (_v, id) => signedCookie(id, ' ')],
    ['cut', (v) => v.slice(0, -3)],
    ['longer by one', (v) => `${v}A`],
    [
      'another id under the signature',
      (v, id) => v.replace(id, `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`),
    ],
    ['8 kB', () => 'A'.repeat(8000)],
    ['8 kB, signed', () => signedCookie('A'.repeat(7900), SECRET)],
    ['JSON', () => encodeURIComponent('j:{"id":"x","login":{"subject":"x"}}')],
    ['bytes beyond ASCII', () => Buffer.from('é漢').toString('latin1')],
    ['a percent sign', () => '%'],
    ['a broken percent encoding', () => '%E0%A4%A'],
    ['NUL, encoded', (_v, id) => encodeURIComponent(`s:${id}\0.x`)],
    ['quotes', () => '""'],
    ['dots', () => encodeURIComponent('s:..')],
    ['__proto__', () => '__proto__'],
    ['__proto__, signed', () => signedCookie('__proto__', SECRET)],
  ]

  test.each(FORGED)('SE-02 %s: anonymous', async (_name, forge) => {
    await app.signIn(provider, jar)
    const value = jar.get('latchkey') ?? ''
    const cookie = `latchkey=${forge(value, sessionIdOf(value))}`
    const api = await app.send('/api/whoami', { headers: { ...SCRIPT, cookie } })
    expect(api.status).toBe(401)
    const page = await app.navigate('/hello', undefined, { cookie })
    expect([page.status, page.location]).toEqual([302, '/login?return_to=%2Fhello'])
    expect((await app.navigate('/', undefined, { cookie })).status).toBe(200)
    expect(await app.whoami(jar)).toBeDefined()
  })

  test('SE-02 of two of the same name the first counts, whatever it is', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    const good = `latchkey=${jar.get('latchkey') ?? ''}`
    const answers = [`latchkey=bad; ${good}`, `${good}; latchkey=bad`].map((cookie) =>
      app.send('/api/whoami', { headers: { ...SCRIPT, cookie } }),
    )
    const [badFirst, goodFirst] = await Promise.all(answers)
    expect(badFirst?.status).toBe(401)
    expect(goodFirst?.json()).toMatchObject({ id: person.sub })
  })

  test('SE-02 an honest login works over a broken cookie', async () => {
    jar.set('latchkey', '%')
    await expectHonestLogin(app, provider, jar)
  })
})

describe('SE-05 the attributes of every cookie', () => {
  interface Journey {
    readonly lines: readonly string[]
    readonly browser: Jar
  }

  /** Begins a login, finishes it, and signs out. */
  async function journey(target: TestApp, https: boolean): Promise<Journey> {
    const browser = new Jar({ https })
    const begun = await target.navigate('/login', browser)
    const finished = await target.callback(provider.approve(begun.location ?? '', newPerson()), browser)
    expect(finished.status).toBe(303)
    expect(await target.whoami(browser)).toBeDefined()
    const ended = await target.signOut(browser)
    expect(await target.whoami(browser)).toBeUndefined()
    return { lines: [...begun.cookies, ...finished.cookies, ...ended.cookies], browser }
  }

  function expectAttributes(line: string, https: boolean): void {
    const { name, ...attributes } = parseSetCookie(line)
    expect(name).toMatch(https ? /^__Host-latchkey/ : /^latchkey/)
    expect(attributes).toMatchObject({ path: '/', httpOnly: true, sameSite: 'lax' })
    expect(attributes).not.toHaveProperty('domain')
    expect(attributes.secure ?? false).toBe(https)
  }

  test('SE-05 with http: HttpOnly, SameSite=Lax, Path=/, no Domain, not Secure', async () => {
    const { lines, browser } = await journey(app, false)
    expect(lines).toHaveLength(3)
    for (const line of lines) expectAttributes(line, false)
    expect([browser.refused, browser.names]).toEqual([[], ['latchkey-login']])
  })

  test.each([false, true])(
    'SE-05 with https: Secure and __Host-, with TRUST_PROXY %s',
    async (trustProxy) => {
      const options = { publicUrl: 'https://latchkey.example', trustProxy, sessionSecrets: [SECRET] }
      await withApp(provider, options, async (secure) => {
        const { lines, browser } = await journey(secure, true)
        expect(lines.map((line) => line.split('=')[0])).toEqual([
          '__Host-latchkey-login',
          '__Host-latchkey',
          '__Host-latchkey',
        ])
        for (const line of lines) expectAttributes(line, true)
        expect([browser.refused, browser.names]).toEqual([[], ['__Host-latchkey-login']])
      })
    },
  )

  test('SE-05 the canonical host’s cookie has them too', async () => {
    const moved = await app.navigate('/', undefined, { host: 'localhost' })
    expect(moved.cookies).toHaveLength(1)
    for (const line of moved.cookies) expectAttributes(line, false)
  })

  test('SE-05 the session cookie is an opaque id below 200 bytes that lasts as long as the browser', async () => {
    const answer = await app.signIn(provider, jar)
    expect(answer.cookies).toHaveLength(1)
    expect(answer.cookies[0]?.length).toBeLessThan(200)
    expect(answer.cookies[0]).not.toMatch(/expires|max-age/i)
    expect(Buffer.from(sessionIdOf(jar.get('latchkey')), 'base64url').length).toBeGreaterThanOrEqual(16)
  })
})
