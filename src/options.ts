import type { Log } from './log.js'
import type { ClientAuthentication } from './provider/client.js'

/** What `createLatchkey` needs. Every time is in whole seconds. `loadConfig` is one way to make it. */
export interface Options {
  /** The only base for our own addresses: scheme, host and port as browsers see them. `PUBLIC_URL` */
  readonly publicUrl: string
  /** The issuer exactly as tokens carry it. `OIDC_ISSUER` */
  readonly issuer: string
  /** Origin where this process reaches the authorization server, when browsers use another. `OIDC_INTERNAL_URL` */
  readonly internalUrl?: string | undefined
  /** `OIDC_CLIENT_ID` */
  readonly clientId: string
  /** `OIDC_CLIENT_SECRET` */
  readonly clientSecret?: string | undefined
  /** `OIDC_CLIENT_AUTH` */
  readonly clientAuthentication?: ClientAuthentication
  /** `OIDC_SCOPE` */
  readonly scope?: string
  /** What an access token's `aud` must contain to call our API. `API_AUDIENCE` */
  readonly apiAudience: string
  /** Newest first, each 32 characters or more. Without any, one is made that lasts as long as the process. `SESSION_SECRETS` */
  readonly sessionSecrets?: readonly string[] | undefined
  /** `SESSION_IDLE_TIMEOUT` */
  readonly sessionIdleTimeout?: number
  /** `SESSION_ABSOLUTE_TIMEOUT` */
  readonly sessionAbsoluteTimeout?: number
  /** Life of one pending login. `LOGIN_TIMEOUT` */
  readonly loginTimeout?: number
  /** Pending logins per browser; the oldest goes. `LOGIN_LIMIT` */
  readonly loginLimit?: number
  /** `CLOCK_TOLERANCE` */
  readonly clockTolerance?: number
  /** `JWKS_MAX_AGE` */
  readonly jwksMaxAge?: number
  /** `JWKS_COOLDOWN` */
  readonly jwksCooldown?: number
  /** Counts from the end of `jwksMaxAge`. `JWKS_STALE` */
  readonly jwksStale?: number
  /** Total deadline of one call to the authorization server. `UPSTREAM_TIMEOUT` */
  readonly upstreamTimeout?: number
  /** Path of the redirect URI. */
  readonly callbackPath?: string
  /** Where a login ends that nobody sent elsewhere. */
  readonly loginRedirect?: string
  /** Path of the page that signs people out. */
  readonly logoutPath?: string
  /** Where a sign-out ends; a page that needs no login. */
  readonly logoutRedirect?: string
  /** Folder with EJS views of your own; those that it lacks are Latchkey's. */
  readonly views?: string | undefined
  /** A style sheet of your own in place of Latchkey's. */
  readonly styleSheet?: string | undefined
  /** Where log lines go; by default to standard output, as JSON. */
  readonly log?: Log
  /** The clock, in milliseconds. */
  readonly now?: () => number
}

/** What an option is when it is left out. */
export const defaults = {
  clientAuthentication: 'client_secret_basic',
  scope: 'openid profile email',
  sessionIdleTimeout: 1800,
  sessionAbsoluteTimeout: 36_000,
  loginTimeout: 1800,
  loginLimit: 10,
  clockTolerance: 30,
  jwksMaxAge: 600,
  jwksCooldown: 5,
  jwksStale: 3600,
  upstreamTimeout: 5,
  callbackPath: '/authorize',
  loginRedirect: '/hello',
  logoutPath: '/logout',
  logoutRedirect: '/',
} as const satisfies Partial<Options>
