import type { Log } from './log.js'
import type { ClientAuthentication } from './provider/client.js'

/** Options that have a default. Every time is in whole seconds. */
export interface DefaultedOptions {
  /** How the client proves itself to the authorization server. `OIDC_CLIENT_AUTH` */
  readonly clientAuthentication: ClientAuthentication
  /** Space-separated; contains `openid`. `OIDC_SCOPE` */
  readonly scope: string
  /** A session that is not used ends after. `SESSION_IDLE_TIMEOUT` */
  readonly sessionIdleTimeout: number
  /** A session ends after, however much it is used. `SESSION_ABSOLUTE_TIMEOUT` */
  readonly sessionAbsoluteTimeout: number
  /** Life of one pending login. `LOGIN_TIMEOUT` */
  readonly loginTimeout: number
  /** Pending logins per browser; the oldest goes. `LOGIN_LIMIT` */
  readonly loginLimit: number
  /** Difference between clocks, either way, that is no error. `CLOCK_TOLERANCE` */
  readonly clockTolerance: number
  /** Keys and metadata are fetched again after. `JWKS_MAX_AGE` */
  readonly jwksMaxAge: number
  /** At most one fetch for unknown keys in. `JWKS_COOLDOWN` */
  readonly jwksCooldown: number
  /** How much longer known keys serve while the authorization server is away. `JWKS_STALE` */
  readonly jwksStale: number
  /** Total deadline of one call to the authorization server. `UPSTREAM_TIMEOUT` */
  readonly upstreamTimeout: number
  /** Name of the session cookie, for several apps under one host name; with https `__Host-` comes before it. */
  readonly cookieName: string
  /** Path of the redirect URI. */
  readonly callbackPath: string
  /** Where a login ends that nobody sent elsewhere. */
  readonly loginRedirect: string
  /** Path of the page that signs people out. */
  readonly logoutPath: string
  /** Where a sign-out ends; a page that needs no login. */
  readonly logoutRedirect: string
}

/** What `createLatchkey` needs. `loadConfig` is one way to make it. */
export interface Options extends Partial<DefaultedOptions> {
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
  /** What an access token's `aud` must contain to call our API. `API_AUDIENCE` */
  readonly apiAudience: string
  /** Newest first, each 32 characters or more. Without any, one is made that lasts as long as the process. `SESSION_SECRETS` */
  readonly sessionSecrets?: readonly string[] | undefined
  /** Folder with EJS views of your own; those that it lacks are Latchkey's. */
  readonly views?: string | undefined
  /** File with a style sheet of your own, in place of Latchkey's. */
  readonly styleSheet?: string | undefined
  /** Where log lines go; by default to standard output, as JSON. */
  readonly log?: Log
  /** The clock, in milliseconds. */
  readonly now?: () => number
}

/** What an option is when it is left out. */
export const defaults: DefaultedOptions = {
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
  cookieName: 'latchkey',
  callbackPath: '/authorize',
  loginRedirect: '/hello',
  logoutPath: '/logout',
  logoutRedirect: '/',
}

const REQUIRED = ['publicUrl', 'issuer', 'clientId', 'apiAudience'] as const

export type CompleteOptions = DefaultedOptions & Options

/**
 * Lays options over their defaults. What is left out, or `undefined`, takes the default.
 *
 * @throws `TypeError` that names every option which is missing or no use.
 */
export function completeOptions(given: Options): CompleteOptions {
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  const options: Readonly<Record<string, unknown>> = Object.fromEntries(present)
  const problems: string[] = REQUIRED.filter(
    (name) => typeof options[name] !== 'string' || options[name] === '',
  ).map((name) => `${name} is missing`)
  for (const name of ['publicUrl', 'issuer'] as const) {
    const value = options[name]
    if (typeof value === 'string' && value !== '' && !isWebAddress(value))
      problems.push(`${name} is not an http(s) address`)
  }
  if (problems.length > 0) throw new TypeError(`createLatchkey: ${problems.join('; ')}`)
  return { ...defaults, ...(options as unknown as Options), publicUrl: new URL(given.publicUrl).origin }
}

const isWebAddress = (value: string): boolean =>
  URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
