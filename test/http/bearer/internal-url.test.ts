import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { expectAcceptedToken } from '../../support/refused-token.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'

/** What browsers and tokens say; no machine of this name exists. */
const ISSUER = 'https://id.invalid/realms/demo'

let provider: ScriptedProvider
let app: TestApp
const clock = new Clock()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  provider.reset()
  const at = (path: string): string => `${ISSUER}/protocol/openid-connect/${path}`
  provider.metadata = {
    issuer: ISSUER,
    authorization_endpoint: at('auth'),
    token_endpoint: at('token'),
    jwks_uri: at('certs'),
    userinfo_endpoint: at('userinfo'),
    revocation_endpoint: at('revoke'),
    end_session_endpoint: at('logout'),
  }
  // The name is missing, so that userinfo is asked.
  provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, iss: ISSUER, name: undefined } })
  app = await TestApp.start({ issuer: ISSUER }, { internalUrl: provider.origin, now: clock.now })
})
afterEach(() => app.stop())
afterAll(() => provider.close())

async function signIn(jar: Jar): Promise<void> {
  const person = newPerson()
  provider.userinfo = person
  const request = await app.beginLogin(jar)
  expect(request.origin + request.pathname).toBe(`${ISSUER}/protocol/openid-connect/auth`)
  const callback = provider.approve(request.href, person)
  callback.searchParams.set('iss', ISSUER)
  expect((await app.callback(callback, jar)).status).toBe(303)
  expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
}

const asked = (): string[] => [...new Set(provider.calls.map(({ endpoint }) => endpoint))].sort()

describe('OIDC_INTERNAL_URL', () => {
  test('every call of a login, an API call and a sign-out at Keycloak goes there; browsers do not', async () => {
    const jar = new Jar()
    await signIn(jar)
    await expectAcceptedToken(app, await provider.accessToken({ iss: ISSUER }))
    const signedOut = await app.signOut(jar)
    expect(new URL(signedOut.location ?? '').origin).toBe('https://id.invalid')
    expect(asked()).toEqual(['authorize', 'discovery', 'jwks', 'logout', 'token', 'userinfo'])
  })

  test('the revocation at another provider goes there', async () => {
    provider.metadata['end_session_endpoint'] = `${ISSUER}/end`
    const jar = new Jar()
    await signIn(jar)
    await app.signOut(jar)
    expect(asked()).toEqual(['discovery', 'jwks', 'revoke', 'token', 'userinfo'])
  })

  test('it keeps the calls of a document that names other origins with it', async () => {
    for (const name of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'revocation_endpoint'])
      provider.metadata[name] = String(provider.metadata[name]).replace(
        'https://id.invalid',
        'http://evil.invalid:81',
      )
    await signIn(new Jar())
    expect(asked()).toEqual(expect.arrayContaining(['jwks', 'token', 'userinfo']))
  })

  test.each(['authorization_endpoint', 'end_session_endpoint'])(
    'IT-12 a document that sends browsers to a third host by its %s is refused',
    async (name) => {
      for (const origin of [
        'https://evil.invalid',
        'https://id.invalid:8443',
        'http://id.invalid',
        provider.origin,
      ]) {
        provider.metadata[name] = `${origin}/there`
        const answer = await app.navigate('/login', new Jar())
        expect([answer.status, answer.location]).toEqual([503, undefined])
        expect(app.log.at(0)).toMatchObject({ code: 'provider_metadata_invalid', issuer: ISSUER })
        clock.forward(2)
        app.log.length = 0
      }
    },
  )

  test('IT-12 a document with the internal issuer is refused, with the setting’s name as a hint', async () => {
    provider.metadata['issuer'] = provider.issuer
    expect(await app.navigate('/login', new Jar())).toMatchObject({ status: 503 })
    expect(app.log[0]?.hint).toMatch(
      /^the issuer \(OIDC_ISSUER\) must be exactly as the discovery document gives it/,
    )
  })
})
