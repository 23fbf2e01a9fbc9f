import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { edited, expectRefusedCallback } from './callbacks.js'

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

const approved = async (path = '/login'): Promise<URL> =>
  provider.approve((await app.beginLogin(jar, path)).href, newPerson())

/** The callback of a provider that refuses. */
const refusal = (url: URL, error: string, more: Record<string, string> = {}): URL =>
  edited(url, (query) => {
    query.delete('code')
    query.set('error', error)
    for (const [name, value] of Object.entries(more)) query.set(name, value)
  })

describe('FL-10 C002-05 the provider refuses', () => {
  test.each([
    ['access_denied', 'access_denied', 'You did not sign in'],
    ['login_required', 'login_required', 'You are not signed in'],
    ['interaction_required', 'login_required', 'You are not signed in'],
    ['invalid_scope', 'refused_by_provider', 'Keycloak refused the sign-in'],
    ['temporarily_unavailable', 'refused_by_provider', 'Keycloak refused the sign-in'],
    ['<script>alert(1)</script>', 'refused_by_provider', 'Keycloak refused the sign-in'],
    ['', 'refused_by_provider', 'Keycloak refused the sign-in'],
  ])(
    'FL-10 error=%j with our state: a page in plain words, nothing of the request in it',
    async (error, code, title) => {
      const url = refusal(await approved(), error, {
        error_description: 'tell-them <b>this</b>',
        error_uri: 'https://e.example',
      })
      const answer = await expectRefusedCallback(app, provider, { url, jar })
      expect(answer.body).toContain(`<h1>${title}</h1>`)
      expect(answer.body).toContain(`<code>${code}</code>`)
      expect(answer.body).not.toMatch(/tell-them|e\.example|<script|alert/)
      await expectHonestLogin(app, provider, jar)
    },
  )

  test('FL-10 it spends the pending login: the same login with a good code is refused', async () => {
    const url = await approved()
    await expectRefusedCallback(app, provider, { url: refusal(url, 'access_denied'), jar })
    const answer = await expectRefusedCallback(app, provider, { url, jar })
    expect(answer.body).toContain('login_spent')
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-10 with a state of nobody: the same kind of page, and the pending login lives', async () => {
    const url = await approved()
    const answer = await expectRefusedCallback(app, provider, {
      url: refusal(url, 'access_denied', { state: 'bad' }),
      jar,
    })
    expect(answer.body).toContain('unknown_login')
    expect(answer.body).not.toContain('bad<')
    expect((await app.callback(url, jar)).status).toBe(303)
  })

  test('FL-10 with a good code beside it: refused, no exchange', async () => {
    const url = edited(await approved(), (query) => query.set('error', 'access_denied'))
    await expectRefusedCallback(app, provider, { url, jar })
    await expectHonestLogin(app, provider, jar)
  })

  test('FL-10 with an iss of somebody else: refused as that', async () => {
    const url = refusal(await approved(), 'access_denied', { iss: 'https://evil.example' })
    const answer = await expectRefusedCallback(app, provider, { url, jar })
    expect(answer.body).toContain('wrong_issuer')
  })

  test('FL-10 over a live session: that session goes on', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    expect((await app.callback(refusal(await approved(), 'access_denied'), jar)).status).toBe(400)
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })
})

describe('C002-04 the token endpoint refuses the code', () => {
  beforeEach(() => {
    provider.answers.token = (_call, res) =>
      json(res, 400, { error: 'invalid_grant', error_description: 'Code not valid' })
  })

  test('C002-04 a page that offers to sign in again, without text of the provider', async () => {
    const url = await approved('/login?return_to=%2Faccount')
    const answer = await expectRefusedCallback(app, provider, { url, jar, redeemed: 1 })
    expect(answer.body).toContain('<code>code_refused</code>')
    expect(answer.body).toContain('href="/login?return_to=%2Faccount"')
    expect(answer.body).not.toMatch(/Code not valid|invalid_grant|at .*:\d+/)
  })

  test('C002-04 the exchange is never repeated', async () => {
    const url = await approved()
    await expectRefusedCallback(app, provider, { url, jar, redeemed: 1 })
    provider.answers = {}
    await expectRefusedCallback(app, provider, { url, jar })
    await expectHonestLogin(app, provider, jar)
  })
})

describe('C002-05 the page of a refused login leads to where the person wanted to go', () => {
  test.each<[string, (url: URL) => URL]>([
    ['declined', (url) => refusal(url, 'access_denied')],
    ['of another issuer', (url) => edited(url, (query) => query.set('iss', 'https://evil.example'))],
    ['without a code', (url) => edited(url, (query) => query.delete('code'))],
    ['with a code that nobody gave', (url) => edited(url, (query) => query.set('code', 'x'))],
  ])('C002-05 %s: signing in from the page ends at the remembered path', async (_name, change) => {
    const answer = await app.callback(
      change(await approved('/login?return_to=%2Faccount%3Ftab%3D1%26x%3D2')),
      jar,
    )
    const link = /href="(\/login\?[^"]*)"/.exec(answer.body)?.[1] ?? ''
    expect(link).toBe('/login?return_to=%2Faccount%3Ftab%3D1%26x%3D2')
    const again = await app.signIn(provider, jar, newPerson(), link)
    expect([again.status, again.location]).toEqual([303, '/account?tab=1&x=2'])
  })

  test('C002-05 a response to no login of this browser offers a plain sign-in', async () => {
    const url = edited(await approved('/login?return_to=%2Faccount'), (query) => query.set('state', 'x'))
    const answer = await app.callback(url, jar)
    expect(answer.body).toContain('href="/login">Sign in again')
  })
})
