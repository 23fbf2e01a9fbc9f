import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { escapeNotPrintable } from '../../../src/printable.js'
import { createApp } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { edited } from '../login/callbacks.js'
import { sendLines } from '../../support/raw-request.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { upstreamTimeout: 1 })
})

beforeEach(() => {
  app.log.length = 0
})

afterEach(() => provider.reset())

afterAll(async () => {
  await app.stop()
  await provider.close()
})

describe('LG-01 text of others in the log', () => {
  test.each([
    ['a C1 control', '\u009b31m', '\\u009b31m'],
    ['DEL', '\u007f', '\\u007f'],
    ['the line separator', '\u2028', '\\u2028'],
    ['the paragraph separator', '\u2029', '\\u2029'],
    ['a right-to-left override', '\u202e', '\\u202e'],
    ['an isolate', '\u2066', '\\u2066'],
    ['a zero-width space', '\u200b', '\\u200b'],
    ['a byte-order mark', '\ufeff', '\\ufeff'],
    ['letters of the world', 'Müller 山 é', 'Müller 山 é'],
  ])('LG-01 %s', (_name, text, escaped) => {
    expect(escapeNotPrintable(text)).toBe(escaped)
  })

  test('LG-01 line breaks and escape sequences in everything that comes from outside: one printable line an event', async () => {
    const evil = 'x\r\n{"level":"error","message":"FORGED"}\u001b[31m\u2028\u009b'
    const value = encodeURIComponent(evil)
    const jar = new Jar()
    const { searchParams } = await app.beginLogin(jar)
    await app.navigate(`/${value}`)
    await app.navigate(`/login?return_to=%2F${value}&max_age=${value}`)
    await app.navigate(`/authorize?error=${value}&error_description=${value}&state=${value}`)
    const query = new URLSearchParams({
      state: searchParams.get('state') ?? '',
      iss: provider.issuer,
      error: evil,
    })
    await app.navigate(`/authorize?${query.toString()}`, jar)
    await app.bearer(await provider.accessToken({ iss: evil, sub: evil, azp: evil }))
    await app.bearer(await provider.accessToken({}, { kid: evil }))
    await app.signIn(provider, new Jar(), newPerson({ sub: evil, name: evil, preferred_username: evil }))
    await sendLines(app.port, [
      'GET /\u009b31m%0a HTTP/1.1',
      `Host: 127.0.0.1:${app.port}`,
      'User-Agent: \u009b',
      'Connection: close',
    ])
    expect(app.log.length).toBeGreaterThan(10)
    for (const entry of app.log) {
      const line = escapeNotPrintable(JSON.stringify(entry))
      // eslint-disable-next-line no-control-regex -- they are what must not be there
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
      expect(JSON.parse(line)).toMatchObject({ level: entry.level })
    }
  })
})

describe('LG-02 events', () => {
  const callback = async (change: (query: URLSearchParams) => void): Promise<Answer> => {
    const jar = new Jar()
    const url = provider.approve((await app.beginLogin(jar)).href, newPerson())
    return app.callback(edited(url, change), jar)
  }
  const signOut = async (headers = {}): Promise<Answer> => {
    const jar = new Jar()
    await app.signIn(provider, jar)
    app.log.length = 0
    return app.signOut(jar, headers)
  }
  const withToken = (arm: () => void) => (): Promise<Answer> => {
    arm()
    return app.signIn(provider, new Jar())
  }
  const answering = (answer: (res: ServerResponse) => void) =>
    withToken(() => {
      provider.answers.token = (_call, res) => answer(res)
    })

  test.each<[string, string, string, () => Promise<Answer>]>([
    ['a sign-in', 'info', 'login', () => app.signIn(provider, new Jar())],
    ['a sign-out', 'info', 'logout', () => signOut()],
    [
      'a sign-out from another site',
      'warn',
      'cross_site_request',
      () => signOut({ 'sec-fetch-site': 'cross-site' }),
    ],
    ['an unknown state', 'warn', 'unknown_login', () => callback((query) => query.set('state', 'x'))],
    ['a damaged callback', 'warn', 'invalid_response', () => callback((query) => query.append('code', 'x'))],
    ['another issuer', 'warn', 'wrong_issuer', () => callback((query) => query.set('iss', 'x'))],
    [
      'a declined login',
      'warn',
      'access_denied',
      () => callback((query) => query.set('error', 'access_denied')),
    ],
    [
      'a refused ID token',
      'warn',
      'id_token_invalid',
      withToken(() => {
        provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, aud: 'x' } })
      }),
    ],
    [
      'a refused code',
      'warn',
      'code_refused',
      answering((res) => json(res, 400, { error: 'invalid_grant' })),
    ],
    [
      'a refused client',
      'error',
      'client_refused',
      answering((res) => json(res, 401, { error: 'invalid_client' })),
    ],
    [
      'nonsense of the token endpoint',
      'error',
      'token_response_invalid',
      answering((res) => json(res, 200, '{')),
    ],
    ['no answer of it', 'error', 'provider_unavailable', answering(() => undefined)],
    ['a bad parameter of /login', 'warn', 'invalid_login_parameter', () => app.navigate('/login?prompt=x')],
    ['a script without a session', 'warn', 'unauthorized', () => app.send('/session', { headers: SCRIPT })],
    ['a bearer token that is none', 'warn', 'invalid_token', () => app.bearer('x')],
    [
      'an expired bearer token',
      'warn',
      'invalid_token',
      async () => app.bearer(await provider.accessToken({ exp: Math.floor(Date.now() / 1000) - 60 })),
    ],
    ['no bearer token', 'warn', 'missing_token', () => app.bearer(undefined)],
  ])(
    'LG-02 %s is one line at level %s with code %s and the request’s id',
    async (_name, level, code, act) => {
      const answer = await act()
      const events = app.log.filter((line) => line.level !== 'debug')
      expect(events).toEqual([
        expect.objectContaining({ level, code, request_id: String(answer.headers['x-request-id']) }),
      ])
    },
  )

  test('LG-02 a discovery that fails is an event with the issuer, and every refused request is one', async () => {
    provider.answers.discovery = (_call, res) => json(res, 500, {})
    await withApp(provider, {}, async (own) => {
      const answer = await own.navigate('/login')
      const id = String(answer.headers['x-request-id'])
      expect(own.log.filter(({ level }) => level !== 'debug')).toEqual([
        expect.objectContaining({ code: 'provider_unavailable', issuer: provider.issuer, request_id: id }),
        expect.objectContaining({
          code: 'provider_unavailable',
          status: 503,
          path: '/login',
          request_id: id,
        }),
      ])
    })
  })

  test('LG-02 every request leaves one line at level debug, with path, status and time', async () => {
    await app.navigate('/hello?secret=1')
    expect(app.log).toEqual([
      expect.objectContaining({
        level: 'debug',
        code: 'request',
        method: 'GET',
        path: '/hello',
        status: 302,
      }),
    ])
    expect(typeof app.log[0]?.['ms']).toBe('number')
  })
})

