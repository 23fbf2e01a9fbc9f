import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals'
import type { LoginSession } from '../../../src/login/login-session.js'
import { renewTokens, type Renewal } from '../../../src/login/refresh-grant.js'
import { silentLog } from '../../../src/log.js'
import { createProvider, type Provider } from '../../../src/provider/provider.js'
import { CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { sign } from '../../support/signing.js'

export const PERSON = { sub: 'person', email: 'p@example.org', realm_access: { roles: ['user', 'admin'] } }

export let server: ScriptedProvider
let provider: Provider

beforeAll(async () => {
  server = await ScriptedProvider.start()
})
afterAll(() => server.close())
beforeEach(() => {
  server.reset()
  provider = createProvider({
    issuer: server.issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    clientAuthentication: 'client_secret_basic',
    publicUrl: 'http://localhost:3000',
    redirectUri: 'http://localhost:3000/authorize',
    logoutRedirect: '/',
    clockTolerance: 30,
    timeout: 5,
    jwksMaxAge: 600,
    jwksCooldown: 5,
    jwksStale: 3600,
    log: silentLog,
  })
})

/** A login, whose userinfo had something to add. */
export async function login(changes: Record<string, unknown> = {}): Promise<LoginSession> {
  const family = server.families.begin(PERSON, 'the-sid')
  const said = {
    iss: server.issuer,
    aud: CLIENT_ID,
    nonce: 'the-nonce',
    sid: 'the-sid',
    acr: '2fa',
    ...PERSON,
    ...changes,
  }
  return {
    issuer: server.issuer,
    subject: PERSON.sub,
    claims: { ...said, phone_number: 'of userinfo' } as unknown as LoginSession['claims'],
    scope: ['openid', 'phone'],
    startedAt: 0,
    device: {},
    tokens: {
      accessToken: 'access-0',
      refreshToken: server.families.issue(family),
      idToken: await sign(said, server.key),
      obtainedAt: 0,
      expiresAt: undefined,
    },
  }
}

export const renew = async (held?: LoginSession): Promise<Renewal> =>
  renewTokens(held ?? (await login()), { provider, clockTolerance: 30 })

export async function renewed(held?: LoginSession) {
  const renewal = await renew(held)
  if (!('login' in renewal)) throw renewal.unjudged.error
  return renewal.login
}
export const fails = (work: Promise<unknown>, code: string): Promise<void> =>
  expect(work).rejects.toMatchObject({ code })

/** Lays claims over those of the refreshed ID token. */
export const saying = (claims: Record<string, unknown>): void => {
  server.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, ...claims } })
}
export const NOW = Math.floor(Date.now() / 1000)
