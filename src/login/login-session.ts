import type { Request } from 'express'
// What it declares is added to below.
import 'express-session'
import { displayClaims, type Auth } from '../http/auth.js'
import { readKeycloakRoles } from '../provider/keycloak-roles.js'
import type { SessionStore } from '../session/memory-store.js'
import { hasOwnSession } from '../session/own-session.js'
import type { FinishedLogin } from './authorization-response.js'

/** What a session knows of its login. Tokens are here and nowhere else. Replaced as a whole, never changed in place. */
export interface LoginSession {
  readonly issuer: string
  readonly subject: string
  readonly claims: FinishedLogin['claims']
  readonly scope: readonly string[]
  /** Milliseconds. */
  readonly startedAt: number
  readonly tokens: {
    readonly accessToken: string
    readonly refreshToken: string | undefined
    readonly idToken: string
    /** Milliseconds; unknown when the provider does not say. */
    readonly expiresAt: number | undefined
  }
}

declare module 'express-session' {
  interface SessionData {
    latchkey?: LoginSession
  }
}

export function createLoginSession(finished: FinishedLogin, issuer: string, now: number): LoginSession {
  const { claims, scope, accessToken, refreshToken, idToken, expiresIn } = finished
  return concise({
    issuer,
    subject: claims.sub,
    claims,
    scope: [...scope],
    startedAt: now,
    tokens: {
      accessToken,
      refreshToken,
      idToken,
      expiresAt: expiresIn === undefined ? undefined : now + expiresIn * 1000,
    },
  })
}

/**
 * express-session turns a session into JSON at every request to see whether it changed, and people print sessions.
 * For both, one line stands for the login: as it is only ever replaced, its beginning tells versions apart.
 */
function concise(login: LoginSession): LoginSession {
  const line = `login begun ${login.startedAt}, token until ${login.tokens.expiresAt ?? 'unknown'}`
  return Object.freeze(Object.defineProperty({ ...login }, 'toJSON', { value: () => line }))
}

/** When the person authenticated, in milliseconds: as the provider says, else when the login ended here. */
export function authenticatedAt({ claims, startedAt }: LoginSession): number {
  const authTime = claims['auth_time']
  return typeof authTime === 'number' && authTime > 0 && authTime * 1000 <= startedAt + 60_000
    ? authTime * 1000
    : startedAt
}

/** The login of a request's session, when it is one of this store: a session of another realm or app is none. */
export function loginOf(req: Request, store: SessionStore): LoginSession | undefined {
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
