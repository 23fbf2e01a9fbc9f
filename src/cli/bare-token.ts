import { isObject } from '../provider/is-object.js'
import { readJwt } from './claims.js'

const SCHEME = /^(?:Authorization:\s*)?Bearer(?:\s+|$)/i

/**
 * The token in what somebody has copied or piped: without the header it stood in, quotes and line breaks, and out of the
 * JSON of a token endpoint. Empty, when there is none in it.
 */
export function bareToken(text: string): string {
  const token = accessTokenIn(text) ?? text
  return unfolded(unquoted(unquoted(token).replace(SCHEME, '')))
}

/** Out of an object such as `latchkey token --json` prints. */
function accessTokenIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const token = isObject(value) ? value['access_token'] : undefined
    return typeof token === 'string' ? token : undefined
  } catch {
    return undefined
  }
}

function unquoted(text: string): string {
  const trimmed = text.trim()
  return (/^(["'])(.*)\1$/s.exec(trimmed)?.[2] ?? trimmed).trim()
}

/** A token that a mail or a terminal has folded. Lines that are tokens of their own are left as they are. */
function unfolded(text: string): string {
  const lines = text.split(/\s*\n\s*/)
  const isFolded = lines.every((line) => /^[\w.-]+$/.test(line))
  // The first line of one may be all of it but a part of its signature.
  return isFolded && lines.filter((line) => readJwt(line) !== undefined).length < 2 ? lines.join('') : text
}
