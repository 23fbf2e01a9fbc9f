import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'
import { script, signedIn } from '../refresh/two-apps.js'
import { endOne, handlesOf, submit } from './account-page.js'

let provider: ScriptedProvider
let app: TestApp
let person: Person
/** Two browsers of the person, and one of somebody else. */
let jar: Jar
let second: Jar
let stranger: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(async () => {
  provider.reset()
  person = newPerson()
  jar = await signedIn(app, provider, person)
  second = await signedIn(app, provider, person)
  stranger = await signedIn(app, provider)
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

async function expectNothingEnded(): Promise<void> {
  for (const browser of [jar, second, stranger]) expect(await app.whoami(browser)).toBeDefined()
  expect(provider.count('logout')).toBe(0)
}

const sessionIdOf = (browser: Jar): string =>
  decodeURIComponent(browser.get('latchkey') ?? '')
    .slice(2)
    .split('.')[0] ?? ''

describe('AC-02 ending a session by a handle that is not one of mine', () => {
  const end = (handle: string) => endOne(app, jar, handle)

  test('AC-02 that of another person: 404 with a page, nothing ends', async () => {
    const theirs = await signedIn(app, provider)
    const them = newPerson()
    const [first, other] = [await signedIn(app, provider, them), await signedIn(app, provider, them)]
    const [handle = ''] = await handlesOf(app, first)
    expect(handle).toMatch(/^[\w-]{22}$/)
    const answer = await end(handle)
    expect([answer.status, answer.location]).toEqual([404, undefined])
    expect(answer.body).toContain('<code>unknown_session</code>')
    for (const browser of [first, other, theirs]) expect(await app.whoami(browser)).toBeDefined()
    await expectNothingEnded()
    // It was one that could be ended.
    expect((await endOne(app, first, handle)).status).toBe(303)
    expect(await app.whoami(other)).toBeUndefined()
  })

  test('AC-02 one that is over: 404', async () => {
    const [handle = ''] = await handlesOf(app, jar)
    await app.signOut(second)
    expect((await end(handle)).status).toBe(404)
    expect(await app.whoami(jar)).toBeDefined()
  })

  test('AC-02 cookies and session ids, mine and others’: 404', async () => {
    for (const browser of [jar, second, stranger])
      for (const value of [browser.get('latchkey'), sessionIdOf(browser), browser.get('latchkey-login')])
        expect((await end(String(value))).status).toBe(404)
    await expectNothingEnded()
  })

  test('AC-02 that of this very session: 404, for it ends by signing out', async () => {
    const [handle = ''] = await handlesOf(app, second)
    expect((await end(handle)).status).toBe(404)
    await expectNothingEnded()
  })

  test('AC-02 invented ones: 404', async () => {
    for (const value of ['', '*', '__proto__', 'x'.repeat(3000), '\u0000', '../../x', 'a\r\nb'])
      expect((await end(value)).status).toBe(404)
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (value) => (await end(value)).status === 404),
      { numRuns: 50 },
    )
    await expectNothingEnded()
  })

  test('AC-02 as a list, twice, in JSON, in the address, or none: 4xx', async () => {
    const [handle = ''] = await handlesOf(app, jar)
    const path = '/account/sessions/end'
    for (const body of [`handle[]=${handle}`, `handle=${handle}&handle=${handle}`, '', `handles=${handle}`])
      expect([body, (await submit(app, jar, path, body)).status]).toEqual([body, 404])
    expect((await submit(app, jar, `${path}?handle=${handle}`)).status).toBe(404)
    const headers = { ...SCRIPT, 'content-type': 'application/json' }
    const body = JSON.stringify({ handle })
    expect((await app.send(path, { method: 'POST', jar, headers, body })).status).toBe(404)
    expect((await submit(app, jar, path, `handle=${'x'.repeat(5000)}`)).status).toBe(413)
    expect((await app.navigate(`${path}?handle=${handle}`, jar)).status).toBe(404)
    await expectNothingEnded()
  })

  test('AC-02 without a session: 401, nothing ends', async () => {
    const [handle = ''] = await handlesOf(app, jar)
    for (const path of ['/account/sessions/end', '/account/logout-everywhere']) {
      const answer = await submit(app, new Jar(), path, `handle=${handle}`)
      expect([answer.status, answer.location]).toEqual([401, undefined])
    }
    await expectNothingEnded()
  })
})

describe('AC-02 what the page shows', () => {
  test('AC-02 no session id, no cookie value, no sid of the provider, and no session of anybody else', async () => {
    const { body } = await app.navigate('/account', jar)
    expect(await handlesOf(app, jar)).toHaveLength(1)
    for (const browser of [jar, second, stranger])
      for (const value of [browser.get('latchkey'), sessionIdOf(browser), browser.get('latchkey-login')]) {
        expect(value?.length).toBeGreaterThan(20)
        expect(body).not.toContain(value)
        expect(body).not.toContain(decodeURIComponent(value ?? ''))
      }
    for (const { sid } of provider.families.of(person)) expect(body).not.toContain(sid)
  })

  test('AC-02 a handle that is sent as a cookie signs nobody in', async () => {
    const [handle = ''] = await handlesOf(app, jar)
    for (const value of [handle, `s:${handle}`, encodeURIComponent(`s:${handle}.${handle}`)])
      expect(await app.whoami(new Jar({ cookies: [['latchkey', value]] }))).toBeUndefined()
  })

  test('AC-02 the newest use first, this one marked, each with what it was begun with', async () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    const third = new Jar()
    const callback = provider.approve((await app.beginLogin(third)).href, person)
    await app.callback(callback, third, { 'user-agent': firefox })
    const { body } = await app.navigate('/account', jar)
    const items = [...body.matchAll(/<li( class="this")?>[^]*?<strong>([^<]*)<\/strong>/g)]
    expect(items.map(([, own, device]) => [own !== undefined, device])).toEqual([
      [true, 'A browser that we do not know'],
      [false, 'Firefox on Linux'],
      [false, 'A browser that we do not know'],
    ])
    expect(body).not.toContain('Gecko')
  })

  test('AC-02 one session alone: nothing to end but by signing out', async () => {
    const { body } = await app.navigate('/account', stranger)
    expect(body).not.toContain('name="handle"')
    expect(body).not.toContain('name="others"')
    expect(body).toContain('action="/account/logout-everywhere"')
  })

  test('AC-02 a script gets numbers', async () => {
    const [handle = ''] = await handlesOf(app, jar)
    const headers = { ...SCRIPT, 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await app.send('/account/sessions/end', {
      method: 'POST',
      jar,
      headers,
      body: `handle=${handle}`,
    })
    expect([answer.status, answer.json()]).toEqual([200, { ended: 1, left_at_provider: 0 }])
    expect((await script(app, second)).status).toBe(401)
  })
})
