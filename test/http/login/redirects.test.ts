import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, type Answer, TestApp } from '../../support/test-app.js'

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

/** A whole login with a query of `/login`; the callback's answer, or the refusal of `/login`. */
async function logIn(query: string): Promise<Answer> {
  const jar = new Jar()
  const begun = await app.navigate(`/login?${query}`, jar)
  if (begun.status !== 302) return begun
  return app.callback(provider.approve(begun.location ?? '', newPerson()), jar)
}

/** Where a browser goes. */
const landing = (answer: Answer): URL => new URL(answer.location ?? '', `${app.publicUrl}/authorize`)

const HOSTS = [
  'evil.example',
  'evil.example/x',
  'evil.example@127.0.0.1',
  '127.0.0.1.evil.example',
  '１２７.evil.example',
]
const TRICKS = [
  ...[
    '//H',
    '///H',
    '////H',
    '\\\\H',
    '/\\H',
    '\\/H',
    '/\\/H',
    '/\t/H',
    '/\n/H',
    '/\r\n/H',
    '\t//H',
    ' //H',
    '\u0000//H',
  ],
  ...[
    '/ /H',
    '/.//H',
    '/a/..//H',
    '/%2e//H',
    '/./\\H',
    '\u00a0//H',
    '\u3000//H',
    '/\u2028/H',
    '\ufeff//H',
    '／／H',
    '/\u200b/H',
  ],
  ...[
    'http://H',
    'HTTPS://H',
    'http:/H',
    'http:H',
    'https:\\\\H',
    'ftp://H',
    'javascript:alert(1)//H',
    'java\tscript:alert(1)',
  ],
  ...[
    'data:text/html,H',
    'vbscript:x',
    'file:///H',
    'blob:http://H/1',
    '@H',
    ':@H',
    '.H',
    '//user@H',
    '//[::1]@H',
  ],
]
const FORMS = TRICKS.flatMap((trick) =>
  trick.includes('H') ? HOSTS.map((host) => trick.replace('H', host)) : [trick],
)

describe('RD-01 a return_to that a browser may resolve to another site', () => {
  test.each(TRICKS)('RD-01 %j stays on our origin, encoded once or twice', async (trick) => {
    const forms = FORMS.filter((form) => HOSTS.some((host) => form === trick.replace('H', host)))
    for (const form of forms) {
      for (const value of [encodeURIComponent(form), encodeURIComponent(encodeURIComponent(form))]) {
        const answer = await logIn(`return_to=${value}`)
        expect([value, answer.status, landing(answer).origin]).toEqual([value, 303, app.publicUrl])
      }
    }
  })

  test('RD-01 a path of ours is where an honest login ends', async () => {
    expect((await logIn('return_to=%2Faccount%3Ftab%3D1')).location).toBe('/account?tab=1')
  })
})

describe('RD-02 which return_to is taken', () => {
  const port = (): string => String(app.port)

  test.each([
    'http://evil.example/',
    'https://evil.example',
    'http://127.0.0.1:PORT/hello',
    'http://localhost:PORT/account',
    'account',
    './account',
    '../account',
    '?x=1',
    '#x',
    '',
    ' /account',
    '/acc ount',
    '/\u007faccount',
    '/a\u0000b',
    '//',
    '/\\x',
    '/login',
    '/login?return_to=/account',
    '/register',
    '/authorize?code=x',
    '/logout',
  ])('RD-02 %j is not taken: the login ends on the default page', async (form) => {
    const answer = await logIn(`return_to=${encodeURIComponent(form.replace('PORT', port()))}`)
    expect([answer.status, answer.location]).toEqual([303, '/hello'])
  })

  test('RD-02 null and an absent return_to lead to the default page', async () => {
    for (const query of ['return_to=null', 'return_to', ''])
      expect((await logIn(query)).location).toBe('/hello')
  })

  test.each([
    '/',
    '/a?b=c',
    '/a%20b',
    '/account?tab=1&x=a%2Fb',
    '/hello?next=%2F%2Fx',
    '/hello?u=http://x.example/',
    '/a-b_c~d',
    '/hello/a/b.html',
    '/loginpage',
    '/a#part',
  ])('RD-02 %j is taken unchanged', async (path) => {
    expect((await logIn(`return_to=${encodeURIComponent(path)}`)).location).toBe(path)
  })
})

