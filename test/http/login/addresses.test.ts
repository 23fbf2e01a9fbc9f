import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { sendLines } from '../../support/raw-request.js'

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

const redirectUriOf = (location: string | undefined): string | null =>
  new URL(location ?? '').searchParams.get('redirect_uri')

describe('RD-03 the request path is the trick', () => {
  /** An app that is guarded as a whole, whose pages have every path. */
  let guarded: TestApp

  beforeAll(async () => {
    guarded = await TestApp.start(provider, {
      makeApp: ({ session, routes, requireLogin }) =>
        express()
          .use(session, routes, requireLogin())
          .use((_req, res) => {
            res.send('the page')
          }),
    })
  })

  afterAll(() => guarded.stop())

  /** Follows redirects, signing in on the way, as long as they stay on our origin. */
  async function visit(target: TestApp, path: string): Promise<Answer> {
    const jar = new Jar()
    let answer = await target.navigate(path, jar)
    for (let hops = 0; answer.headers['location'] !== undefined && hops < 6; hops++) {
      const url = new URL(answer.headers['location'], target.publicUrl)
      if (url.href.startsWith(`${provider.issuer}/protocol/openid-connect/auth?`)) {
        answer = await target.callback(provider.approve(url.href, newPerson()), jar)
        continue
      }
      expect([path, url.origin]).toEqual([path, target.publicUrl])
      answer = await target.navigate(url.pathname + url.search, jar)
    }
    return answer
  }

  const paths = [
    '//evil.example/',
    '///evil.example',
    '/\\evil.example',
    '/%5Cevil.example',
    '//evil.example/%2f..',
    '//evil.example/hello',
    '/\\evil.example/hello',
    '/.//evil.example',
    '/%2e%2e//evil.example',
    '/%09//evil.example',
  ]

  test.each(paths)('RD-03 %s in an app that is guarded as a whole leads to a page of ours', async (path) => {
    const answer = await visit(guarded, path)
    expect([answer.status, answer.body]).toEqual([200, 'the page'])
  })

  test.each(paths)('RD-03 %s is not found in the app of this package', async (path) => {
    expect((await visit(app, path)).status).toBe(404)
  })

  test('RD-03 C002-20 an honest path, query included, is where the login leads back to', async () => {
    const jar = new Jar()
    const refused = await guarded.navigate('/reports/7?page=2&x=a%20b', jar)
    expect([refused.status, refused.location]).toEqual([
      302,
      '/login?return_to=%2Freports%2F7%3Fpage%3D2%26x%3Da%2520b',
    ])
    const answer = await guarded.signIn(provider, jar, newPerson(), refused.location)
    expect(answer.headers['location']).toBe('/reports/7?page=2&x=a%20b')
    expect((await guarded.navigate('/reports/7?page=2&x=a%20b', jar)).body).toBe('the page')
  })
})

