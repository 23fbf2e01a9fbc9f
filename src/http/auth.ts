import type { Claims } from '../provider/jwt.js'
import type { Roles } from '../provider/keycloak-roles.js'

/**
 * Who is calling: the same shape for a session and for a bearer token.
 *
 * @inlineType Claims
 */
export interface Auth {
  /** `sub`: with the issuer, the person's identity. Everything else about a person is for display. */
  readonly subject: string
  /** `name`, else `preferred_username`. */
  readonly name: string | undefined
  /** `preferred_username`. */
  readonly username: string | undefined
  /** `email`, verified or not. */
  readonly email: string | undefined
  /** The words of the granted scope. */
  readonly scope: ReadonlySet<string>
  /** Keycloak's roles, as the claims name them. */
  readonly roles: Roles
  /** Claim by claim: all that the access token says, or for a session the ID token and what userinfo had to add. */
  readonly claims: Claims
  /** When the token is over, or the session at the latest. */
  readonly expiresAt: Date
  /** What was shown. */
  readonly via: 'session' | 'bearer'
}

declare global {
  // Here and not in a .d.ts, which the compiler would not pass on to those who use the package.
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the only way to add to Express's request
  namespace Express {
    interface Request {
      /** Set by a guard, for the handlers behind it. */
      auth?: Auth
    }
  }
}

/** The claims that say how to call a person, where they are texts. */
export function displayClaims(claims: Claims): Pick<Auth, 'name' | 'username' | 'email'> {
  return {
    name: text(claims['name']) ?? text(claims['preferred_username']),
    username: text(claims['preferred_username']),
    email: text(claims['email']),
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
