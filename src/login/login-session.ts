import type { Request } from 'express'
import { inspect } from 'node:util'
// What it declares is added to below.
import 'express-session'
import { displayClaims, type Auth } from '../http/auth.js'
import { isObject } from '../provider/is-object.js'
import { readKeycloakRoles } from '../provider/keycloak-roles.js'
import { hasOwnSession } from '../session/own-session.js'
import type { OwnPart } from '../session/contents.js'
import type { SessionStore } from '../session/session-store.js'
import type { FinishedLogin } from './authorization-response.js'
import type { Device } from './device.js'
import { sessionKeys } from './session-keys.js'

/** What a session knows of its login. Tokens are here and nowhere else. Replaced as a whole, never changed in place. */
export interface LoginSession {
  readonly issuer: string
  readonly subject: string
  readonly claims: FinishedLogin['claims']
  readonly scope: readonly string[]
  /** Milliseconds. */
  readonly startedAt: number
  /** With what the person signed in. */
  readonly device: Device
  readonly tokens: LoginTokens
}

export interface LoginTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string
  /** Milliseconds. */
  readonly obtainedAt: number
  /** Milliseconds; unknown when the provider does not say. */
  readonly expiresAt: number | undefined
}

declare module 'express-session' {
  interface SessionData {
    latchkey?: LoginSession
  }
}

export type LoginStore = SessionStore<LoginSession>

export function createLoginSession(
  finished: FinishedLogin,
  { issuer, device, now }: { readonly issuer: string; readonly device: Device; readonly now: number },
): LoginSession {
  const { claims, scope } = finished
  return concise({
    issuer,
    subject: claims.sub,
    claims,
    scope: [...scope],
    startedAt: now,
    device,
    tokens: tokensOf(finished, now),
  })
}

/** A login with the tokens, and what the ID token says, of a refresh. */
export function renewedLogin(login: LoginSession, renewed: FinishedLogin, now: number): LoginSession {
  const { claims, scope } = renewed
  return concise({ ...login, claims, scope: [...scope], tokens: tokensOf(renewed, now) })
}

/** A login whose refresh token is another one, and nothing else. */
export function withRefreshToken(login: LoginSession, refreshToken: string): LoginSession {
  return concise({ ...login, tokens: { ...login.tokens, refreshToken } })
}

function tokensOf(finished: FinishedLogin, now: number): LoginTokens {
  const { accessToken, refreshToken, idToken, expiresIn } = finished
  const expiresAt = expiresIn === undefined ? undefined : now + expiresIn * 1000
  return { accessToken, refreshToken, idToken, obtainedAt: now, expiresAt }
}

/**
 * express-session turns a session into JSON at every request to see whether it changed, and people print sessions.
 * For both, one line stands for the login. It is the same for as long as the login lasts: what is renewed of it is
 * stored by those who renew it, and by no one else.
 */
function concise(login: LoginSession): LoginSession {
  const line = `login begun ${login.startedAt}`
  const copy = Object.defineProperty({ ...login }, 'toJSON', { value: () => line })
  return deepFreeze(Object.defineProperty(copy, inspect.custom, { value: () => line }))
}

/** Several requests share one: what one of them could change, others would see. */
function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value) as unknown[])
    if (typeof member === 'object' && member !== null && !Object.isFrozen(member)) deepFreeze(member)
  return Object.freeze(value)
}

/** How the session store keeps logins. */
export const loginPart: OwnPart<LoginSession> = {
  field: 'latchkey',
  keysOf: sessionKeys,
  toJson: (login) => ({ ...login }),
  fromJson: (value) => (isLogin(value) ? concise(value) : undefined),
}

/** What a later version may have written is no login to this one. */
function isLogin(value: unknown): value is LoginSession {
  if (!isObject(value)) return false
  const { issuer, subject, claims, scope, startedAt, device, tokens } = value
  return (
    [issuer, subject].every((text) => typeof text === 'string') &&
    typeof startedAt === 'number' &&
    Array.isArray(scope) &&
    [claims, device, tokens].every(isObject) &&
    typeof (tokens as Record<string, unknown>)['accessToken'] === 'string'
  )
}

/** When the person authenticated, in milliseconds: as the provider says, else when the login ended here. */
export function authenticatedAt({ claims, startedAt }: LoginSession): number {
  const authTime = claims['auth_time']
  return typeof authTime === 'number' && authTime > 0 && authTime * 1000 <= startedAt + 60_000
    ? authTime * 1000
    : startedAt
}

/** The login of a request's session, when it is one of this store: a session of another realm or app is none. */
export function loginOf(req: Request, store: LoginStore): LoginSession | undefined {
  return hasOwnSession(req, store) ? req.session.latchkey : undefined
}

/** The login whose person the header of a page names. */
export function shownLogin(req: Request): LoginSession | undefined {
  return (req as Partial<Request>).session?.latchkey
}

export function sessionAuth(login: LoginSession, expiresAt: number): Auth {
  return {
    subject: login.subject,
    ...displayClaims(login.claims),
    scope: new Set(login.scope),
    roles: readKeycloakRoles(login.claims),
    claims: login.claims,
    expiresAt: new Date(expiresAt),
    via: 'session',
  }
}
