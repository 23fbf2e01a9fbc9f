import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express } from 'express'
import type { Services } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { createSigningKey, type Draft } from '../../support/signing.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { script } from './two-apps.js'

const LIFE = 60
const person = newPerson({ realm_access: { roles: ['user'] } })

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar
let nonceOfLogin: unknown

/** An app that tells what a handler is told. */
function makeApp({ session, routes, requireLogin }: Services): Express {
  return express()
    .use(session, routes)
    .get('/me', requireLogin(), (req, res) => {
      const { subject, name, email, roles, claims, scope } = req.auth ?? {}
      res.json({ subject, name, email, roles: roles?.realm, claims, scope: [...(scope ?? [])] })
    })
}

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  provider.reset()
  provider.accessTokenLife = LIFE
  clock = new Clock()
  jar = new Jar()
  app = await TestApp.start(provider, { now: clock.now, makeApp })
  provider.onIdToken = (draft) => {
    nonceOfLogin = draft.claims['nonce']
    return draft
  }
  await app.signIn(provider, jar, person)
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const me = async (): Promise<unknown> => (await script(app, jar, '/me')).json()

/** Changes the ID tokens of refreshes from now on. */
function atRefresh(change: (draft: Draft) => Draft | string | Promise<Draft | string>): void {
  provider.onIdToken = change
}
const withClaims =
  (claims: Record<string, unknown>) =>
  (draft: Draft): Draft => ({ ...draft, claims: { ...draft.claims, ...claims } })

describe('RF-05 the refreshed ID token is checked like the first', () => {
  const hour = 3600
  const now = Math.floor(Date.now() / 1000)
  const stranger = createSigningKey()

  test.each<[string, Record<string, unknown>]>([
    ['another sub', { sub: newPerson().sub }],
    ['another iss', { iss: 'https://evil.example/realms/demo' }],
    ['another aud', { aud: 'another-client' }],
    ['two audiences and no azp', { aud: ['webapp', 'x'], azp: undefined }],
    ['another azp', { azp: 'another-client' }],
    ['another nonce', { nonce: 'of-another-login' }],
  ])('RF-05 of somebody or somewhere else, %s: the session ends', async (_name, claims) => {
    atRefresh(withClaims(claims))
    clock.forward(LIFE + 1)
    const answer = await app.navigate('/me', jar)
    expect([answer.status, answer.location]).toEqual([302, '/login?return_to=%2Fme'])
    expect((await script(app, jar, '/me')).status).toBe(401)
    expect((await script(app, jar, '/session')).status).toBe(401)
    expect(provider.grants('refresh_token')).toBe(1)
    const ended = app.log.filter(({ code }) => code === 'session_ended')
    expect(ended.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^id_token_invalid: /)])
  })

  test.each<[string, (draft: Draft) => Draft | string | Promise<Draft>]>([
    ['no sub', withClaims({ sub: undefined })],
    ['no iss', withClaims({ iss: undefined })],
    ['no aud', withClaims({ aud: undefined })],
    ['another at_hash', withClaims({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })],
    ['an exp that is past', withClaims({ exp: now - hour })],
    ['an iat to come', withClaims({ iat: now + hour })],
    ['the type of an access token', withClaims({ typ: 'Bearer' })],
    ['the signature of another key', async (draft) => ({ ...draft, key: await stranger })],
    ['no signature', ({ claims }) => `${encode({ alg: 'none' })}.${encode(claims)}.`],
    ['no JWT', () => 'a.b'],
  ])('RF-05 P-5 %s: nothing of it is believed, and nobody is signed out', async (_name, change) => {
    provider.families.rotates = false
    const believed = { name: 'Mallory', realm_access: { roles: ['admin'] } }
    atRefresh((draft) => change(withClaims(believed)(draft)))
    clock.forward(LIFE - 10)
    expect(await me()).toMatchObject({ name: person['name'], roles: ['user'] })
    expect(provider.grants('refresh_token')).toBe(1)
    clock.forward(11)
    const answer = await app.navigate('/me', jar)
    expect([answer.status, answer.location]).toEqual([502, undefined])
    expect((await script(app, jar, '/session')).status).toBe(200)
    atRefresh((draft) => draft)
    expect(await me()).toMatchObject({ subject: person.sub, name: person['name'], roles: ['user'] })
  })

  test('RF-05 P-5 a signature of another key loses no refresh token', async () => {
    atRefresh(async (draft) => ({ ...draft, key: await stranger }))
    clock.forward(LIFE + 1)
    expect((await script(app, jar, '/me')).status).toBe(502)
    atRefresh((draft) => draft)
    expect(await me()).toMatchObject({ subject: person.sub })
    expect([provider.grants('refresh_token'), provider.families.reused]).toEqual([2, 0])
  })

  test.each<[string, (draft: Draft) => Draft]>([
    ['the nonce of the login', (draft) => withClaims({ nonce: nonceOfLogin })(draft)],
    ['no nonce', withClaims({ nonce: undefined })],
    ['no at_hash', withClaims({ at_hash: undefined })],
    ['an auth_time and a sid of its own', withClaims({ auth_time: now, sid: 'another' })],
  ])('RF-05 %s is fine', async (_name, change) => {
    atRefresh(change)
    clock.forward(LIFE + 1)
    expect(await me()).toMatchObject({ subject: person.sub })
    expect(provider.grants('refresh_token')).toBe(1)
  })

  test('RF-05 an answer without an ID token keeps what the login said', async () => {
    provider.onTokenResponse = (body) => ({ ...body, id_token: undefined })
    clock.forward(LIFE + 1)
    expect(await me()).toMatchObject({ subject: person.sub, name: person['name'], roles: ['user'] })
    expect(provider.grants('refresh_token')).toBe(1)
    expect((await app.signOut(jar)).location).toContain('id_token_hint=')
  })
})

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('RF-03 an answer without a new refresh token', () => {
  test('RF-03 the old one stays in use', async () => {
    const first = provider.families.newest(person)
    provider.families.rotates = false
    provider.onTokenResponse = (body) => ({ ...body, refresh_token: undefined })
    for (let i = 0; i < 3; i++) {
      clock.forward(LIFE + 1)
      expect(await me()).toMatchObject({ subject: person.sub })
    }
    expect(sentTokens()).toEqual([first, first, first])
    await app.signOut(jar)
    expect(provider.families.of(person).at(-1)?.isRevoked).toBe(true)
  })

  test('RF-03 a new one is used from then on, and never the old one', async () => {
    const given: (string | undefined)[] = []
    for (let i = 0; i < 3; i++) {
      given.push(provider.families.newest(person))
      clock.forward(LIFE + 1)
      expect(await me()).toMatchObject({ subject: person.sub })
    }
    expect(sentTokens()).toEqual(given)
    expect(new Set(given).size).toBe(3)
  })

  const sentTokens = (): (string | null)[] =>
    provider.calls
      .filter(({ endpoint, form }) => endpoint === 'token' && form.has('refresh_token'))
      .map(({ form }) => form.get('refresh_token'))
})

