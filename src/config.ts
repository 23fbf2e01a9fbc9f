import {
  fileContent,
  issuerAddress,
  oneOf,
  origin,
  redisAddress,
  Refusal,
  scope,
  sessionSecrets,
  text,
  timerSeconds,
  trustProxy,
  wholeNumber,
  type Reader,
} from './config-readers.js'
import { Source, type Environment } from './config-source.js'
import { LOG_LEVELS, type LogLevel } from './log.js'
import { defaults, numbers, type Options } from './options.js'
import {
  CLIENT_AUTHENTICATION,
  credentialProblems,
  needsSecret,
  type ClientAuthentication,
  type ClientCredentials,
  type CredentialContext,
} from './provider/client-credentials.js'
import { KeycloakSettingsError, readKeycloakSettings } from './provider/keycloak-settings.js'

type NotFromEnvironment =
  | 'internalUrl'
  | 'clientSecret'
  | 'clientSecretFile'
  | 'clientKeyFile'
  | 'clientCertFile'
  | 'cookieName'
  | 'callbackPath'
  | 'loginRedirect'
  | 'logoutPath'
  | 'logoutRedirect'
  | 'brand'
  | 'accountPath'
  | 'views'
  | 'styleSheet'
  | 'redisUrl'
  | 'redis'
  | 'refuseCrossSite'
  | 'log'
  | 'metrics'
  | 'now'

/** Everything the process needs to know, read once. */
export interface Config extends Required<Omit<Options, NotFromEnvironment>> {
  /** Origin where this process reaches the authorization server, when browsers use another. `OIDC_INTERNAL_URL` */
  readonly internalUrl: string | undefined
  /** `OIDC_CLIENT_SECRET` */
  readonly clientSecret: string | undefined
  /** File with the secret, read again when it changes. `OIDC_CLIENT_SECRET_FILE` */
  readonly clientSecretFile: string | undefined
  /** File with the client's private keys, read again when it changes. `OIDC_CLIENT_KEY_FILE` */
  readonly clientKeyFile: string | undefined
  /** File with the client's certificate, read again when it changes. `OIDC_CLIENT_CERT_FILE` */
  readonly clientCertFile: string | undefined
  /** Redis or Valkey for what all processes share. `REDIS_URL` */
  readonly redisUrl: string | undefined
  /** Whether `NODE_ENV` is `production`. */
  readonly production: boolean
  /** Where to listen; 0 is any port, and needs `PUBLIC_URL`. `PORT` */
  readonly port: number
  /** Where to listen; `localhost` means 127.0.0.1 and ::1. `HOST` */
  readonly host: string
  /** Where operators find metrics and health, on the same host; without it nowhere, and 0 is any. `MANAGEMENT_PORT` */
  readonly managementPort: number | undefined
  /** Express's `trust proxy`. `TRUST_PROXY` */
  readonly trustProxy: boolean | number | string
  /** `LOG_LEVEL` */
  readonly logLevel: LogLevel
  /** Seconds in which a client must have sent its headers. `HEADERS_TIMEOUT` */
  readonly headersTimeout: number
  /** Seconds in which a client must have sent its whole request. `REQUEST_TIMEOUT` */
  readonly requestTimeout: number
  /** Seconds that requests in flight may take after `SIGTERM`. `SHUTDOWN_GRACE` */
  readonly shutdownGrace: number
}

