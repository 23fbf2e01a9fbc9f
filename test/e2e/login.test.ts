import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { admin, issuerOf, realKeycloak } from '../support/real-keycloak.js'
import { startRealApp } from '../support/real-app.js'
import { SCRIPT, type TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

describe('signing in at a real Keycloak', () => {
  let app: TestApp

  beforeAll(async () => {
    app = await startRealApp()
  })
  afterAll(() => app.stop())

  test('C003-01 FL-01 the authorization request is one that Keycloak takes', async () => {
    const request = await app.beginLogin(new Jar())
    expect(request.origin + request.pathname).toBe(`${issuerOf()}/protocol/openid-connect/auth`)
    expect(Object.fromEntries(request.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'latchkey-web',
      redirect_uri: `${app.publicUrl}/authorize`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
    })
    expect(request.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    const page = await new KeycloakVisitor().open(request)
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('kc-form-login') })
  })

  test('C003-02 C003-03 C002-03 alice signs in and is greeted by name', async () => {
    const jar = new Jar()
    const callback = await new KeycloakVisitor().signIn(
      await app.beginLogin(jar, '/login?return_to=/account?tab=1'),
      'alice',
    )
    expect([...callback.searchParams.keys()]).toEqual(['state', 'session_state', 'iss', 'code'])
    const answer = await app.callback(callback, jar)
    expect(answer).toMatchObject({ status: 303, location: '/account?tab=1' })
    const hello = await app.navigate('/hello', jar)
    expect(hello.body).toContain('I know who I am!')
    expect(hello.body).toMatch(/Hello, Alice [A-Z]\w+! I know who I am!/)
    expect(hello.headers['cache-control']).toBe('no-store')
    const account = await app.navigate('/account', jar)
    expect(account.body).toContain('alice@')
    const session = (await app.send('/session', { jar, headers: SCRIPT })).json()
    expect(session).toMatchObject({ username: 'alice', acr: 'pwd', logout: '/logout' })
  })

  test('C000-22 whoami by session: the four members in their order, created_time from the realm', async () => {
    const jar = new Jar()
    await app.callback(await new KeycloakVisitor().signIn(await app.beginLogin(jar), 'alice'), jar)
    const answer = await app.send('/api/whoami', { jar, headers: SCRIPT })
    expect(Object.keys(answer.json() as object)).toEqual(['created_time', 'id', 'primary_email', 'username'])
    expect(answer.json()).toMatchObject({
      username: 'alice',
      primary_email: expect.stringContaining('alice@'),
    })
  })

  test('C003-04 while Keycloak remembers the person a second login needs no form', async () => {
    const visitor = new KeycloakVisitor()
    const first = new Jar()
    await app.callback(await visitor.signIn(await app.beginLogin(first), 'alice'), first)
    const second = new Jar()
    const straightThrough = await visitor.open(await app.beginLogin(second))
    expect(straightThrough).toBeInstanceOf(URL)
    await app.callback(straightThrough as URL, second)
    expect(await app.whoami(second)).toMatchObject({ username: 'alice' })
  })

  test('C003-04 prompt=none without a session at Keycloak ends on a page that offers to sign in', async () => {
    const jar = new Jar()
    const back = await new KeycloakVisitor().open(
      await app.beginLogin(jar, '/login?prompt=none&return_to=/account'),
    )
    const answer = await app.callback(back as URL, jar)
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('login_required')
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
  })

  test('C002-04 C003-14 a code that Keycloak spent already: a page and a way on, no second exchange', async () => {
    const jar = new Jar()
    const callback = await new KeycloakVisitor().signIn(await app.beginLogin(jar), 'alice')
    const forged = new URL(callback)
    forged.searchParams.set('code', 'not.a.code')
    const refused = await app.callback(forged, jar)
    expect(refused.status).toBe(400)
    expect(refused.body).toContain('code_refused')
    expect((await app.callback(callback, jar)).status).toBe(400)
    expect(await app.whoami(jar)).toBeUndefined()
  })

  test('C002-22 C002-08 signing out ends the session here and at Keycloak, and lands on a page for everybody', async () => {
    const visitor = new KeycloakVisitor()
    const jar = new Jar()
    await app.callback(await visitor.signIn(await app.beginLogin(jar), 'bob'), jar)
    const before = jar.copy()
    const answer = await app.signOut(jar)
    expect(answer.status).toBe(303)
    const leave = new URL(answer.location ?? '')
    expect(leave.origin).toBe(realKeycloak().url)
    const back = await visitor.open(leave)
    expect(back).toBeInstanceOf(URL)
    expect((back as URL).origin + (back as URL).pathname).toBe(`${app.publicUrl}/`)
    expect(await app.whoami(before)).toBeUndefined()
    const again = await visitor.open(await app.beginLogin(new Jar()))
    expect(again).toMatchObject({ status: 200, html: expect.stringContaining('kc-form-login') })
    expect((await app.signOut(jar)).status).toBe(303)
  })

  test('C003-08 /register leads to the registration form, and is not offered where the realm has none', async () => {
    const page = await new KeycloakVisitor().open(await app.beginLogin(new Jar(), '/register'))
    expect(page).toMatchObject({ html: expect.stringContaining('kc-register-form') })
    await admin('', {
      method: 'POST',
      body: { realm: 'no-registration', enabled: true, registrationAllowed: false },
    })
    const other = await startRealApp({ issuer: issuerOf('no-registration') })
    try {
      const answer = await other.navigate('/register')
      expect(answer.status).toBe(404)
      expect(answer.body).toContain('registration_off')
      expect((await other.navigate('/')).body).not.toContain('/register')
    } finally {
      await other.stop()
    }
  })
})

