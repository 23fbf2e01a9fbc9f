import { unusable } from './unusable-file.js'
import type { TokenSet } from './token-set.js'

const VERSION = 1
const REMEDY = 'remove it and sign in again'

/** All sign-ins of a file, by name. Those of others are handed on as they are. */
export type Logins = ReadonlyMap<string, unknown>

/**
 * Reads the text of a token file. Nothing of it enters an error, of which the parser's own would quote some.
 *
 * @throws `TokenError` `store_unusable`
 */
export function parseLogins(text: string, file: string): Logins {
  const contents = parse(text)
  if (!isRecord(contents)) throw unusable(file, `is not a file of tokens: ${REMEDY}`)
  if (contents['version'] !== VERSION) {
    throw unusable(file, `is of another version of Latchkey: use that one, or ${REMEDY}`)
  }
  if (!isRecord(contents['logins'])) throw unusable(file, `is not a file of tokens: ${REMEDY}`)
  return new Map(Object.entries(contents['logins']))
}

/** @throws `TokenError` `store_unusable` */
export function loginOf(logins: Logins, name: string, file: string): TokenSet | undefined {
  const login = logins.get(name)
  if (login === undefined) return undefined
  if (!isTokenSet(login)) throw unusable(file, `has something else where tokens should be: ${REMEDY}`)
  return login
}

/** The text of a file with one sign-in changed. */
export function printLogins(logins: Logins, name: string, login: TokenSet | undefined): string {
  const changed = new Map(logins)
  if (login === undefined) changed.delete(name)
  else changed.set(name, login)
  return `${JSON.stringify({ version: VERSION, logins: Object.fromEntries(changed) }, undefined, 2)}\n`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTokenSet(value: unknown): value is TokenSet {
  if (!isRecord(value)) return false
  const texts = ['accessToken', 'tokenType'].every((field) => typeof value[field] === 'string')
  const times = ['obtainedAt', 'expiresAt'].every((field) => Number.isFinite(value[field]))
  const optional = ['refreshToken', 'idToken', 'scope'].every((field) =>
    ['string', 'undefined'].includes(typeof value[field]),
  )
  return texts && times && optional
}