/** Every problem of the settings at once: names and reasons, never values. */
export class ConfigError extends Error {
  /** Tells it from other errors. */
  override readonly name = 'ConfigError'
  /** Each the name of a setting, then why it is refused. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/**
 * Reads the settings from an environment, such as `process.env`.
 *
 * @inlineType Environment
 * @throws {@link ConfigError} with every problem.
 */
export function loadConfig(env: Environment): Config {
  const source = new Source(env)
  const production = source.read('NODE_ENV', text, 'development') === 'production'
  const port = source.read('PORT', wholeNumber(0, 65535), '3000')
  const config: Config = {
    production,
    port,
    managementPort: source.optional('MANAGEMENT_PORT', managementPort(port)),
    ...readServer(source),
    ...readClient(source, production),
    publicUrl: source.read('PUBLIC_URL', origin(production), `http://localhost:${usable(port)}`),
    redisUrl: source.optional('REDIS_URL', redisAddress),
    sessionSecrets: source.read('SESSION_SECRETS', sessionSecrets(production), production ? undefined : ''),
    ...readTimes(source),
  }
  if (config.redisUrl !== undefined && !production && !source.has('SESSION_SECRETS'))
    source.problems.push('SESSION_SECRETS is required with REDIS_URL: all processes must have the same')
  if (port === 0 && !source.has('PUBLIC_URL'))
    source.problems.push('PORT of 0, which is any, needs PUBLIC_URL: nobody can know our address otherwise')
  if (source.problems.length > 0) throw new ConfigError(source.problems)
  return Object.freeze(config)
}

/** A PORT that is refused is one problem, not two. */
const usable = (port: number): number => (Number.isInteger(port) ? port : 3000)

/** What is for operators must not be where everybody comes. */
function managementPort(port: number): Reader<number> {
  return (value) => {
    const number = wholeNumber(0, 65535)(value)
    if (number !== 0 && number === port) throw new Refusal('must differ from PORT')
    return number
  }
}

function readServer(source: Source) {
  return {
    host: source.read('HOST', text, 'localhost'),
    trustProxy: source.read('TRUST_PROXY', trustProxy, 'off'),
    logLevel: source.read('LOG_LEVEL', oneOf(LOG_LEVELS), 'info'),
    headersTimeout: source.read('HEADERS_TIMEOUT', timerSeconds(0), '15'),
    requestTimeout: source.read('REQUEST_TIMEOUT', timerSeconds(0), '60'),
    shutdownGrace: source.read('SHUTDOWN_GRACE', timerSeconds(0), '10'),
  }
}

function readClient(source: Source, production: boolean) {
  const clientAuthentication = source.read(
    'OIDC_CLIENT_AUTH',
    oneOf(CLIENT_AUTHENTICATION),
    defaults.clientAuthentication,
  )
  const context = { production, method: clientAuthentication }
  const client = {
    ...(source.has('KEYCLOAK_SETTINGS')
      ? readAdapterFile(source, context)
      : readRegistration(source, production)),
    internalUrl: source.optional('OIDC_INTERNAL_URL', origin(false)),
    clientAuthentication,
    clientSecretFile: source.optional('OIDC_CLIENT_SECRET_FILE', text),
    clientKeyFile: source.optional('OIDC_CLIENT_KEY_FILE', text),
    clientCertFile: source.optional('OIDC_CLIENT_CERT_FILE', text),
    scope: source.read('OIDC_SCOPE', scope, defaults.scope),
    apiAudience: source.read('API_AUDIENCE', text),
  }
  checkCredentials(source, client)
  return client
}

interface Registration {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
}

function readRegistration(source: Source, production: boolean): Registration {
  return {
    issuer: source.read('OIDC_ISSUER', issuerAddress(production)),
    clientId: source.read('OIDC_CLIENT_ID', text),
    clientSecret: source.optional('OIDC_CLIENT_SECRET', (value) => value),
  }
}

const SETTING = {
  issuer: 'OIDC_ISSUER',
  internalUrl: 'OIDC_INTERNAL_URL',
  clientAuthentication: 'OIDC_CLIENT_AUTH',
  clientSecret: 'OIDC_CLIENT_SECRET',
  clientSecretFile: 'OIDC_CLIENT_SECRET_FILE',
  clientKeyFile: 'OIDC_CLIENT_KEY_FILE',
  clientCertFile: 'OIDC_CLIENT_CERT_FILE',
} as const

/** A method that is refused is one problem, not two; so is an adapter file. */
function checkCredentials(
  source: Source,
  client: ClientCredentials & Pick<CredentialContext, 'issuer' | 'internalUrl'>,
): void {
  const { clientAuthentication: method, issuer, internalUrl } = client
  if (!CLIENT_AUTHENTICATION.includes(method)) return
  const ofAdapterFile = source.has('KEYCLOAK_SETTINGS') && {
    clientSecret: 'its own',
    clientSecretFile: undefined,
  }
  const nameOf = (member: keyof typeof SETTING): string => SETTING[member]
  const problems = credentialProblems({ ...client, ...ofAdapterFile }, { issuer, internalUrl, nameOf })
  source.problems.push(...problems)
}

interface AdapterFileContext {
  readonly production: boolean
  readonly method: ClientAuthentication
}

const STANDS_FOR = ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_CLIENT_SECRET_FILE']

/** The adapter file stands in for three settings, whole: two sources of one thing would be a riddle. */
function readAdapterFile(source: Source, { production, method }: AdapterFileContext): Registration {
  for (const name of STANDS_FOR) {
    if (source.has(name)) source.problems.push(`${name} and KEYCLOAK_SETTINGS are both set: give one`)
  }
  return source.read('KEYCLOAK_SETTINGS', (file) => {
    try {
      const settings = readKeycloakSettings(fileContent(file), {
        needsSecret: CLIENT_AUTHENTICATION.includes(method) && needsSecret(method),
      })
      issuerAddress(production)(settings.issuer)
      return settings
    } catch (error) {
      const known = error instanceof KeycloakSettingsError || error instanceof Refusal
      throw known ? new Refusal(`(${file}): ${error.message}`) : error
    }
  })
}

function readTimes(source: Source) {
  const number = (name: string, option: keyof typeof numbers): number =>
    source.read(name, numbers[option], String(defaults[option]))
  return {
    sessionIdleTimeout: number('SESSION_IDLE_TIMEOUT', 'sessionIdleTimeout'),
    sessionAbsoluteTimeout: number('SESSION_ABSOLUTE_TIMEOUT', 'sessionAbsoluteTimeout'),
    loginTimeout: number('LOGIN_TIMEOUT', 'loginTimeout'),
    loginLimit: number('LOGIN_LIMIT', 'loginLimit'),
    clockTolerance: number('CLOCK_TOLERANCE', 'clockTolerance'),
    jwksMaxAge: number('JWKS_MAX_AGE', 'jwksMaxAge'),
    jwksCooldown: number('JWKS_COOLDOWN', 'jwksCooldown'),
    jwksStale: number('JWKS_STALE', 'jwksStale'),
    upstreamTimeout: number('UPSTREAM_TIMEOUT', 'upstreamTimeout'),
    refreshBefore: number('REFRESH_BEFORE', 'refreshBefore'),
  }
}
