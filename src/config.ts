import {
  oneOf,
  origin,
  Refusal,
  secretFile,
  sessionSecrets,
  text,
  trustProxy,
  webAddress,
  wholeNumber,
  type Reader,
} from './config-readers.js'
import { LOG_LEVELS, type LogLevel } from './log.js'
import { defaults, type Options } from './options.js'
import { CLIENT_AUTHENTICATION } from './provider/client.js'

/** Everything the process needs to know, read once. */
export interface Config extends Required<Omit<Options, 'internalUrl' | 'clientSecret' | 'log' | 'now'>> {
  readonly internalUrl: string | undefined
  readonly clientSecret: string | undefined
  readonly production: boolean
  readonly port: number
  readonly host: string
  readonly trustProxy: boolean | number | string
  readonly logLevel: LogLevel
  /** Seconds. */
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly shutdownGrace: number
}

/** Every problem of the settings at once: names and reasons, never values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the settings from an environment.
 *
 * @throws {@link ConfigError} with every problem.
 */
export function loadConfig(env: Environment): Config {
  const source = new Source(env)
  const production = source.read('NODE_ENV', text, 'development') === 'production'
  const port = source.read('PORT', wholeNumber(0, 65535), '3000')
  const config: Config = {
    production,
    port,
    ...readServer(source),
    ...readClient(source, production),
    publicUrl: source.read('PUBLIC_URL', origin(production), `http://localhost:${port}`),
    sessionSecrets: source.read('SESSION_SECRETS', sessionSecrets(production), production ? undefined : ''),
    ...readTimes(source),
  }
  refuseSharedStore(source)
  if (source.problems.length > 0) throw new ConfigError(source.problems)
  return Object.freeze(config)
}

function readServer(source: Source) {
  return {
    host: source.read('HOST', text, 'localhost'),
    trustProxy: source.read('TRUST_PROXY', trustProxy, 'off'),
    logLevel: source.read('LOG_LEVEL', oneOf(LOG_LEVELS), 'info'),
    headersTimeout: source.read('HEADERS_TIMEOUT', wholeNumber(0), '15'),
    requestTimeout: source.read('REQUEST_TIMEOUT', wholeNumber(0), '60'),
    shutdownGrace: source.read('SHUTDOWN_GRACE', wholeNumber(0), '10'),
  }
}

function readClient(source: Source, production: boolean) {
  const clientAuthentication = source.read(
    'OIDC_CLIENT_AUTH',
    oneOf(CLIENT_AUTHENTICATION),
    defaults.clientAuthentication,
  )
  return {
    issuer: source.read('OIDC_ISSUER', webAddress(production)),
    internalUrl: source.optional('OIDC_INTERNAL_URL', origin(false)),
    clientId: source.read('OIDC_CLIENT_ID', text),
    clientAuthentication,
    clientSecret: source.secret('OIDC_CLIENT_SECRET', clientAuthentication !== 'none'),
    scope: source.read('OIDC_SCOPE', scope, defaults.scope),
    apiAudience: source.read('API_AUDIENCE', text),
  }
}

function readTimes(source: Source) {
  const seconds = (name: string, fallback: number, min = 0): number =>
    source.read(name, wholeNumber(min), String(fallback))
  return {
    sessionIdleTimeout: seconds('SESSION_IDLE_TIMEOUT', defaults.sessionIdleTimeout, 1),
    sessionAbsoluteTimeout: seconds('SESSION_ABSOLUTE_TIMEOUT', defaults.sessionAbsoluteTimeout, 1),
    loginTimeout: seconds('LOGIN_TIMEOUT', defaults.loginTimeout, 1),
    loginLimit: seconds('LOGIN_LIMIT', defaults.loginLimit, 1),
    clockTolerance: seconds('CLOCK_TOLERANCE', defaults.clockTolerance),
    jwksMaxAge: seconds('JWKS_MAX_AGE', defaults.jwksMaxAge),
    jwksCooldown: seconds('JWKS_COOLDOWN', defaults.jwksCooldown),
    jwksStale: seconds('JWKS_STALE', defaults.jwksStale),
    upstreamTimeout: seconds('UPSTREAM_TIMEOUT', defaults.upstreamTimeout, 1),
  }
}

const scope: Reader<string> = (value) => {
  const words = value.split(' ').filter((word) => word !== '')
  if (!words.includes('openid')) throw new Refusal('must contain openid')
  return words.join(' ')
}

/** Better no start than sessions that are silently kept elsewhere than told. */
function refuseSharedStore(source: Source): void {
  source.optional('REDIS_URL', (value) => {
    if (!/^rediss?:\/\//.test(value)) throw new Refusal('is not a redis:// or rediss:// address')
    throw new Refusal('is set, but this version keeps sessions in the process only')
  })
}

/** Reads one environment and collects what is wrong with it. */
class Source {
  readonly problems: string[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  /** An empty value counts as missing. Without a fallback the setting is required. */
  read<T>(name: string, reader: Reader<T>, fallback?: string): T {
    const value = this.#env[name] || fallback
    if (value === undefined) return this.#problem(name, 'is required')
    if (value === '') return undefined as T
    return this.#try(name, () => reader(value))
  }

  optional<T>(name: string, reader: Reader<T>): T | undefined {
    const value = this.#env[name]
    return value ? this.#try(name, () => reader(value)) : undefined
  }

  /** A secret that stands in the setting itself or in the file that `<name>_FILE` names. */
  secret(name: string, required: boolean): string | undefined {
    const file = this.#env[`${name}_FILE`]
    if (this.#env[name] && file) return this.#problem(name, `and ${name}_FILE are both set: give one`)
    if (file) return this.#try(`${name}_FILE`, () => secretFile(file))
    return required && !this.#env[name]
      ? this.#problem(name, `(or ${name}_FILE) is required`)
      : this.#env[name]
  }

  #try<T>(name: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return this.#problem(name, error.message)
    }
  }

  /** What it returns is never seen: with a problem there is no Config. */
  #problem(name: string, reason: string): never {
    this.problems.push(`${name} ${reason}`)
    return undefined as never
  }
}
