import {
  cookieName,
  oneOf,
  origin,
  redisAddress,
  Refusal,
  scope,
  seconds,
  text,
  timerSeconds,
  issuerAddress,
  wholeNumber,
} from './config-readers.js'
import type { Log } from './log.js'
import { noMetrics, type Metrics } from './metrics.js'
import {
  CLIENT_AUTHENTICATION,
  credentialProblems,
  type ClientAuthentication,
  type ClientCredentials,
} from './provider/client-credentials.js'
import { boolean, clock, having, longSecrets, number, secret, string, type Check } from './option-checks.js'
import type { RedisClient } from './session/redis-link.js'

/** Options that have a default. Every time is in whole seconds, and ten years at most. */
export interface DefaultedOptions {
  /**
   * How the client proves itself to the authorization server. Left out, it is `none` for a client without a secret.
   * `OIDC_CLIENT_AUTH`
   */
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
  /** Total deadline of one call to the authorization server; 2147483 at most. `UPSTREAM_TIMEOUT` */
  readonly upstreamTimeout: number
  /** Tokens of a session are renewed when less than this is left; of a shorter life, at its half. `REFRESH_BEFORE` */
  readonly refreshBefore: number
  /** Whether `latchkey.session` refuses requests that change something and were sent by another site: 403. */
  readonly refuseCrossSite: boolean
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
  /** Name of the application, in the header and the title of pages. */
  readonly brand: string
}

/** What `createLatchkey` needs. `loadConfig` is one way to make it. */
export interface Options extends Partial<DefaultedOptions> {
  /** The only base for our own addresses: scheme, host and port as browsers see them, no path. `PUBLIC_URL` */
  readonly publicUrl: string
  /** The issuer exactly as tokens carry it. `OIDC_ISSUER` */
  readonly issuer: string
  /** Origin where this process reaches the authorization server, when browsers use another. `OIDC_INTERNAL_URL` */
  readonly internalUrl?: string | undefined
  /** `OIDC_CLIENT_ID` */
  readonly clientId: string
  /**
   * Needed, here or in a file, by each `clientAuthentication` with `client_secret` in its name. With neither, as for an
   * API that only checks tokens, the client is one without a secret. `OIDC_CLIENT_SECRET`
   */
  readonly clientSecret?: string | undefined
  /** File with the secret, in place of `clientSecret`; it is read again when it changes. `OIDC_CLIENT_SECRET_FILE` */
  readonly clientSecretFile?: string | undefined
  /**
   * File with the client's private key, for `private_key_jwt` and `tls_client_auth`; it is read again when it changes. PEM,
   * and for the first also a JWK or a JWK Set: the first key signs, the public halves of all are at
   * `/.well-known/jwks.json`. `OIDC_CLIENT_KEY_FILE`
   */
  readonly clientKeyFile?: string | undefined
  /** File with the client's certificate in PEM, for `tls_client_auth`; it is read again when it changes. `OIDC_CLIENT_CERT_FILE` */
  readonly clientCertFile?: string | undefined
  /** What an access token's `aud` must contain to call our API. `API_AUDIENCE` */
  readonly apiAudience: string
  /** Newest first, each 32 characters or more. Without any, one is made that lasts as long as the process. `SESSION_SECRETS` */
  readonly sessionSecrets?: readonly string[] | undefined
  /** Path of a page of yours about the person who is signed in; without one, pages link to none. */
  readonly accountPath?: string | undefined
  /** Folder with EJS views of your own; those that it lacks are Latchkey's. */
  readonly views?: string | undefined
  /** File with a style sheet of your own, in place of Latchkey's. */
  readonly styleSheet?: string | undefined
  /**
   * Redis or Valkey, for sessions, pending logins, locks and logouts of all processes. Without it they are kept in this
   * process and end with it. `REDIS_URL`
   */
  readonly redisUrl?: string | undefined
  /**
   * The same by a client of the `redis` package that you have made and connected, in place of `redisUrl`: with
   * `createSentinel` or `createCluster`, too. You close it.
   */
  readonly redis?: RedisClient | undefined
  /** Where counts and times go; by default nowhere. */
  readonly metrics?: Metrics | undefined
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
  refreshBefore: 30,
  refuseCrossSite: true,
  cookieName: 'latchkey',
  callbackPath: '/authorize',
  loginRedirect: '/hello',
  logoutPath: '/logout',
  logoutRedirect: '/',
  brand: 'Latchkey',
}

/** The bounds of every option that is a number; those of the environment, too. */
export const numbers = {
  sessionIdleTimeout: seconds(1),
  sessionAbsoluteTimeout: seconds(1),
  loginTimeout: seconds(1),
  loginLimit: wholeNumber(1, 1_000_000),
  clockTolerance: seconds(0),
  jwksMaxAge: seconds(0),
  jwksCooldown: seconds(0),
  jwksStale: seconds(0),
  upstreamTimeout: timerSeconds(1),
  refreshBefore: seconds(0),
}

