import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { Services } from '../../../src/app.js'
import { silentLog } from '../../../src/log.js'
import { createAccountSessions } from '../../../src/login/account-sessions.js'
import { LoginError } from '../../../src/login/errors.js'
import type { LoginStore } from '../../../src/login/login-session.js'
import { createPages, type Pages, type PagesOptions } from '../../../src/pages/pages.js'
import type { Provider } from '../../../src/provider/provider.js'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

/** Nothing is ended by these pages. */
const memory = { note: () => Promise.resolve() }
const PATHS = { callback: '/cb', logout: '/out', afterLogin: '/mine', afterLogout: '/bye' }
const PLACES = ['/home', '/hello', '/account', '/vault', '/out', '/bye', '/refused', '/nothing']

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})

afterAll(() => provider.close())

/** What the pages ask of a provider. */
const knowing = (metadata: object | undefined): Provider =>
  ({ clientId: 'app', known: () => metadata, probe: () => Promise.resolve(true) }) as unknown as Provider

const KEYCLOAK = {
  issuer: 'https://kc.example/realms/a',
  end_session_endpoint: 'https://kc.example/realms/a/protocol/openid-connect/logout',
}
const OTHER = { issuer: 'https://id.example', end_session_endpoint: 'https://id.example/end' }

/** Our pages, mounted by somebody else. */
function makeApp(options: Partial<PagesOptions>) {
  return ({ session, routes, requireLogin, publicUrl }: Services): Express => {
    /** They look into the store that the session is from. */
    const pagesFor = ({ sessionStore }: Request): Pages => {
      const provider = options.provider ?? knowing(KEYCLOAK)
      const store = sessionStore as unknown as LoginStore
      return createPages({
        brand: 'Latchkey',
        accountPath: '/account',
        publicUrl,
        provider,
        paths: PATHS,
        store,
        accountSessions: createAccountSessions({ store, memory, provider, log: silentLog }),
        proofs: { holds: () => false },
        ...options,
      })
    }
    const show =
      (draw: (pages: Pages, req: Request, res: Response) => unknown): RequestHandler =>
      async (req, res) => {
        await draw(pagesFor(req), req, res)
      }
    const next = (): void => undefined
    return express()
      .use(session, routes)
      .get(
        '/home',
        show((pages, req, res) => pages.home(req, res, next)),
      )
      .get(
        '/hello',
        requireLogin(),
        show((pages, req, res) => pages.hello(req, res, next)),
      )
      .get(
        '/account',
        requireLogin(),
        show((pages, req, res) => pages.account(req, res, next)),
      )
      .get(
        '/vault',
        requireLogin(),
        show((pages, req, res) => pages.vault(req, res, next)),
      )
      .get(
        '/out',
        show((pages, req, res) => pages.logout(req, res)),
      )
      .get(
        '/bye',
        show((pages, req, res) => pages.loggedOutHereOnly(req, res)),
      )
      .get(
        '/refused',
        show((pages, req, res) => pages.error(new LoginError('client_refused', 'x'), req, res)),
      )
      .use(show((pages, req, res) => pages.problem('not_found', req, res)))
  }
}

/** The bodies of all pages, signed in as somebody. */
function bodies(
  options: Partial<PagesOptions>,
  name = 'Ada Lovelace',
  language = 'en',
): Promise<ReadonlyMap<string, string>> {
  return withApp(provider, { makeApp: makeApp(options) }, async (app) => {
    const jar = new Jar()
    const person = newPerson({ name })
    await app.signIn(provider, jar, person)
    await app.signIn(provider, new Jar(), person)
    const found = new Map<string, string>()
    for (const place of PLACES)
      found.set(place, (await app.navigate(place, jar, { 'accept-language': language })).body)
    return found
  })
}

const linksOf = (body: string): string[] =>
  [...body.matchAll(/(?:href|action)="(\/[^"]*)"/g)].map(([, href]) => href?.split('?')[0] ?? '')

