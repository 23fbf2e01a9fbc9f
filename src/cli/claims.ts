import { isObject } from '../provider/is-object.js'

export type Members = Readonly<Record<string, unknown>>

/** A JWT as anybody can read it; nothing of it is checked. */
export interface ReadJwt {
  readonly header: Members
  readonly claims: Members
}

/** Reads a JWT without believing it. Nothing, when it is none: then it is opaque, and only the server knows what it says. */
export function readJwt(token: string): ReadJwt | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  const [header, claims] = parts.map(readPart)
  return header && claims && { header, claims }
}

function readPart(part: string): Members | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A claim that is a text, or nothing. */
export function textOf(claims: Members, name: string): string | undefined {
  const value = claims[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
