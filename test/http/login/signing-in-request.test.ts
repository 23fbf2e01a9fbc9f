import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

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

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

describe('FL-01 C003-01 C002-01 the authorization request', () => {
  test('FL-01 GET /login leads to the authorization endpoint with each parameter once, and no other', async () => {
    const answer = await app.navigate('/login')
    const url = new URL(answer.location ?? '')
    expect(answer.status).toBe(302)
    expect(url.origin + url.pathname).toBe(`${provider.issuer}/protocol/openid-connect/auth`)
    expect([...url.searchParams.keys()].sort()).toEqual([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'nonce',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ])
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: `${app.publicUrl}/authorize`,
      scope: 'openid profile email',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
  })

  test('FL-01 neither the secret nor the verifier is in it', async () => {
    const jar = new Jar()
    const url = await app.beginLogin(jar)
    await app.callback(provider.approve(url.href, newPerson()), jar)
    const verifier = provider.calls
      .findLast(({ endpoint }) => endpoint === 'token')
      ?.form.get('code_verifier')
    expect(sha256(verifier ?? '')).toBe(url.searchParams.get('code_challenge'))
    expect(url.href).not.toContain(CLIENT_SECRET)
    expect(url.href).not.toContain(verifier)
  })

  test('FL-01 C002-06 a scope that is configured twice is sent once', async () => {
    const url = await withApp(provider, { scope: 'openid openid email email' }, (twice) =>
      twice.beginLogin(new Jar()),
    )
    expect(url.searchParams.get('scope')).toBe('openid email')
  })

  test('FL-02 C003-01 of 1,000 fresh browsers each has values of its own, of 128 bits or more, none derived', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 1000; i++) {
      const jar = new Jar()
      const { searchParams } = await app.beginLogin(jar)
      const values = ['state', 'nonce', 'code_challenge'].map((name) => searchParams.get(name) ?? '')
      const cookie = jar.get('latchkey-login') ?? ''
      for (const value of [...values, cookie]) {
        expect(Buffer.from(value, 'base64url').length).toBeGreaterThanOrEqual(16)
        expect(seen).not.toContain(value)
        seen.add(value)
      }
      for (const value of [...values, cookie]) expect(seen).not.toContain(sha256(value))
    }
    expect(seen.size).toBe(4000)
    await expectHonestLogin(app, provider)
  })
})

describe('C003-16 what /login passes on', () => {
  test.each([
    ['max_age', '-1'],
    ['max_age', '1e9'],
    ['max_age', '999999999'],
    ['max_age', 'ten'],
    ['max_age', ''],
    ['prompt', 'other'],
    ['prompt', 'none login'],
    ['prompt', 'LOGIN'],
    ['prompt', ''],
    ...['acr_values', 'ui_locales', 'login_hint', 'kc_idp_hint', 'kc_action'].flatMap((name) => [
      [name, 'x'.repeat(4096)] as const,
      [name, 'x\u0000y'] as const,
      [name, 'x\r\ny'] as const,
      [name, 'x&scope=y'] as const,
      [name, '<b>'] as const,
    ]),
  ])('C003-16 %s=%j is refused with a page', async (name, value) => {
    const answer = await app.navigate(`/login?${new URLSearchParams({ [name]: value }).toString()}`)
    expect([answer.status, answer.location]).toEqual([400, undefined])
    expect(answer.body).toContain('invalid_login_parameter')
    expect(answer.cookies).toEqual([])
  })

  test.each([
    'max_age=1',
    'prompt=login',
    'acr_values=2fa',
    'login_hint=alice',
    'ui_locales=de',
    'kc_action=X',
  ])('C003-16 %s given twice is refused', async (pair) => {
    expect((await app.navigate(`/login?${pair}&${pair}`)).status).toBe(400)
  })

  test('C003-16 what is not on the list is left out, and nothing of ours is replaced', async () => {
    const url = await app.beginLogin(
      new Jar(),
      '/login?scope=admin&client_id=other&redirect_uri=https://evil.example&state=1&nonce=2&response_type=token' +
        '&code_challenge=3&request=4&claims=5&response_mode=form_post&id_token_hint=6&foo=bar',
    )
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: `${app.publicUrl}/authorize`,
      scope: 'openid profile email',
    })
    expect([...url.searchParams.keys()]).toHaveLength(8)
    expect(url.searchParams.get('state')).toHaveLength(43)
  })

  test.each([
    ['prompt', 'login'],
    ['prompt', 'none'],
    ['prompt', 'login consent'],
    ['max_age', '0'],
    ['max_age', '600'],
    ['acr_values', '2fa pwd'],
    ['login_hint', 'alice+müller@example.test'],
    ['ui_locales', 'de-CH en'],
    ['kc_idp_hint', 'company.sso'],
    ['kc_action', 'CONFIGURE_TOTP'],
    ['kc_action', 'delete_credential:0b1c-2d'],
  ])('C003-16 %s=%s is passed on, and the login works', async (name, value) => {
    const jar = new Jar()
    const path = `/login?${new URLSearchParams({ [name]: value }).toString()}`
    const url = await app.beginLogin(jar, path)
    expect(url.searchParams.getAll(name)).toEqual([value])
    expect([...url.searchParams.keys()]).toHaveLength(9)
    expect((await app.callback(provider.approve(url.href, newPerson()), jar)).status).toBe(303)
  })
})

describe('C003-08 registration', () => {
  test('C003-08 /register is not offered and leads nowhere while discovery has no create', async () => {
    provider.metadata = { prompt_values_supported: ['none', 'login'] }
    await withApp(provider, {}, async (without) => {
      const answer = await without.navigate('/register?return_to=%2Faccount')
      expect([answer.status, answer.location, answer.cookies]).toEqual([404, undefined, []])
      expect(answer.body).toContain('registration_off')
      expect(without.log.find(({ code }) => code === 'registration_off')?.hint).toContain('User registration')
      expect((await without.navigate('/')).body).not.toContain('/register')
    })
    provider.reset()
  })

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example'])(
    'C003-08 /register with return_to=%s ends on our own origin',
    async (returnTo) => {
      const jar = new Jar()
      const path = `/register?${new URLSearchParams({ return_to: returnTo }).toString()}`
      expect((await app.signIn(provider, jar, newPerson(), path)).location).toBe('/hello')
    },
  )

  test('C003-08 /register asks for prompt=create, whatever prompt it is given, and ends signed in', async () => {
    const jar = new Jar()
    const person = newPerson()
    const url = await app.beginLogin(jar, '/register?return_to=%2Faccount&prompt=none')
    expect(url.searchParams.getAll('prompt')).toEqual(['create'])
    const answer = await app.callback(provider.approve(url.href, person), jar)
    expect([answer.status, answer.location]).toEqual([303, '/account'])
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })

  test('C003-08 the start page offers it when discovery does', async () => {
    expect((await app.navigate('/')).body).toContain('href="/register"')
  })
})