describe('LG-03 what an answer never says', () => {
  const TEXT = 'UPSTREAM-TEXT'
  const FAULTS: readonly [string, (res: ServerResponse) => void][] = [
    ['500 in plain text', (res) => void res.writeHead(500, { 'content-type': 'text/plain' }).end(TEXT)],
    ['invalid_grant', (res) => json(res, 400, { error: 'invalid_grant', error_description: TEXT })],
    ['an error of its own', (res) => json(res, 400, { error: TEXT, error_description: TEXT })],
    ['HTML', (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end(`<b>${TEXT}</b>`)],
    ['cut JSON', (res) => json(res, 200, `{"${TEXT}`)],
    ['a reset', (res) => res.socket?.destroy()],
    ['silence', () => undefined],
  ]
  const INSIDE =
    /\bat .*:\d+|node_modules|node:internal|\/src\/|\/dist\/|\.m?[jt]s\b|E[A-Z]{6,}|OAUTH_|ERR_|SyntaxError|TypeError/

  test.each(FAULTS)(
    'LG-03 the token endpoint answers with %s: a page and JSON without its words or ours of within',
    async (_name, answer) => {
      provider.answers.token = (_call, res) => answer(res)
      for (const headers of [NAVIGATION, SCRIPT]) {
        const jar = new Jar()
        const url = provider.approve((await app.beginLogin(jar)).href, newPerson())
        const { status, body } = await app.send(url.pathname + url.search, { jar, headers })
        expect(status).toBeGreaterThanOrEqual(400)
        expect(body).not.toMatch(INSIDE)
        expect(body).not.toContain(TEXT)
        expect(body).not.toContain(provider.issuer)
      }
    },
  )

  test.each(FAULTS)('LG-03 discovery answers with %s', async (_name, answer) => {
    provider.answers.discovery = (_call, res) => answer(res)
    await withApp(provider, { upstreamTimeout: 1 }, async (own) => {
      for (const headers of [NAVIGATION, SCRIPT]) {
        const { status, body } = await own.send('/login', { headers })
        expect([status, body.includes(TEXT), INSIDE.test(body)]).toEqual([503, false, false])
      }
    })
  })

  test.each([
    '/nothing',
    '/%',
    '/%E0%A4%A',
    '/authorize?code[]=x',
    '/hello/..%2f..%2fetc/passwd',
    '/login?return_to=%zz&prompt=x',
  ])('LG-03 GET %s', async (path) => {
    for (const headers of [NAVIGATION, SCRIPT]) {
      const { status, body } = await app.send(path, { headers })
      expect([status >= 400 && status < 500, INSIDE.test(body)]).toEqual([true, false])
    }
  })

  test.each([
    ['an Error', new Error(`${TEXT} in /home/app/src/secret.ts`)],
    ['a text', TEXT],
    ['an object with a status', { status: 599, message: TEXT }],
  ])(
    'LG-03 a bug of ours throws %s: 500 with the request’s id, the cause in the log alone, and the next request works',
    async (_name, thrown) => {
      const hello = (): never => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- a bug may throw anything
        throw thrown
      }
      await withApp(
        provider,
        { makeApp: (services) => createApp({ ...services, pages: { ...services.pages, hello } }) },
        async (own) => {
          const jar = new Jar()
          await own.signIn(provider, jar)
          for (const headers of [NAVIGATION, SCRIPT]) {
            const answer = await own.send('/hello', { jar, headers })
            expect([answer.status, answer.body.includes(TEXT), INSIDE.test(answer.body)]).toEqual([
              500,
              false,
              false,
            ])
            expect(answer.body).toContain('internal_error')
          }
          const [line, ...more] = own.log.filter(({ code }) => code === 'internal_error')
          expect([line?.level, line?.['path'], more.length]).toEqual(['error', '/hello', 1])
          expect((await own.navigate('/account', jar)).status).toBe(200)
        },
      )
    },
  )
})
