import type { Claims } from './jwt.js'

/** How strongly, and how recently, a person must have authenticated. */
export interface Strength {
  /** Values of `acr`, any of which will do. Compared literally. */
  readonly acr?: readonly string[] | undefined
  /** Seconds since the person was asked to authenticate, at most. */
  readonly maxAge?: number | undefined
}

/** What a guard's options say of strength. */
export interface StrengthOptions {
  /** A value of `acr`, or a list of which any will do. What comes back is compared literally. */
  readonly acr?: string | readonly string[]
  /** Seconds since the person was asked to authenticate, at most. */
  readonly maxAge?: number
}

/** A word of `acr_values`, which are separated by blanks. */
const ACR = /^[\u0021\u0023-\u005b\u005d-\u007e]+$/

/** @throws `TypeError` for what could never mean what its author thought. */
export function readStrength(guard: string, { acr, maxAge }: StrengthOptions): Strength {
  return {
    ...(acr !== undefined && { acr: readAcr(guard, acr) }),
    ...(maxAge !== undefined && { maxAge: readMaxAge(guard, maxAge) }),
  }
}

function readAcr(guard: string, acr: unknown): readonly string[] {
  const given: readonly unknown[] = Array.isArray(acr) ? acr : [acr]
  const values = given.filter(isAcr)
  if (values.length > 0 && values.length === given.length) return values
  throw new TypeError(`${guard}: acr is a value, or a list of values, without blanks and quotes`)
}

function readMaxAge(guard: string, maxAge: number): number {
  if (Number.isSafeInteger(maxAge) && maxAge >= 0) return maxAge
  throw new TypeError(`${guard}: maxAge is a number of whole seconds`)
}

const isAcr = (value: unknown): value is string => typeof value === 'string' && ACR.test(value)

export interface StrengthContext {
  /** Seconds. */
  readonly clockTolerance: number
  readonly now: () => number
}

/**
 * What claims lack of a strength; nothing when they have it. A provider may ignore what it was asked for, and people
 * can strip a request, so only what comes back counts.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation | OpenID Connect Core §3.1.3.7 (12, 13)}
 */
export function lacksStrength(
  claims: Claims,
  { acr, maxAge }: Strength,
  { clockTolerance, now }: StrengthContext,
): 'acr' | 'auth_time' | undefined {
  if (acr !== undefined && !acr.some((value) => value === claims['acr'])) return 'acr'
  if (maxAge === undefined) return undefined
  const authTime = claims['auth_time']
  const seconds = now() / 1000
  const isRecent =
    typeof authTime === 'number' &&
    authTime - clockTolerance <= seconds &&
    authTime + maxAge + clockTolerance >= seconds
  return isRecent ? undefined : 'auth_time'
}

/**
 * The parameters of a challenge that asks for a strength.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470.html#section-3 | RFC 9470 §3}
 */
export function strengthParameters({ acr, maxAge }: Strength): Readonly<Record<string, string>> {
  return {
    ...(acr !== undefined && { acr_values: acr.join(' ') }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
  }
}
