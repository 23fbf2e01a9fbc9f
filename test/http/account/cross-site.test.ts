import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express } from 'express'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Services } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { logoutToken, tell } from '../logout/logout-tokens.js'
import { signedIn } from '../refresh/two-apps.js'

let provider: ScriptedProvider
let app: TestApp
let host: TestApp
let jar: Jar
/** What handlers of the host have done. */
let done: string[] = []

/** An app of somebody else, with routes that change something. */
function makeApp({ session, routes, requireLogin, requireBearer }: Services): Express {
  const act = (req: express.Request, res: express.Response): void => {
    done.push(`${req.method} ${req.path}`)
    res.json({ done: true })
  }
  return express()
    .use(session, routes)
    .get('/cart', act)
    .all('/cart', act)
    .all('/guarded', requireLogin(), act)
    .all('/api', requireBearer(), act)
}

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
  host = await TestApp.start(provider, { makeApp })
})
beforeEach(() => {
  done = []
})
afterAll(async () => {
  await app.stop()
  await host.stop()
  await provider.close()
})

const PLAIN = { accept: 'application/json' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const FOREIGN: readonly (readonly [string, OutgoingHttpHeaders])[] = [
  ['Sec-Fetch-Site cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['Sec-Fetch-Site same-site', { 'sec-fetch-site': 'same-site' }],
  ['Sec-Fetch-Site that nobody knows', { 'sec-fetch-site': 'evil' }],
  ['Sec-Fetch-Site empty', { 'sec-fetch-site': '' }],
  ['a foreign Origin', { origin: 'https://evil.example' }],
  ['Origin null', { origin: 'null' }],
  ['Origin of another port of this host', { origin: 'http://127.0.0.1:1' }],
  ['Origin in another scheme', { origin: 'https://127.0.0.1' }],
  ['an empty Origin', { origin: '' }],
  ['cross-site with an Origin that is ours', { 'sec-fetch-site': 'cross-site', origin: 'ours' }],
]
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']

/** `ours` stands for the app's own origin. */
const headersFor = (at: TestApp, headers: OutgoingHttpHeaders): OutgoingHttpHeaders =>
  headers['origin'] === 'ours' ? { ...headers, origin: at.publicUrl } : headers

describe('AC-01 a request that changes something, under a session, from another site', () => {
  test.each(FOREIGN)(
    'AC-01 %s: 403 with a reason as JSON and as a page, no handler runs',
    async (_name, foreign) => {
      jar = await signedIn(host, provider)
      const headers = headersFor(host, foreign)
      for (const method of METHODS)
        for (const path of ['/cart', '/guarded', '/no-such-path']) {
          const answer = await host.send(path, { method, jar, headers: { ...PLAIN, ...headers } })
          expect([method, path, answer.status, answer.location]).toEqual([method, path, 403, undefined])
          expect(answer.json()).toEqual({
            error: 'cross_site_request',
            error_description: 'The request came from another site',
          })
        }
      const page = await host.send('/cart', { method: 'POST', jar, headers: formOf(headers) })
      expect([page.status, page.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8'])
      expect(page.body).toContain('<code>cross_site_request</code>')
      expect(page.headers['cache-control']).toBe('no-store')
      expect(done).toEqual([])
      expect((await host.send('/guarded', { jar, headers: SCRIPT })).status).toBe(200)
    },
  )

  test.each(FOREIGN)('AC-01 %s: nothing of the app of this package runs either', async (_name, foreign) => {
    const person = newPerson()
    jar = await signedIn(app, provider, person)
    const other = await signedIn(app, provider, person)
    const headers = headersFor(app, foreign)
    for (const path of ['/account/sessions/end', '/account/logout-everywhere', '/logout', '/hello', '/'])
      expect([path, (await post(app, path, headers, 'others=yes')).status]).toEqual([path, 403])
    for (const method of METHODS)
      expect((await app.send('/account', { method, jar, headers: { ...PLAIN, ...headers } })).status).toBe(
        403,
      )
    for (const browser of [jar, other]) expect(await app.whoami(browser)).toBeDefined()
    expect(provider.families.of(person).map(({ isRevoked }) => isRevoked)).toEqual([false, false])
  })

  test('AC-01 every refusal is a line in the log with its code', async () => {
    jar = await signedIn(host, provider)
    host.log.length = 0
    await host.send('/cart', { method: 'POST', jar, headers: { origin: 'https://evil.example' } })
    expect(host.log.filter(({ level }) => level !== 'debug')).toEqual([
      expect.objectContaining({ level: 'warn', code: 'cross_site_request', status: 403, path: '/cart' }),
    ])
  })

  test('AC-01 under https, where the cookie has another name', async () => {
    await withApp(provider, { publicUrl: 'https://latchkey.example', makeApp }, async (secure) => {
      const browser = new Jar({ https: true, cookies: [['__Host-latchkey', 's:x.y']] })
      const send = (origin: string): Promise<Answer> =>
        secure.send('/cart', { method: 'POST', jar: browser, headers: { ...PLAIN, origin } })
      expect((await send('http://latchkey.example')).status).toBe(403)
      expect((await send('https://www.latchkey.example')).status).toBe(403)
      expect((await send('https://latchkey.example')).status).toBe(200)
    })
  })
})

const formOf = (headers: OutgoingHttpHeaders): OutgoingHttpHeaders => ({
  accept: NAVIGATION.accept,
  ...FORM,
  ...headers,
})

const post = (at: TestApp, path: string, headers: OutgoingHttpHeaders, body: string): Promise<Answer> =>
  at.send(path, { method: 'POST', jar, headers: { ...PLAIN, ...FORM, ...headers }, body })

describe('AC-01 what is not refused', () => {
  test.each<[string, OutgoingHttpHeaders]>([
    ['Sec-Fetch-Site same-origin', { 'sec-fetch-site': 'same-origin' }],
    ['Sec-Fetch-Site none: the person', { 'sec-fetch-site': 'none' }],
    ['our own Origin', { origin: 'ours' }],
    ['neither: no browser', {}],
  ])('AC-01 %s', async (_name, own) => {
    jar = await signedIn(host, provider)
    for (const method of METHODS)
      for (const path of ['/cart', '/guarded']) {
        const headers = { ...PLAIN, ...headersFor(host, own) }
        expect((await host.send(path, { method, jar, headers })).status).toBe(200)
      }
    expect(done).toHaveLength(METHODS.length * 2)
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])(
    'AC-01 %s from another site, which changes nothing',
    async (method) => {
      jar = await signedIn(host, provider)
      const headers = { ...PLAIN, 'sec-fetch-site': 'cross-site' }
      expect((await host.send('/cart', { method, jar, headers })).status).toBe(200)
      expect(done).toEqual([`${method} /cart`])
    },
  )

  test.each(FOREIGN)('AC-01 %s with a bearer token and no cookie', async (_name, foreign) => {
    const headers = { ...PLAIN, ...headersFor(host, foreign) }
    expect((await host.send('/api', { method: 'POST', headers })).status).toBe(401)
    const authorization = `Bearer ${await provider.accessToken()}`
    const answer = await host.send('/api', { method: 'POST', headers: { ...headers, authorization } })
    expect([answer.status, done]).toEqual([200, ['POST /api']])
  })

  test.each(FOREIGN)('AC-01 %s at /backchannel-logout', async (_name, foreign) => {
    const person = newPerson()
    jar = await signedIn(app, provider, person)
    const token = await logoutToken(provider, { sub: person.sub })
    const headers = Object.entries(headersFor(app, foreign)).map(([name, value]) => [name, String(value)])
    const answer = await tell(app, token, Object.fromEntries(headers) as Record<string, string>)
    expect([answer.status, await app.whoami(jar)]).toEqual([200, undefined])
  })

  test('AC-01 nor is /backchannel-logout when the cookie of a session comes with it', async () => {
    const person = newPerson()
    jar = await signedIn(app, provider, person)
    const body = new URLSearchParams({ logout_token: await logoutToken(provider, { sub: person.sub }) })
    expect((await post(app, '/backchannel-logout', { origin: 'null' }, body.toString())).status).toBe(200)
    expect(await app.whoami(jar)).toBeUndefined()
  })

  test('AC-01 an app that has its own guard switches ours off; sign-out keeps its own', async () => {
    await withApp(provider, { makeApp, refuseCrossSite: false }, async (own) => {
      jar = await signedIn(own, provider)
      const headers = { ...PLAIN, 'sec-fetch-site': 'cross-site' }
      expect((await own.send('/logout', { method: 'POST', jar, headers })).status).toBe(403)
      expect((await own.send('/cart', { method: 'POST', jar, headers })).status).toBe(200)
      expect((await own.send('/guarded', { jar, headers: SCRIPT })).status).toBe(200)
    })
  })
})
