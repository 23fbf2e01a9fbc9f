import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

/** Why a value is refused, in words that go behind the setting's name. Never the value. */
export class Refusal extends Error {}

export type Reader<T> = (value: string) => T

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** A web address without credentials, query and fragment; returned exactly as given. */
export function webAddress(production: boolean): Reader<string> {
  return (value) => {
    // What else `URL` would mend, others would take for another address.
    const url = /^https?:\/\/[^\s\\]+$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined
    if (url === undefined) throw new Refusal('is not an http(s) address')
    if (url.username !== '' || url.password !== '') throw new Refusal('must not hold a user name or password')
    if (/[?#]/.test(value)) throw new Refusal('must not have a query or fragment')
    if (production && isPlainOutside(url)) {
      throw new Refusal('must be https in production (plain http is for this machine only)')
    }
    return value
  }
}

/** An issuer's address, exactly as given: as tokens carry it, which is not where its metadata are. */
export function issuerAddress(production: boolean): Reader<string> {
  const read = webAddress(production)
  return (value) => {
    if (/\/\.well-known(?:\/|$)/.test(read(value)))
      throw new Refusal('must be the issuer itself, without /.well-known and what follows it')
    return value
  }
}

const isPlainOutside = (url: URL): boolean => url.protocol === 'http:' && !LOOPBACK.test(url.hostname)

/** The same, without a path: returned without the slash at its end. */
export function origin(production: boolean): Reader<string> {
  return (value) => {
    const url = new URL(webAddress(production)(value))
    if (url.pathname !== '/') throw new Refusal('must not have a path')
    return url.origin
  }
}

export function wholeNumber(min: number, max: number): Reader<number> {
  return (value) => {
    const number = Number(value)
    if (!/^\d{1,15}$/.test(value) || number < min || number > max)
      throw new Refusal(`must be a whole number from ${min} to ${max}`)
    return number
  }
}

/** The longest that a timer runs: 2^31 milliseconds, in seconds. */
const LONGEST_TIMER = 2_147_483
/** Ten years. Dates of much later cannot be written down. */
const LONGEST_TIME = 315_360_000

/** Seconds from one moment to another. */
export const seconds = (min: 0 | 1): Reader<number> => wholeNumber(min, LONGEST_TIME)

/** Seconds that a timer waits for. */
export const timerSeconds = (min: 0 | 1): Reader<number> => wholeNumber(min, LONGEST_TIMER)

export const text: Reader<string> = (value) => {
  if (value.trim() === '') throw new Refusal('is empty')
  return value
}

export function oneOf<const T extends string>(values: readonly T[]): Reader<T> {
  return (value) => {
    const found = values.find((known) => known === value)
    if (found === undefined) throw new Refusal(`must be one of ${values.join(', ')}`)
    return found
  }
}

export const scope: Reader<string> = (value) => {
  const words = value.split(' ').filter((word) => word !== '')
  if (!words.includes('openid')) throw new Refusal('must contain openid')
  return words.join(' ')
}

/**
 * A token, which needs no quoting.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6265.html#section-4.1.1 | RFC 6265 §4.1.1}
 */
export const cookieName: Reader<string> = (value) => {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(value)) throw new Refusal('is not a name that a cookie can have')
  return value
}

/** Secrets that stand in documents for everybody to read. */
const SAMPLES = [
  'keyboard cat',
  'your-super-secret-key',
  'change-me',
  'changeme',
  'replace-me',
  'example-session-secret',
]

/** Long enough to sign and to derive keys from. */
export const isLongSecret = (secret: string): boolean => secret.trim().length >= 32

/** Newest first, each long enough. */
export function sessionSecrets(production: boolean): Reader<readonly string[]> {
  return (value) => {
    const secrets = value.split(',').map((secret) => secret.trim())
    if (!secrets.every(isLongSecret))
      throw new Refusal(
        'must be secrets of 32 characters or more, comma-separated; make one with: openssl rand -hex 32',
      )
    if (
      production &&
      secrets.some((secret) => SAMPLES.some((sample) => secret.toLowerCase().includes(sample)))
    ) {
      throw new Refusal(
        'holds a sample from a document; make your own, for example with: openssl rand -hex 32',
      )
    }
    return secrets
  }
}

/** Express's own syntax for `trust proxy`; `false` when off. */
export const trustProxy: Reader<boolean | number | string> = (value) => {
  if (['', 'off', 'false'].includes(value)) return false
  if (value === 'true') return true
  if (/^\d{1,3}$/.test(value)) return Number(value)
  if (value.split(',').every((item) => isProxyAddress(item.trim()))) return value
  throw new Refusal('must be off, true, a number of hops, or addresses and ranges as Express takes them')
}

function isProxyAddress(item: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(item)) return true
  const [address = '', prefix = '0', ...more] = item.split('/')
  return isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && more.length === 0
}

/** What a file holds. */
export function fileContent(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Refusal('names a file that cannot be read')
  }
}

/** The content of a file that holds one secret, without the line break at its end. Blanks alone are no secret. */
export function secretFile(path: string): string {
  const secret = fileContent(path).replace(/\r?\n$/, '')
  if (secret.trim() === '') throw new Refusal('names an empty file')
  return secret
}

/** Where Redis is; a password in it is never shown. */
export const redisAddress: Reader<string> = (value) => {
  if (!/^rediss?:\/\//.test(value) || !URL.canParse(value) || new URL(value).hostname === '')
    throw new Refusal('is not a redis:// or rediss:// address')
  return value
}
