import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { encode, forge, headerOf } from '../../support/forging.js'
import { rawGet } from '../../support/raw-request.js'
import { CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, NAVIGATION, SCRIPT, TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp
let good: string

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(async () => {
  good = await provider.accessToken()
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const SECURED = { data: 'This is secured data.' }
const ROUTES = ['/secure-data', '/api/whoami', '/api/projects']
const metadata = (): string => `${app.publicUrl}/.well-known/oauth-protected-resource`
const withAuthorization = (authorization: string, path = '/secure-data') =>
  app.send(path, { headers: { ...SCRIPT, authorization } })

describe('no bearer credentials (RFC 6750 §3.1)', () => {
  test.each(['/secure-data', '/api/projects'])(
    'BT-01 C003-07 %s answers 401 with a challenge that has no error',
    async (path) => {
      const answer = await app.bearer(undefined, path)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer realm="latchkey", resource_metadata="${metadata()}"`,
      )
      expect(answer.json()).toEqual({ error: 'unauthorized', error_description: 'A bearer token is needed' })
    },
  )

  test('BT-01 a route for sessions and tokens does so, too', async () => {
    const answer = await app.bearer(undefined, '/api/whoami')
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="latchkey", resource_metadata="${metadata()}"`,
    )
    expect(answer.json()).toMatchObject({ error: 'unauthorized' })
  })

  test.each(['Basic', 'Token', 'JWT', 'OAuth', 'BearerX', 'Bearer-', 'DPoP', 'Negotiate'])(
    'BT-03 C003-06 a good token under the scheme %s is no bearer credential',
    async (scheme) => {
      const answer = await withAuthorization(`${scheme} ${good}`)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).not.toContain('error')
    },
  )

  test('BT-03 C003-06 a good token without a scheme is no bearer credential', async () => {
    const answer = await withAuthorization(good)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error')
  })

  test.each(['bearer', 'BEARER', 'bEaReR'])('BT-03 the scheme may be written %s', async (scheme) => {
    expect(await withAuthorization(`${scheme} ${good}`)).toMatchObject({ status: 200 })
  })
})

describe('malformed bearer credentials (RFC 6750 §2.1)', () => {
  test.each([
    ['nothing but the scheme', 'Bearer'],
    ['a comma', 'Bearer a,b'],
    ['two words', 'Bearer a b'],
    ['quotes', 'Bearer "abc"'],
    ['per cent signs', 'Bearer %E0%A4%A'],
    ['a byte beyond ASCII', 'Bearer \xe9'],
    ['a sign of equality inside', 'Bearer a=b'],
  ])('BT-02 %s: 400 invalid_request', async (_name, value) => {
    const answer = await rawGet(app.port, '/secure-data', [`Authorization: ${value}`])
    expect(answer.status).toBe(400)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_request"')
    expect(JSON.parse(answer.body.replace(/^[^{]*|[^}]*$/g, ''))).toMatchObject({ error: 'invalid_request' })
  })

  test.each<[string, () => string]>([
    ['a good token and a word', () => `Bearer ${good} x`],
    ['a good token behind =', () => `Bearer=${good}`],
    ['a good token behind :', () => `Bearer:${good}`],
    ['a good token behind a tab', () => `Bearer\t${good}`],
    ['two good ones', () => `Bearer ${good},Bearer ${good}`],
    ['14 kB of noise', () => `Bearer ${'x'.repeat(14_000)}`],
    ['DEL behind a good token', () => `Bearer ${good}\x7f`],
    ['5,000 dots', () => `Bearer ${'.'.repeat(5000)}`],
    ['an unsigned token', () => `Bearer ${encode('{}')}.${encode('{}')}.`],
  ])('BT-02 %s: 400 or 401 and no data', async (_name, value) => {
    const answer = await rawGet(app.port, '/secure-data', [`Authorization: ${value()}`])
    expect([400, 401]).toContain(answer.status)
    expect(answer.text).not.toContain('secured data')
  })

  test('BT-02 two headers: the honest one alone does not decide', async () => {
    const lines = [`Authorization: Bearer ${good}`, 'Authorization: Bearer x']
    const answers = await Promise.all(
      [lines, lines.toReversed()].map((l) => rawGet(app.port, '/secure-data', l)),
    )
    // Node keeps the first of two; what matters is that it is judged like any other.
    expect(answers.map(({ status }) => status)).toEqual([200, 401])
  })
})

describe('a token elsewhere than in the header (RFC 6750 §2, RFC 9700 §4.3.2)', () => {
  test('BT-04 C003-06 in the URL it is not read', async () => {
    const answer = await app.bearer(undefined, `/secure-data?access_token=${good}`)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('error')
  })

  test.each(['GET', 'POST'])('BT-04 in the body of a %s it is not read', async (method) => {
    const body = `access_token=${good}`
    const answer = await app.send('/secure-data', {
      method,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        // Without it the body of a GET would be the next request.
        'content-length': String(body.length),
      },
      body,
    })
    expect([401, 404]).toContain(answer.status)
    expect(answer.body).not.toContain('secured data')
  })

  test.each([
    ['a cookie', 'cookie', ''],
    ['a cookie of our name', 'cookie', 'latchkey='],
    ['X-Access-Token', 'x-access-token', ''],
    ['X-Forwarded-Access-Token', 'x-forwarded-access-token', ''],
    ['Proxy-Authorization', 'proxy-authorization', 'Bearer '],
  ])('BT-04 in %s it is not read', async (_name, header, before) => {
    const value = header === 'cookie' && before === '' ? `access_token=${good}` : before + good
    expect(await app.send('/secure-data', { headers: { [header]: value } })).toMatchObject({ status: 401 })
  })

  test.each(['access_token=x', 'access_token=', 'a=b&access_token=x', 'access%5Ftoken=x'])(
    'BT-04 C003-06 in the header and beside it in the URL (%s): 400 invalid_request',
    async (query) => {
      const answer = await app.bearer(good, `/secure-data?${query}`)
      expect(answer.status).toBe(400)
      expect(answer.headers['www-authenticate']).toContain('error="invalid_request"')
    },
  )
})