describe('RD-04 parameters of the end-session request that come from outside', () => {
  const foreign = [
    'post_logout_redirect_uri=https://evil.example/',
    'redirect_url=//evil.example',
    'redirect_uri=https://evil.example',
    'returnTo=//evil.example',
    'return_to=/\\evil.example',
    'state=evil.example',
    'client_id=evil.example',
    'id_token_hint=evil.example',
    'ui_locales=evil.example',
  ].join('&')

  test('RD-04 GET /logout shows its page and nothing of them', async () => {
    const answer = await app.navigate(`/logout?${foreign}`)
    expect([answer.status, answer.body.includes('evil')]).toEqual([200, false])
    expect(answer.location).toBeUndefined()
  })

  test.each([
    ['in the query', `/logout?${foreign}`, ''],
    ['in the body', '/logout', foreign],
  ])('RD-04 %s: the end-session request has our values only', async (_where, path, body) => {
    const jar = new Jar()
    await app.signIn(provider, jar)
    const answer = await app.send(path, {
      method: 'POST',
      jar,
      body,
      headers: {
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'navigate',
        'content-type': 'application/x-www-form-urlencoded',
      },
    })
    const url = new URL(answer.location ?? '')
    expect([answer.status, url.origin + url.pathname]).toEqual([
      303,
      `${provider.issuer}/protocol/openid-connect/logout`,
    ])
    expect([...url.searchParams.keys()].sort()).toEqual([
      'client_id',
      'id_token_hint',
      'post_logout_redirect_uri',
      'state',
    ])
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${app.publicUrl}/`)
    expect(url.searchParams.get('client_id')).toBe('webapp')
    expect(url.href).not.toContain('evil')
    expect(await app.whoami(jar)).toBeUndefined()
  })
})

describe('RD-07 a malformed return_to', () => {
  test.each([
    'return_to=http://[::1',
    'return_to=%',
    'return_to=%zz',
    'return_to=%ED%A0%80',
    'return_to=/%ED%A0%80',
    'return_to=%C0%AF',
    'return_to[]=x',
    'return_to[a][b]=/x',
    'return_to=/account&return_to=/account',
    'return_to=/account&return_to=//evil.example',
    'return_to=/%EF%BF%BF%F0%90',
    'return_to=http://:@/',
    'return_to=//[',
  ])('RD-07 %s ends on our own origin', async (query) => {
    const answer = await logIn(query)
    expect([answer.status, landing(answer).origin]).toEqual([303, app.publicUrl])
  })

  test('RD-07 one of 15 kB is forgotten at once', async () => {
    const begun = performance.now()
    const answer = await logIn(`return_to=/${'a'.repeat(15_000)}`)
    expect([answer.status, answer.location]).toEqual([303, '/hello'])
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  test('RD-07 one that is given twice counts as none', async () => {
    expect((await logIn('return_to=/account&return_to=/account')).location).toBe('/hello')
  })
})

describe('RD-08 a return_to with line breaks', () => {
  test.each([
    '/a%0d%0aSet-Cookie:%20x=1',
    '/a%0aSet-Cookie:%20x=1',
    '/a%0dX-Evil:1',
    '/a%E5%98%8A%E5%98%8DSet-Cookie:x=1',
    '/%0d%0a%0d%0a<h1>x',
    '/a%250d%250aX-Evil:1',
  ])('RD-08 %s adds no header', async (value) => {
    const answer = await logIn(`return_to=${value}`)
    expect(answer.status).toBe(303)
    expect(answer.headers).not.toHaveProperty('x-evil')
    expect(answer.cookies.filter((line) => !line.startsWith('latchkey'))).toEqual([])
    expect(answer.location).toMatch(/^[!-~]+$/)
    expect(answer.body).not.toContain('<h1>x')
  })

  test('RD-08 an honest login works afterwards', () => expectHonestLogin(app, provider))
})
