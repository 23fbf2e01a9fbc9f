import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { Jar } from '../../support/browser-jar.js'
import { NAVIGATION, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { AgreeableProvider, CLIENT, PERSON } from './agreeable-provider.js'

let provider: AgreeableProvider
let app: TestApp
let jar: Jar
/** What the browser holds for the provider. */
let theirs: Jar

beforeAll(async () => {
  provider = await AgreeableProvider.listen()
  app = await TestApp.start(provider, { clientId: CLIENT.id, clientSecret: CLIENT.secret })
  await provider.serve(app.publicUrl)
})

beforeEach(() => {
  jar = new Jar()
  theirs = new Jar()
  provider.events.length = 0
})

afterAll(async () => {
  await app.stop()
  await provider.stop()
})

async function signIn(path = '/login'): Promise<Answer> {
  const callback = await provider.follow((await app.beginLogin(jar, path)).href, theirs)
  return app.callback(callback, jar)
}

describe('C003-02 FL-01 a provider of another make', () => {
  test('C003-02 its discovery document is what these tests are about', async () => {
    const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`)
    const metadata = (await response.json()) as Record<string, unknown>
    expect(metadata).toMatchObject({
      issuer: provider.issuer,
      end_session_endpoint: `${provider.issuer}/session/end`,
      revocation_endpoint: `${provider.issuer}/token/revocation`,
    })
    expect(metadata).not.toHaveProperty('prompt_values_supported')
  })

  test('C003-02 a changed callback of it is refused, then an honest login works', async () => {
    const callback = await provider.follow((await app.beginLogin(jar)).href, theirs)
    const wrong = new URL(callback)
    wrong.searchParams.set('iss', `${provider.issuer}/`)
    expect((await app.callback(wrong, jar)).status).toBe(400)
    expect(await app.whoami(jar)).toBeUndefined()
    expect((await signIn()).status).toBe(303)
  })

  test('C003-02 C003-03 a whole login: names come from userinfo, and the person is greeted', async () => {
    const answer = await signIn('/login?return_to=%2Fhello%3Ffrom%3Dthere')
    expect([answer.status, answer.location]).toEqual([303, '/hello?from=there'])
    expect((await app.navigate('/hello', jar)).body).toContain('Hello, Grace Hopper! I know who I am!')
    expect((await app.send('/api/whoami', { jar, headers: SCRIPT })).json()).toEqual({
      created_time: null,
      id: PERSON.sub,
      primary_email: PERSON.email,
      username: PERSON.preferred_username,
    })
  })

  test('AC-04 the session says who and how long; acr is null without one', async () => {
    await signIn()
    const session = (await app.send('/session', { jar, headers: SCRIPT })).json() as Record<string, unknown>
    expect(session).toMatchObject({ subject: PERSON.sub, name: PERSON.name, acr: null, logout: '/logout' })
    expect(Date.parse(String(session['expires_at']))).toBeGreaterThan(Date.now())
    expect(Date.parse(String(session['authenticated_at']))).toBeLessThanOrEqual(Date.now())
  })

  test('C003-03 pages offer nothing that only Keycloak has', async () => {
    await signIn()
    const account = await app.navigate('/account', jar)
    expect([account.status, account.body.includes('kc_action')]).toEqual([200, false])
    expect((await app.navigate('/')).body).not.toContain('/register')
    expect((await app.navigate('/register')).status).toBe(404)
  })

  test('FL-12 the back button leads into the app', async () => {
    const callback = await provider.follow((await app.beginLogin(jar)).href, theirs)
    await app.callback(callback, jar)
    expect((await app.callback(callback, jar)).location).toBe('/hello')
  })

  test('C003-04 with the provider’s own session open, a second login goes through', async () => {
    await signIn()
    jar = new Jar()
    expect((await signIn()).location).toBe('/hello')
  })

  test('FL-10 prompt=none without a session there ends on a page that leads on', async () => {
    const answer = await signIn('/login?prompt=none&return_to=%2Faccount')
    expect([answer.status, answer.body.includes('<code>login_required</code>')]).toEqual([400, true])
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
  })

  test('BT-02 an opaque token opens no API: 401', async () => {
    const answer = await app.bearer('an-opaque-token')
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ])
  })

  test('LO-01 a whole sign-out: refresh token revoked, session there ended, back on our start page', async () => {
    await signIn()
    const old = jar.copy()
    const answer = await app.signOut(jar)
    expect(await app.whoami(old)).toBeUndefined()
    expect(provider.events).toContain('refresh_token.destroyed')
    expect(answer.location?.startsWith(`${provider.issuer}/session/end?`)).toBe(true)
    const hint = new URL(answer.location ?? '').searchParams.get('id_token_hint') ?? ''
    expect(Object.keys(decodeJwt(hint)).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'nonce', 'sub'])
    const back = await provider.confirmLogout(answer.location ?? '', theirs)
    expect(provider.events).toContain('end_session.success')
    expect(back.origin + back.pathname).toBe(`${app.publicUrl}/`)
    const landed = await app.navigate(back.pathname + back.search, jar, { 'sec-fetch-site': 'cross-site' })
    expect([landed.status, landed.body.includes('You are not signed in.')]).toEqual([200, true])
    expect((await signIn('/login?prompt=none')).status).toBe(400)
  })

  test('IN-04 the form of /logout may lead on to this provider', async () => {
    const { headers } = await app.send('/logout', { headers: NAVIGATION })
    expect(headers['content-security-policy']).toContain(`form-action 'self' ${provider.issuer}`)
  })
})