describe('every refusal is for programs', () => {
  const tokens: [string, () => Promise<string> | string | undefined][] = [
    ['no token', () => undefined],
    ['a bad token', () => 'abc'],
    ['an expired token', () => provider.accessToken({ exp: 1_000_000_000 })],
  ]
  const accepts = [
    'application/json',
    '*/*',
    'text/html',
    'text/html,application/xhtml+xml,*/*;q=0.8',
    'image/png',
    '',
  ]
  const cases = tokens.flatMap(([name, token]) => accepts.map((accept) => [name, accept, token] as const))

  test.each(cases)(
    'BT-05 C003-07 %s, Accept %p: 401 JSON without redirect and cookie',
    async (_n, accept, token) => {
      for (const path of ROUTES) {
        const value = await token()
        for (const like of [{}, NAVIGATION]) {
          const answer = await app.bearer(value, path, { ...like, accept })
          expect([answer.status, answer.location, answer.cookies]).toEqual([401, undefined, []])
          expect(answer.headers['content-type']).toMatch(/^application\/json/)
          expect(answer.headers['cache-control']).toBe('no-store')
          expect(Object.keys(answer.json() as object)).toEqual(['error', 'error_description'])
          expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="latchkey"/)
          expect(/error="(\w+)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1]).toBe(
            value === undefined ? undefined : 'invalid_token',
          )
        }
      }
    },
  )

  test('C003-06 C003-07 the good token gets exactly the data, as JSON, without a cookie', async () => {
    const answer = await app.bearer(good)
    expect([answer.status, answer.json(), answer.cookies]).toEqual([200, SECURED, []])
    expect(answer.body).toBe('{"data":"This is secured data."}')
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
  })
})

describe('a token and a session in one request', () => {
  test('BT-05 the token decides, whichever way', async () => {
    const [jar, person, caller] = [new Jar(), newPerson(), newPerson()]
    await app.signIn(provider, jar, person)
    const send = (token: string) =>
      app.send('/api/whoami', { jar, headers: { ...SCRIPT, authorization: `Bearer ${token}` } })
    expect(await send('abc')).toMatchObject({ status: 401 })
    expect((await send(await provider.accessToken(caller))).json()).toMatchObject({ id: caller.sub })
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })
})

