import { issuerAddress, origin, Refusal, seconds, text, timerSeconds, webAddress } from '../config-readers.js'
import { number, string, type Check } from '../option-checks.js'
import { credentialProblems, type CredentialContext, type NameOf } from '../provider/client-credentials.js'
import {
  CLIENT_AUTHENTICATION,
  type ClientAuthentication,
  type ClientCredentials,
} from '../provider/client-authentication.js'
import type { GivenText } from './given-text.js'
import { isToken } from '../provider/token-answer.js'
import type { TokenSet } from './token-set.js'
import type { TokenStore } from './token-store.js'

/** Who asks, and whom. */
export interface TokenClientOptions {
  /** The issuer exactly as tokens carry it; the endpoints are found from it. This, or `tokenEndpoint`. */
  readonly issuer?: string | undefined
  /** Address of the token endpoint, for a server without discovery. This, or `issuer`. */
  readonly tokenEndpoint?: string | undefined
  /**
   * Origin where this program reaches the authorization server, when the issuer's is for others, as in containers. With
   * `issuer` only. `OIDC_INTERNAL_URL`
   */
  readonly internalUrl?: string | undefined
  /** Who asks. */
  readonly clientId: string
  /** How the client proves itself. Left out, it is `client_secret_basic` with a secret, else `none`. */
  readonly clientAuthentication?: ClientAuthentication | undefined
  /** What the client proves itself by. */
  readonly clientSecret?: string | undefined
  /** File with the secret, which is read again when it changes. */
  readonly clientSecretFile?: string | undefined
  /** File with the private key, for `private_key_jwt` and `tls_client_auth`. */
  readonly clientKeyFile?: string | undefined
  /** File with the certificate, for `tls_client_auth`. */
  readonly clientCertFile?: string | undefined
  /** Total deadline of one call to the authorization server, in seconds; 5 by default. */
  readonly timeout?: number | undefined
}

/** What every provider takes. */
export interface TokenProviderOptions extends TokenClientOptions {
  /** Space-separated words; without them the client's default scopes. */
  readonly scope?: string | undefined
  /** Sent as `audience`. Keycloak heeds it in a token exchange only: elsewhere a client scope's mapper decides. */
  readonly audience?: string | undefined
  /** Renew when less than so many seconds are left; of a life that is no longer, at its half. 30 by default. */
  readonly refreshBefore?: number | undefined
  /** Is told of every new set of tokens. Nobody waits for it, and nothing is lost when it fails. */
  readonly onTokens?: ((tokens: TokenSet) => unknown) | undefined
  /** Keeps tokens for several processes; see `createTokenFile`. */
  readonly store?: TokenStore | undefined
  /** The clock, in milliseconds. */
  readonly now?: (() => number) | undefined
}

/** What a grant needs beside that: each option with its check. */
export type OptionChecks<Own> = {
  readonly [Name in keyof Own]-?: Check<NonNullable<Own[Name]>>
}

const secret: Check<string> = (value) => {
  if (typeof value !== 'string' || value === '') throw new Refusal('must be a text that is not empty')
  return value
}

const aFunction: Check<never> = (value) => {
  if (typeof value !== 'function') throw new Refusal('must be a function')
  return value as never
}

const words: Check<string> = string((value) => {
  if (!/^[\u0021\u0023-\u005b\u005d-\u007e]+(?: +[\u0021\u0023-\u005b\u005d-\u007e]+)*$/.test(value.trim()))
    throw new Refusal('must be words with blanks between them, without quotes')
  return value.trim().split(/ +/).join(' ')
})

const store: Check<TokenStore> = (value) => {
  const given = (value ?? {}) as Partial<Record<string, unknown>>
  if (typeof given['read'] !== 'function' || typeof given['update'] !== 'function')
    throw new Refusal('must have the methods read, update')
  return value as TokenStore
}

const secretOrFunction: Check<GivenText> = (value) =>
  typeof value === 'function' ? (value as () => string) : secret(value)