describe('signed out at Keycloak', () => {
  test('BL-01 an administrator signs a person out: the session here ends, and nobody else’s', async () => {
    const app = await startRealApp()
    const [client] = (await admin('/latchkey/clients?clientId=latchkey-web')) as {
      id: string
      attributes: object
    }[]
    const at = `/latchkey/clients/${client?.id ?? ''}`
    const attributes = {
      ...client?.attributes,
      'backchannel.logout.url': `${app.publicUrl}/backchannel-logout`,
    }
    await admin(at, { method: 'PUT', body: { ...client, attributes } })
    try {
      const [alice, bob] = [new Jar(), new Jar()]
      await app.callback(await new KeycloakVisitor().signIn(await app.beginLogin(alice), 'alice'), alice)
      await app.callback(await new KeycloakVisitor().signIn(await app.beginLogin(bob), 'bob'), bob)
      const { id } = (await app.whoami(alice)) ?? { id: '' }
      await admin(`/latchkey/users/${id}/logout`, { method: 'POST' })
      // Keycloak tells of every session that the person had there, also of those of other tests.
      const log = await until(() =>
        app.log.find(({ code, sessions }) => code === 'backchannel_logout' && sessions === 1),
      )
      expect(log['sub']).toBe(id)
      expect(await app.whoami(alice)).toBeUndefined()
      expect(await app.whoami(bob)).toMatchObject({ username: 'bob' })
    } finally {
      await admin(at, { method: 'PUT', body: client })
      await app.stop()
    }
  })
})

describe('mistakes of the settings, at a real Keycloak', () => {
  test('C003-10 a realm that does not exist is 503, and the log says what is wrong', async () => {
    const app = await startRealApp({ issuer: issuerOf('latchkee') })
    try {
      const answer = await app.navigate('/login')
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toMatch(/^\d+$/)
      expect(app.log.map(({ hint }) => hint)).toContainEqual(expect.stringContaining("realm's name"))
    } finally {
      await app.stop()
    }
  })

  test('C003-17 a redirect URI that Keycloak does not know: the log names it and where to enter it', async () => {
    const app = await startRealApp({ publicUrl: 'http://localhost:4711' })
    try {
      await app.navigate('/login')
      const hint = await until(() => app.log.find(({ code }) => code === 'redirect_uri_refused'))
      expect(hint).toMatchObject({
        redirect_uri: 'http://localhost:4711/authorize',
        hint: expect.stringContaining('Valid redirect URIs'),
      })
    } finally {
      await app.stop()
    }
  })

  test('a wrong client secret: a page for the person, the remedy for the operator, nobody signed in', async () => {
    const app = await startRealApp({ clientSecret: 'wrong' })
    try {
      const jar = new Jar()
      const answer = await app.callback(
        await new KeycloakVisitor().signIn(await app.beginLogin(jar), 'alice'),
        jar,
      )
      expect(answer.status).toBe(502)
      expect(answer.body).toContain('client_refused')
      expect(app.log.map(({ hint }) => hint)).toContainEqual(expect.stringContaining('Credentials'))
      expect(await app.whoami(jar)).toBeUndefined()
    } finally {
      await app.stop()
    }
  })
})
