import { expect } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Jar } from '../../support/browser-jar.js'
import { CLIENT_ID, type Person, type ScriptedProvider } from '../../support/scripted-provider.js'
import { sign } from '../../support/signing.js'
import { newPerson, type Answer, type TestApp } from '../../support/test-app.js'

export const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'

export interface PersonAtProvider extends Person {
  readonly sid: string
}

/** A person with one sign-on session at the provider. */
export const personWithSession = (claims: Record<string, unknown> = {}): PersonAtProvider => ({
  ...newPerson(claims),
  sid: randomUUID(),
})

/** What Keycloak says when a session ends. Names nobody: the test does. A claim that is `undefined` is left out. */
export function logoutClaims(
  provider: ScriptedProvider,
  claims: Record<string, unknown> = {},
): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: provider.issuer,
    aud: CLIENT_ID,
    iat: now,
    exp: now + 120,
    jti: randomUUID(),
    typ: 'Logout',
    events: { [LOGOUT]: {} },
    ...claims,
  }
}

export function logoutToken(
  provider: ScriptedProvider,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  key = provider.key,
): Promise<string> {
  return sign(logoutClaims(provider, claims), key, { typ: 'logout+jwt', ...header })
}

/** The form that the provider sends. */
export function tell(app: TestApp, token: string, headers: Record<string, string> = {}): Promise<Answer> {
  return app.send('/backchannel-logout', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ logout_token: token }).toString(),
  })
}

/** 400 with `invalid_logout_token` and no more, and the browser is signed in as before. */
export async function expectRefusedLogout(app: TestApp, jar: Jar, token: string): Promise<void> {
  const answer = await tell(app, token)
  expect([answer.status, answer.headers['cache-control'], answer.location, answer.cookies]).toEqual([
    400,
    'no-store',
    undefined,
    [],
  ])
  expect(answer.json()).toMatchObject({ error: 'invalid_logout_token' })
  expect(await app.whoami(jar)).toBeDefined()
}