describe('what a session knows follows the refreshed ID token', () => {
  test('C003-05 roles, name and claims are the new ones, before the handler runs; what is gone is gone', async () => {
    expect(await me()).toMatchObject({ roles: ['user'], email: person['email'] })
    atRefresh(
      withClaims({ name: 'Renamed', email: undefined, realm_access: { roles: ['admin'] }, extra: 'new' }),
    )
    clock.forward(LIFE - 10)
    const after = await me()
    expect(after).toMatchObject({ subject: person.sub, name: 'Renamed', roles: ['admin'] })
    expect(after).toMatchObject({ claims: { extra: 'new' } })
    expect(after).not.toHaveProperty('email')
    expect(after).not.toHaveProperty('claims.email')
  })

  test('C003-05 a role that was taken away is gone', async () => {
    atRefresh(withClaims({ realm_access: undefined }))
    clock.forward(LIFE - 10)
    expect(await me()).toMatchObject({ roles: [] })
  })

  test('C003-05 what userinfo said at the login stays', async () => {
    const bare = newPerson({ name: undefined, preferred_username: undefined, email: undefined })
    provider.userinfo = { sub: bare.sub, name: 'From Userinfo', email: 'u@example.test' }
    await app.signIn(provider, jar, bare)
    clock.forward(LIFE - 10)
    expect(await me()).toMatchObject({ name: 'From Userinfo', email: 'u@example.test' })
    expect([provider.grants('refresh_token'), provider.count('userinfo')]).toEqual([1, 1])
  })

  test('C003-05 so does the scope, unless the answer names another', async () => {
    provider.onTokenResponse = (body) => ({ ...body, scope: undefined })
    clock.forward(LIFE - 10)
    expect(await me()).toMatchObject({ scope: ['openid', 'profile', 'email'] })
    provider.onTokenResponse = (body) => ({ ...body, scope: 'openid' })
    clock.forward(LIFE - 10)
    expect(await me()).toMatchObject({ scope: ['openid'] })
  })
})