const log = having<Log>(['debug', 'info', 'warn', 'error'])
const redis = having<RedisClient>(['eval'])
const metrics = having<Metrics>(Object.keys(noMetrics) as (keyof Metrics)[])

/** One for every option: an option without does not compile. What paths may be is judged where they are mounted. */
const checks: { readonly [Name in keyof Options]-?: Check<NonNullable<Options[Name]>> } = {
  publicUrl: string(origin(false)),
  issuer: string(issuerAddress(false)),
  internalUrl: string(origin(false)),
  clientId: string(text),
  clientSecret: string(secret),
  clientSecretFile: string(text),
  clientKeyFile: string(text),
  clientCertFile: string(text),
  clientAuthentication: string(oneOf(CLIENT_AUTHENTICATION)),
  scope: string(scope),
  apiAudience: string(text),
  sessionSecrets: longSecrets,
  sessionIdleTimeout: number(numbers.sessionIdleTimeout),
  sessionAbsoluteTimeout: number(numbers.sessionAbsoluteTimeout),
  loginTimeout: number(numbers.loginTimeout),
  loginLimit: number(numbers.loginLimit),
  clockTolerance: number(numbers.clockTolerance),
  jwksMaxAge: number(numbers.jwksMaxAge),
  jwksCooldown: number(numbers.jwksCooldown),
  jwksStale: number(numbers.jwksStale),
  upstreamTimeout: number(numbers.upstreamTimeout),
  refreshBefore: number(numbers.refreshBefore),
  refuseCrossSite: boolean,
  redisUrl: string(redisAddress),
  redis,
  metrics,
  cookieName: string(cookieName),
  callbackPath: string(text),
  loginRedirect: string(text),
  logoutPath: string(text),
  logoutRedirect: string(text),
  brand: string(text),
  accountPath: string(text),
  views: string(text),
  styleSheet: string(text),
  log,
  now: clock,
}

const REQUIRED = ['publicUrl', 'issuer', 'clientId', 'apiAudience'] as const

/** What `loadConfig` reads for the process. A whole `Config` may be given as options. */
const OF_THE_PROCESS = [
  'production',
  'port',
  'host',
  'trustProxy',
  'logLevel',
  'headersTimeout',
  'requestTimeout',
  'shutdownGrace',
  'managementPort',
]

export type CompleteOptions = DefaultedOptions & Options

/**
 * Checks options and lays them over their defaults. What is left out, or `undefined`, takes the default.
 *
 * @throws `TypeError` that names every option which is missing, unknown or no use; it never holds a value.
 */
export function completeOptions(given: Options): CompleteOptions {
  if (Object(given) !== given) throw new TypeError('createLatchkey: the options must be an object')
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const refused: string[] = []
  const options = readOptions(present, refused)
  const { clientSecret, clientSecretFile } = options
  const hasNoSecret = clientSecret === undefined && clientSecretFile === undefined
  const complete = {
    ...defaults,
    ...(hasNoSecret && { clientAuthentication: 'none' as const }),
    ...options,
  }
  const problems = [
    ...REQUIRED.filter((name) => present[name] === undefined).map((name) => `${name} is missing`),
    ...(CREDENTIALS.some((name) => isRefused(name, present, options))
      ? []
      : credentialProblems(complete, options)),
    ...sharedStoreProblems(present),
    ...refused,
  ]
  if (problems.length > 0) throw new TypeError(`createLatchkey: ${problems.join('; ')}`)
  return complete
}

const CREDENTIALS: readonly (keyof ClientCredentials)[] = [
  'clientAuthentication',
  'clientSecret',
  'clientSecretFile',
  'clientKeyFile',
  'clientCertFile',
]

/** What is refused already is one problem, not two. */
const isRefused = (
  name: keyof Options,
  present: Readonly<Record<string, unknown>>,
  options: Options,
): boolean => present[name] !== undefined && options[name] === undefined

function sharedStoreProblems({
  redis,
  redisUrl,
  sessionSecrets,
}: Readonly<Record<string, unknown>>): readonly string[] {
  if (redis === undefined && redisUrl === undefined) return []
  return [
    ...(redis !== undefined && redisUrl !== undefined ? ['redis and redisUrl are both given: give one'] : []),
    ...(sessionSecrets === undefined
      ? ['sessionSecrets is missing, which a shared store needs: all processes must have the same']
      : []),
  ]
}

/** What it returns is seen by nobody when it has found problems. */
function readOptions(present: Readonly<Record<string, unknown>>, problems: string[]): Options {
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(present)) {
    try {
      if (isOption(name)) options[name] = checks[name](value)
      else if (!OF_THE_PROCESS.includes(name)) throw new Refusal('is not an option')
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      problems.push(`${name} ${error.message}`)
    }
  }
  return options as unknown as Options
}

const isOption = (name: string): name is keyof Options => Object.hasOwn(checks, name)
