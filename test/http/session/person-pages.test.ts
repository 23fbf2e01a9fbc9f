import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { recordAnswers, recordTokens, tokenTexts } from '../../support/recorder.js'
import { CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})

beforeEach(() => {
  jar = new Jar()
})

afterEach(() => provider.reset())

afterAll(async () => {
  await app.stop()
  await provider.close()
})

describe('C003-03 GET /hello', () => {
  test('C003-03 a navigation without a session is sent to /login, and after it back', async () => {
    const refused = await app.navigate('/hello?tab=2', jar)
    expect([refused.status, refused.location]).toEqual([302, '/login?return_to=%2Fhello%3Ftab%3D2'])
    expect(refused.headers['cache-control']).toBe('no-store')
    const back = await app.signIn(provider, jar, newPerson(), refused.location)
    expect([back.status, back.location]).toEqual([303, '/hello?tab=2'])
  })

  test.each([
    ['a script', 'GET', SCRIPT],
    ['a script that takes HTML', 'GET', { ...SCRIPT, accept: 'text/html' }],
    ['a program', 'GET', { accept: 'application/json' }],
    ['a prefetch', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' }],
    ['HEAD', 'HEAD', { accept: 'text/html' }],
  ])('C003-03 %s without a session gets 401, never a redirect', async (_name, method, headers) => {
    const answer = await app.send('/hello', { method, headers })
    expect([answer.status, answer.location]).toEqual([401, undefined])
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="latchkey", resource_metadata="[^"]+"$/)
  })

  test('C003-03 POST /hello is no page, and no redirect to the login', async () => {
    const answer = await app.send('/hello', { method: 'POST', headers: { accept: 'text/html' } })
    expect([answer.status, answer.location]).toEqual([404, undefined])
  })

  test('C003-03 with a session it greets the person by name, and is not stored', async () => {
    await app.signIn(provider, jar, newPerson({ name: 'Alice Doe' }))
    const answer = await app.navigate('/hello', jar)
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(answer.body).toContain('<h1>Hello, Alice Doe! I know who I am!</h1>')
  })

  test.each([
    ['the user name without a name', { name: undefined, preferred_username: 'alice' }, 'alice'],
    ['the user name with a name of blanks', { name: '  ', preferred_username: 'alice' }, 'alice'],
    [
      'the user name with a name that is no text',
      { name: { first: 'A' }, preferred_username: 'alice' },
      'alice',
    ],
    [
      'the subject without both',
      { sub: 'the-subject', name: undefined, preferred_username: undefined },
      'the-subject',
    ],
  ])('C003-03 it shows %s', async (_name, claims, shown) => {
    provider.metadata = { userinfo_endpoint: undefined }
    await withApp(provider, {}, async (silent) => {
      await silent.signIn(provider, jar, newPerson(claims))
      expect((await silent.navigate('/hello', jar)).body).toContain(`Hello, ${shown}! I know who I am!`)
    })
  })
})

describe('C003-04 how somebody signed in', () => {
  test.each([
    ['0', 'from a session that was open at Keycloak already'],
    ['pwd', 'with a password'],
    ['2fa', 'with a password and a one-time code'],
    ['toString', 'as Keycloak decided'],
    [7, 'as Keycloak decided'],
  ])('C003-04 acr %j shows as: %s', async (acr, words) => {
    await app.signIn(provider, jar, newPerson({ acr }))
    const answer = await app.navigate('/account', jar)
    expect([answer.status, answer.body.includes(`<dd>${words}</dd>`)]).toEqual([200, true])
  })

  test('C003-04 the time is the provider’s, from before this login', async () => {
    const authTime = Math.floor(Date.now() / 1000) - 5000
    await app.signIn(provider, jar, newPerson({ auth_time: authTime, acr: '0' }))
    const moment = new Date(authTime * 1000).toISOString()
    expect((await app.navigate('/account', jar)).body).toContain(`<time datetime="${moment}">`)
  })
})

describe('SE-08 what may not be stored', () => {
  test('SE-08 every answer of a journey with a cookie or a person in it is no-store', async () => {
    await withApp(provider, {}, async (own) => {
      const answers = recordAnswers(own)
      const token = await provider.accessToken()
      await own.navigate('/', jar)
      await own.navigate('/hello', jar)
      await own.signIn(provider, jar)
      for (const path of ['/', '/hello', '/account', '/logout', '/session', '/nothing'])
        await own.navigate(path, jar)
      await own.whoami(jar)
      for (const path of ['/secure-data', '/api/whoami', '/api/projects']) await own.bearer(token, path)
      await own.bearer(undefined)
      await own.bearer('a.b.c')
      await own.navigate('/authorize?state=x&code=y', jar)
      await own.signOut(jar)
      expect(answers.length).toBeGreaterThan(17)
      for (const answer of answers) expect(answer.headers['cache-control']).toBe('no-store')
    })
  })

  test('SE-08 the style sheet, which is the same for all, may be', async () => {
    const { headers } = await app.send('/latchkey/style.css')
    expect(headers['cache-control']).toBe('public, max-age=3600')
  })
})

describe('SE-12 C002-26 where no token may be', () => {
  const everything = ({ body, rawHeaders }: Answer): string => `${rawHeaders.join('\n')}\n${body}`

  /** Everything a person does in this app, signing out last. */
  async function journey(own: TestApp): Promise<Answer[]> {
    const answers = recordAnswers(own)
    await own.navigate('/hello', jar)
    await own.signIn(provider, jar)
    await own.signIn(provider, jar, newPerson(), '/login?return_to=%2Faccount')
    for (const path of [
      '/',
      '/hello',
      '/account',
      '/logout',
      '/session',
      '/api/whoami',
      '/nothing',
      '/readyz',
    ]) {
      await own.navigate(path, jar)
      await own.send(path, { jar, headers: SCRIPT })
    }
    await own.callback(new URL(`${own.publicUrl}/authorize?error=access_denied&state=x`), jar)
    await own.signOut(jar)
    return answers
  }

  test('SE-12 no page, header, cookie or address that a browser gets holds a token, but id_token_hint', async () => {
    const tokens = recordTokens(provider)
    const answers = await withApp(provider, {}, journey)
    const end = answers.at(-1) as Answer
    const hint = new URL(end.location ?? '').searchParams.get('id_token_hint') ?? ''
    expect(hint).toBe(tokens[1]?.['id_token'])
    const seen = answers.map((answer) =>
      answer === end ? everything(answer).replaceAll(hint, '') : everything(answer),
    )
    const forbidden = [...tokenTexts(tokens), CLIENT_SECRET]
    expect(forbidden.length).toBeGreaterThan(2 * 9)
    for (const text of forbidden) for (const answer of seen) expect(answer).not.toContain(text)
  })
})