/** What can stand in a header: whoever puts another text there would be told the whole of it in an error. */
const token: Check<string> = (value) => {
  if (!isToken(value)) throw new Refusal('must be a token')
  return value
}

/** Checks that options of grants share. */
export const check = { secret, token, secretOrFunction, text: string(text), function: aFunction }

const COMMON: OptionChecks<TokenProviderOptions> = {
  issuer: string(issuerAddress(false)),
  tokenEndpoint: string(webAddress(false)),
  internalUrl: string(origin(false)),
  clientId: check.text,
  clientAuthentication: (value) => {
    const found = CLIENT_AUTHENTICATION.find((method) => method === value)
    if (found === undefined) throw new Refusal(`must be one of ${CLIENT_AUTHENTICATION.join(', ')}`)
    return found
  },
  clientSecret: secret,
  clientSecretFile: check.text,
  clientKeyFile: check.text,
  clientCertFile: check.text,
  timeout: number(timerSeconds(1)),
  scope: words,
  audience: check.text,
  refreshBefore: number(seconds(0)),
  onTokens: aFunction,
  store,
  now: aFunction,
}

/**
 * Checks the options of one kind of provider. What is `undefined` counts as left out.
 *
 * @throws `TypeError` that names every option which is missing, unknown or no use; it never holds a value.
 */
export function readOptions<Options extends TokenProviderOptions>(
  name: string,
  given: Options,
  own: OptionChecks<Omit<Options, keyof TokenProviderOptions>>,
  required: readonly (keyof Options & string)[],
): Options {
  if (Object(given) !== given) throw new TypeError(`${name}: the options must be an object`)
  const checks: Readonly<Record<string, Check<unknown>>> = { ...COMMON, ...own }
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  const problems = [...missing(Object.fromEntries(present), required)]
  const options: Record<string, unknown> = {}
  for (const [option, value] of present) {
    try {
      const judge = Object.hasOwn(checks, option) ? checks[option] : undefined
      if (judge === undefined) throw new Refusal('is not an option')
      options[option] = judge(value)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      problems.push(`${option} ${error.message}`)
    }
  }
  const result = options as unknown as Options
  problems.push(...credentialProblems(credentialsOf(result), addressOf(result)))
  if (problems.length > 0) throw new TypeError(`${name}: ${problems.join('; ')}`)
  return result
}

function missing(given: Readonly<Record<string, unknown>>, required: readonly string[]): readonly string[] {
  const { issuer, tokenEndpoint } = given
  return [
    ...(issuer === undefined && tokenEndpoint === undefined ? ['issuer (or tokenEndpoint) is missing'] : []),
    ...(issuer !== undefined && tokenEndpoint !== undefined
      ? ['issuer and tokenEndpoint are both given: give one']
      : []),
    ...(tokenEndpoint !== undefined && given['internalUrl'] !== undefined
      ? ['internalUrl is for an issuer: tokenEndpoint is the address itself']
      : []),
    ...['clientId', ...required]
      .filter((name) => given[name] === undefined)
      .map((name) => `${name} is missing`),
  ]
}

function addressOf({ issuer, tokenEndpoint, internalUrl }: TokenClientOptions): CredentialContext {
  const nameOf: NameOf = (member) => (member === 'issuer' && issuer === undefined ? 'tokenEndpoint' : member)
  return { issuer: issuer ?? tokenEndpoint, internalUrl, nameOf }
}

/** How the client proves itself, as far as it goes without saying. */
export function credentialsOf(options: TokenClientOptions): ClientCredentials {
  const { clientSecret, clientSecretFile, clientKeyFile, clientCertFile } = options
  const byDefault =
    clientSecret === undefined && clientSecretFile === undefined ? 'none' : 'client_secret_basic'
  return {
    clientAuthentication: options.clientAuthentication ?? byDefault,
    clientSecret,
    clientSecretFile,
    clientKeyFile,
    clientCertFile,
  }
}