describe('C003-03 our pages in an app of somebody else', () => {
  test('C003-03 without an account page no link leads to one, and the header names the person', async () => {
    const pages = await bodies({ brand: 'Acme', accountPath: undefined })
    const known = ['/latchkey/style.css', '/login', '/register', '/out', '/mine', '/bye']
    // An account page is for an app that says where it is.
    for (const [place, body] of [...pages].filter(([name]) => name !== '/account')) {
      expect([place, linksOf(body).filter((href) => !known.includes(href))]).toEqual([place, []])
      if (place !== '/bye') expect(body).toContain('<bdi class="who">Ada Lovelace</bdi>')
    }
  })

  test('C003-03 with an account page of its own, links lead there', async () => {
    const pages = await bodies({ brand: 'Acme', accountPath: '/me' })
    for (const place of ['/home', '/hello', '/out', '/refused'])
      expect(pages.get(place)).toContain('<a href="/me">My account</a>')
    expect(pages.get('/account')).toContain('href="/login?kc_action=UPDATE_PASSWORD&amp;return_to=%2Fme"')
    const forms = ['/me/sessions/end', '/me/sessions/end', '/me/logout-everywhere']
    expect(linksOf(pages.get('/account') ?? '').filter((href) => href.startsWith('/me/'))).toEqual(forms)
    expect(pages.get('/vault')).toContain('<a class="button quiet" href="/me">My account</a>')
    for (const body of pages.values())
      expect(linksOf(body).filter((href) => href.startsWith('/account'))).toEqual([])
  })

  test('C003-03 header and title have its brand, and nothing is said of ours', async () => {
    const pages = await bodies({ brand: 'Acme & <Söhne>', accountPath: undefined })
    for (const body of pages.values()) {
      expect(body).toMatch(/<title>[^<]+ · Acme &amp; &lt;Söhne&gt;<\/title>/)
      expect(body).toContain('<a class="brand" href="/bye"><bdi>Acme &amp; &lt;Söhne&gt;</bdi></a>')
      expect(body).not.toMatch(/Latchkey|for Express|<footer/)
    }
  })

  test('C003-03 left out, they are ours: Latchkey, its tagline and /account', async () => {
    for (const body of (await bodies({})).values()) {
      expect(body).toContain(' · Latchkey</title>')
      expect(body).toContain('<footer><p>Latchkey · Keycloak for Express</p></footer>')
    }
    expect((await bodies({})).get('/hello')).toContain('<a href="/account">My account</a>')
  })

  test('C003-03 ways back: errors to where needs no login, “stay” to where people are signed in', async () => {
    const pages = await bodies({ brand: 'Acme', accountPath: undefined })
    for (const place of ['/refused', '/nothing', '/bye'])
      expect(pages.get(place)).toContain('<a class="button quiet" href="/bye">To the start page</a>')
    expect(pages.get('/out')).toContain('<a class="button quiet" href="/mine">Stay signed in</a>')
  })
})

describe('C003-03 what the provider is called', () => {
  const own = { brand: 'Acme', accountPath: undefined }

  test.each([
    ['Keycloak', KEYCLOAK, 'en', 'Keycloak does not accept this application', 'at Keycloak.'],
    ['another provider', OTHER, 'en', 'The sign-in service does not accept this', 'at the sign-in service.'],
    ['nothing known', undefined, 'en', 'The sign-in service does not accept', 'at the sign-in service.'],
    ['Keycloak', KEYCLOAK, 'de', 'Keycloak nimmt diese Anwendung nicht an', 'bei Keycloak.'],
    ['another provider', OTHER, 'de', 'Der Anmeldedienst nimmt diese', 'beim Anmeldedienst.'],
  ])('C003-03 %s (%#)', async (_name, metadata, language, refused, logout) => {
    const pages = await bodies({ ...own, provider: knowing(metadata) }, undefined, language)
    expect(pages.get('/refused')).toContain(refused)
    expect(pages.get('/out')).toContain(logout)
    const named = [...pages.values()].filter((body) => body.includes('Keycloak'))
    expect(named.length > 0).toBe(metadata === KEYCLOAK)
  })
})

describe('C003-03 how names are shown', () => {
  test('C003-03 the greeting is English on a German page, and says so', async () => {
    const german = await bodies({}, 'Grete Müller', 'de')
    expect(german.get('/hello')).toContain('<h1 lang="en">Hello, Grete Müller! I know who I am!</h1>')
    expect((await bodies({})).get('/hello')).toContain('<h1>Hello, Ada')
  })

  test('C003-03 a name that runs from right to left does not turn the sentence around it', async () => {
    const pages = await bodies({ accountPath: undefined }, 'عمر (HR) الخيام')
    expect(pages.get('/hello')).toContain('<h1>Hello, \u2068عمر (HR) الخيام\u2069! I know who I am!</h1>')
    expect(pages.get('/account')).toContain('<dd><bdi>عمر (HR) الخيام</bdi></dd>')
    expect(pages.get('/out')).toContain('<bdi class="who">عمر (HR) الخيام</bdi>')
  })

  test.each([
    ['a letter', ' ada', 'A'],
    ['a letter with an accent of its own', 'e\u0301mile', 'E\u0301'],
    ['a letter outside the basic plane', '𠮷田', '𠮷'],
    ['a flag', '🇨🇭 Heidi', '🇨🇭'],
  ])('C003-03 the circle holds one character: %s', async (_what, name, initial) => {
    expect((await bodies({}, name)).get('/hello')).toContain(`aria-hidden="true">${initial}</span>`)
  })
})