describe('the challenge (RFC 6750 §3, RFC 9110 §5.5)', () => {
  const NASTY = 'x"\\\r\nX-Evil: 1\r\nSet-Cookie: x=1\u00e9\u6f22'
  test.each<[string, () => string]>([
    ['kid', () => forge(headerOf(provider.key, { kid: NASTY }), provider.accessTokenClaims(), provider.key)],
    ['typ', () => forge(headerOf(provider.key, { typ: NASTY }), provider.accessTokenClaims(), provider.key)],
    ['alg', () => `${encode({ alg: NASTY })}.${encode('{}')}.${encode('x')}`],
    ['iss', () => forge(headerOf(provider.key), provider.accessTokenClaims({ iss: NASTY }), provider.key)],
    ['aud', () => forge(headerOf(provider.key), provider.accessTokenClaims({ aud: NASTY }), provider.key)],
    [
      'azp',
      () => forge(headerOf(provider.key), provider.accessTokenClaims({ aud: [], azp: NASTY }), provider.key),
    ],
    [
      'sub',
      () => forge(headerOf(provider.key), provider.accessTokenClaims({ sub: NASTY, exp: 1 }), provider.key),
    ],
    [
      'scope',
      () => forge(headerOf(provider.key), provider.accessTokenClaims({ scope: NASTY, exp: 1 }), provider.key),
    ],
  ])('BT-07 holds nothing of a %s with quotes and line breaks', async (_name, token) => {
    const answer = await app.bearer(token())
    expect(answer.status).toBe(401)
    const challenges = answer.rawHeaders.filter((_, at) =>
      /^www-authenticate$/i.test(answer.rawHeaders[at - 1] ?? ''),
    )
    expect(challenges).toEqual([
      `Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid here", ` +
        `resource_metadata="${metadata()}"`,
    ])
    expect(answer.headers).not.toHaveProperty('x-evil')
    expect(answer.cookies).toEqual([])
    expect(answer.body).not.toMatch(/evil/i)
  })

  test('BT-07 C003-07 RFC 9728: the document it points to names the issuer', async () => {
    const answer = await app.send(new URL(metadata()).pathname)
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({
      resource: app.publicUrl,
      authorization_servers: [provider.issuer],
      bearer_methods_supported: ['header'],
      resource_name: 'Latchkey',
    })
  })
})

describe('size', () => {
  test('BT-08 headers above 16 kB: 431, and the process goes on', async () => {
    expect(await app.bearer('x'.repeat(17_000))).toMatchObject({ status: 431 })
    expect(await rawGet(app.port, '/secure-data', [`X-Big: ${'x'.repeat(40_000)}`])).toMatchObject({
      status: 431,
    })
    expect(await app.bearer(good)).toMatchObject({ status: 200 })
  })

  test('BT-08 a token of more than 6 kB works', async () => {
    const roles = Array.from({ length: 250 }, (_, at) => `role-number-${at}`)
    const token = await provider.accessToken({ realm_access: { roles } })
    expect(token.length).toBeGreaterThan(6000)
    expect(await app.bearer(token)).toMatchObject({ status: 200 })
  })
})

describe('other origins (Fetch §3.2)', () => {
  const allowance = ({ headers }: { headers: object }): string[] =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'))

  test.each(['https://evil.example', 'null', `http://${CLIENT_ID}.example`])(
    'BT-09 %s is allowed nothing',
    async (origin) => {
      const ask = {
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      }
      for (const path of [...ROUTES, '/session', '/.well-known/oauth-protected-resource']) {
        const preflight = await app.send(path, { method: 'OPTIONS', headers: { origin, ...ask } })
        const read = await app.bearer(good, path, { origin })
        expect([preflight, read].map(allowance)).toEqual([[], []])
        expect([preflight.status, read.status].every((status) => status < 500)).toBe(true)
      }
    },
  )
})