describe('RD-05 another Host', () => {
  const evil = { host: 'evil.example' }
  const own = (): string => `127.0.0.1:${app.port}`

  test('RD-05 a navigation under it is sent to the same path under PUBLIC_URL', async () => {
    for (const path of ['/login', '/logout', '/hello', '/hello?a=b']) {
      const answer = await app.navigate(path, undefined, evil)
      expect([answer.status, answer.headers['location']]).toEqual([302, app.publicUrl + path])
    }
  })

  test('RD-05 /login of a script under it has our redirect URI', async () => {
    const answer = await app.send('/login', { headers: { ...SCRIPT, ...evil } })
    expect(redirectUriOf(answer.headers['location'])).toBe(`${app.publicUrl}/authorize`)
    expect(answer.headers['location']).not.toContain('evil')
  })

  test.each([
    ['ours first', (): string[] => [`Host: ${own()}`, 'Host: evil.example']],
    ['the other first', (): string[] => ['Host: evil.example', `Host: ${own()}`]],
  ])('RD-05 two Host headers, %s: no address of the other site', async (_name, hosts) => {
    for (const path of ['/login', '/logout', '/hello']) {
      for (const accept of ['text/html', 'application/json']) {
        const request = [`GET ${path} HTTP/1.1`, ...hosts(), `Accept: ${accept}`, 'Connection: close']
        const answer = await sendLines(app.port, request)
        expect(answer.status).toBeGreaterThan(0)
        expect(answer.status).toBeLessThan(500)
        expect(answer.text).not.toContain('evil')
        const redirectUri = /redirect_uri=([^&]*)/.exec(answer.headers['location'] ?? '')?.[1]
        expect([undefined, encodeURIComponent(`${app.publicUrl}/authorize`)]).toContain(redirectUri)
      }
    }
  })

  test('RD-05 the absolute form of another site leads to PUBLIC_URL', async () => {
    for (const path of ['/login', '/logout', '/hello']) {
      const answer = await sendLines(app.port, [
        `GET http://evil.example${path} HTTP/1.1`,
        ...['Host: evil.example', 'Accept: text/html', 'Connection: close'],
      ])
      expect(new URL(answer.headers['location'] ?? '').origin).toBe(app.publicUrl)
    }
  })

  test('RD-05 the absolute form with our own Host shows no other address', async () => {
    const answer = await sendLines(app.port, [
      'GET http://evil.example/login HTTP/1.1',
      ...[`Host: ${own()}`, 'Accept: text/html', 'Connection: close'],
    ])
    expect([answer.status, redirectUriOf(answer.headers['location'])]).toEqual([
      302,
      `${app.publicUrl}/authorize`,
    ])
    expect(answer.text).not.toContain('evil')
  })

  test('RD-05 signing out and the metadata under it name PUBLIC_URL', async () => {
    const jar = new Jar()
    await app.signIn(provider, jar)
    const answer = await app.signOut(jar, evil)
    const url = new URL(answer.headers['location'] ?? '')
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${app.publicUrl}/`)
    const metadata = await app.send('/.well-known/oauth-protected-resource', {
      headers: { ...SCRIPT, ...evil },
    })
    expect(metadata.body).toContain(app.publicUrl)
    expect(metadata.body).not.toContain('evil')
  })

  test('RD-05 an honest login works afterwards', () => expectHonestLogin(app, provider))
})

describe('RD-06 forwarded headers without TRUST_PROXY', () => {
  const HEADERS: Readonly<Record<string, string>> = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '444',
    'x-forwarded-prefix': '/evil',
    'x-forwarded-uri': '/evil',
    forwarded: 'host=evil.example;proto=https',
    'x-original-url': '/secure-data',
    'x-rewrite-url': '/secure-data',
    'x-http-method-override': 'POST',
  }

  test.each([...Object.entries(HEADERS).map(([name, value]) => ({ [name]: value })), HEADERS])(
    'RD-06 %j changes no address, no cookie and no route',
    async (headers) => {
      const begun = await app.navigate('/login', undefined, headers)
      expect([begun.status, redirectUriOf(begun.location)]).toEqual([302, `${app.publicUrl}/authorize`])
      expect(begun.location).not.toContain('evil')
      expect(begun.cookies).toHaveLength(1)
      expect(begun.cookies.join()).not.toMatch(/secure/i)
      const home = await app.navigate('/', undefined, headers)
      expect([home.status, home.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect(home.body).toContain('You are not signed in.')
      expect(home.body).not.toContain('evil')
    },
  )

  test('RD-06 with TRUST_PROXY the forwarded host is the one that counts, and addresses stay ours', async () => {
    await withApp(provider, { trustProxy: true }, async (behind) => {
      const own = `127.0.0.1:${behind.port}`
      const passed = await behind.navigate('/hello', undefined, { host: 'internal', 'x-forwarded-host': own })
      expect(passed.location).toBe('/login?return_to=%2Fhello')
      const evil = { host: own, 'x-forwarded-host': 'evil.example' }
      expect((await behind.navigate('/hello', undefined, evil)).location).toBe(`${behind.publicUrl}/hello`)
      const begun = await behind.send('/login', { headers: { ...SCRIPT, ...HEADERS } })
      expect(redirectUriOf(begun.location)).toBe(`${behind.publicUrl}/authorize`)
    })
  })

  test('RD-06 an honest login works afterwards', () => expectHonestLogin(app, provider))
})

describe('RD-05 C002-26 one canonical address', () => {
  const byName = (): { host: string } => ({ host: `localhost:${app.port}` })

  test('a visit to localhost goes once to 127.0.0.1, and a login from there works', async () => {
    const answer = await app.navigate('/hello?x=1', new Jar(), byName())
    expect([answer.status, answer.headers['location']]).toEqual([302, `${app.publicUrl}/hello?x=1`])
    expect(answer.cookies).toHaveLength(1)
    expect(answer.cookies[0]).toMatch(
      /^latchkey-moved=[\w-]{22}; Max-Age=5; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    )
    await expectHonestLogin(app, provider)
  })

  test('a proxy that rewrites Host makes no loop: the second visit is answered', async () => {
    const jar = new Jar()
    await app.navigate('/', jar, byName())
    const answer = await app.navigate('/', jar, byName())
    expect([answer.status, answer.headers['location']]).toEqual([200, undefined])
    await app.navigate('/', jar, byName())
    expect(app.log.filter(({ code }) => code === 'host_mismatch')).toHaveLength(1)
  })

  test('another address within those seconds is led to its place, too', async () => {
    const jar = new Jar()
    await app.navigate('/', jar, byName())
    const answer = await app.navigate('/login', jar, byName())
    expect([answer.status, answer.headers['location']]).toEqual([302, `${app.publicUrl}/login`])
  })

  test.each([
    ['a script', 'GET', SCRIPT],
    ['a program', 'GET', { accept: '*/*' }],
    ['a form', 'POST', { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }],
    ['a prefetch', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' }],
  ])('%s under another name is answered where it is', async (_name, method, headers) => {
    const answer = await app.send('/nothing', { method, headers: { ...headers, ...byName() } })
    expect(answer.status).toBe(404)
  })
})
