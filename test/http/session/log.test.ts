import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { recordTokens, tokenTexts } from '../../support/recorder.js'
import { CLIENT_SECRET, json, ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { edited } from '../login/callbacks.js'
import { sessionIdOf } from './signed-cookie.js'

const SESSION_SECRET = 'the-session-secret-of-the-log-tests-0123'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar
let person: Person
let tokens: Record<string, unknown>[]

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { sessionSecrets: [SESSION_SECRET] })
})

beforeEach(() => {
  provider.reset()
  app.log.length = 0
  jar = new Jar()
  person = newPerson()
  tokens = recordTokens(provider)
})

afterAll(async () => {
  await app.stop()
  await provider.close()
})

/** Every value that a login has and a log may not have. */
function secretsOf(request: URL, callback: URL, cookies: Jar): string[] {
  const query = (url: URL, names: string[]): string[] => names.map((name) => url.searchParams.get(name) ?? '')
  const verifiers = provider.calls.map(({ form }) => form.get('code_verifier') ?? '')
  return [
    ...query(request, ['state', 'nonce', 'code_challenge']),
    ...query(callback, ['code', 'session_state']),
    ...verifiers,
    ...cookies.names.map((name) => cookies.get(name) ?? ''),
    sessionIdOf(cookies.get('latchkey')),
    ...tokenTexts(tokens),
    ...['name', 'email', 'preferred_username'].map((name) => String(person[name])),
    ...[CLIENT_SECRET, encodeURIComponent(CLIENT_SECRET), SESSION_SECRET],
  ].filter((value) => value.length > 8)
}

/** Fails when a line of any level, debug included, holds one of the texts. */
function expectNotLogged(secrets: readonly string[]): void {
  const text = JSON.stringify(app.log)
  for (const secret of new Set(secrets)) expect(text).not.toContain(secret)
  for (const { path } of app.log) expect(String(path)).not.toContain('?')
}

const codes = (): unknown[] => app.log.filter(({ level }) => level !== 'debug').map(({ code }) => code)

describe('C003-12 the log of every level', () => {
  test('C003-12 a login, pages and a sign-out leave nothing secret and no claim in it', async () => {
    const request = await app.beginLogin(jar, '/login?return_to=%2Faccount%3Fprivate-query%3D1')
    const callback = provider.approve(request.href, person)
    await app.callback(callback, jar)
    await app.navigate('/account?private-query=1', jar)
    const secrets = secretsOf(request, callback, jar)
    await app.bearer(String(tokens[0]?.['access_token']))
    await app.signOut(jar)
    expect(secrets.length).toBeGreaterThan(18)
    expectNotLogged([...secrets, 'private-query'])
    expect(codes()).toEqual(['login', 'logout'])
    expect(app.log.filter(({ level }) => level === 'debug').length).toBeGreaterThanOrEqual(5)
  })

  test.each<[string, string, (url: URL) => URL]>([
    [
      'an unknown state',
      'unknown_login',
      (url) => edited(url, (query) => query.set('state', 'of-a-stranger')),
    ],
    [
      'another issuer',
      'wrong_issuer',
      (url) => edited(url, (query) => query.set('iss', 'https://evil.example')),
    ],
    ['an error', 'refused_by_provider', (url) => edited(url, (query) => query.set('error', 'of-a-stranger'))],
    [
      'a code twice',
      'invalid_response',
      (url) => edited(url, (query) => query.append('code', 'of-a-stranger')),
    ],
    ['a token', 'invalid_response', (url) => edited(url, (query) => query.set('id_token', 'of-a-stranger'))],
  ])('C003-12 a callback with %s is logged by its reason alone', async (_name, code, change) => {
    const request = await app.beginLogin(jar)
    const callback = provider.approve(request.href, person)
    await app.callback(change(callback), jar)
    expectNotLogged([...secretsOf(request, callback, jar), 'of-a-stranger', 'evil.example'])
    expect(codes()).toEqual([code])
  })

  test('C003-12 a token endpoint that repeats code, verifier and secret puts none of them into it', async () => {
    provider.answers.token = ({ form, headers }, res) =>
      json(res, 400, {
        error: 'invalid_grant',
        error_description: `${form.toString()} ${headers.authorization ?? ''} ${CLIENT_SECRET} upstream-words`,
      })
    const request = await app.beginLogin(jar)
    const callback = provider.approve(request.href, person)
    await app.callback(callback, jar)
    const basic = provider.calls.find(({ endpoint }) => endpoint === 'token')?.headers.authorization ?? ''
    expectNotLogged([...secretsOf(request, callback, jar), basic.replace('Basic ', ''), 'upstream-words'])
    expect(codes()).toEqual(['code_refused'])
  })

  test.each<[string, Record<string, unknown>]>([
    ['nonce', { nonce: 'a-nonce-of-a-stranger' }],
    ['audience', { aud: 'an-audience-of-a-stranger' }],
    ['issuer', { iss: 'https://an-issuer-of-a-stranger.example' }],
    ['subject', { sub: 7 }],
  ])('C003-12 an ID token with another %s is logged by the claim’s name', async (_name, claims) => {
    provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, ...claims } })
    const request = await app.beginLogin(jar)
    const callback = provider.approve(request.href, person)
    await app.callback(callback, jar)
    expectNotLogged([...secretsOf(request, callback, jar), 'of-a-stranger'])
    expect(codes()).toEqual(['id_token_invalid'])
  })

  test('C003-12 refused bearer tokens are not in it, nor parts of them', async () => {
    const good = await provider.accessToken()
    const foreign = await provider.accessToken({ aud: 'an-audience-of-a-stranger', email: person['email'] })
    const forged = `${good.slice(0, -8)}AAAAAAAA`
    for (const token of [foreign, forged, 'not-a-token-at-all'])
      expect((await app.bearer(token)).status).toBe(401)
    expectNotLogged([
      ...[good, foreign, forged].flatMap((token) => token.split('.')),
      'not-a-token-at-all',
      'of-a-stranger',
    ])
    expect(codes()).toEqual(['invalid_token', 'invalid_token', 'invalid_token'])
  })

  test('C003-12 a provider that goes away at sign-out leaves no token in it', async () => {
    const request = await app.beginLogin(jar)
    const callback = provider.approve(request.href, person)
    await app.callback(callback, jar)
    const secrets = secretsOf(request, callback, jar)
    await provider.close()
    await app.signOut(jar)
    await provider.open()
    expectNotLogged(secrets)
    expect(codes()).toEqual(['login', 'logout', 'logout_incomplete'])
  })
})
