import { compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from 'jose'
import { clockHint } from './clock-hint.js'
import { differingParts } from './differing-parts.js'
import { JwtError } from './errors.js'
import { SIGNATURE_ALGORITHMS, type Keys } from './keys.js'
import { parseStrictJson } from './strict-json.js'

/** What a token says, member by member. */
export type Claims = Readonly<Record<string, unknown>>

/** The claims that every JWT we accept has, checked. */
export interface CommonClaims extends Claims {
  readonly iss: string
  readonly sub?: string
  readonly iat: number
  readonly exp: number
}

export interface JwtExpectations {
  readonly issuer: string
  readonly audience: string
  /** Header `typ` in lower case, without `application/`; `''` stands for none. */
  readonly types: readonly string[]
  /** Seconds of difference between clocks, either way. */
  readonly clockTolerance: number
  readonly now?: () => number
}

/** base64url in the one canonical way: a token that is written otherwise is not the token that was issued. */
const PART = '(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])'
const COMPACT = new RegExp(`^${PART}\\.${PART}\\.${PART}$`)
const MAX_SUBJECT = 255
/** The last second of the year 9999: what lies beyond is no date. */
const MAX_NUMERIC_DATE = 253_402_300_799

/**
 * Verifies a signed JWT of the issuer: form, algorithm, signature, and the claims that all our JWTs share.
 *
 * @throws {@link JwtError} when it fails a check; `ProviderError` when there is no key to judge by.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725.html#section-3 | RFC 8725 §3}
 */
export async function verifyJwt(
  token: string,
  keys: Keys,
  expected: JwtExpectations,
): Promise<{
  readonly claims: CommonClaims
  readonly header: ProtectedHeaderParameters & { readonly alg: string }
}> {
  const header = readHeader(token, expected.types)
  const claims = readClaims(await verifyByIssuer(token, header, keys, expected.issuer))
  checkClaims(claims, expected)
  return { claims, header }
}

function readHeader(token: string, types: readonly string[]): ProtectedHeaderParameters & { alg: string } {
  if (!COMPACT.test(token)) throw new JwtError('form', 'not a signed JWT in compact form')
  let header: ProtectedHeaderParameters
  try {
    header = decodeProtectedHeader(token)
  } catch (cause) {
    throw new JwtError('form', 'the header cannot be read', { cause })
  }
  // We understand no extension, so the header may ask for none.
  if ('crit' in header || 'b64' in header)
    throw new JwtError('crit', 'an extension that we do not understand')
  if (!types.includes(readType(header))) throw new JwtError('typ', 'a JWT of another kind')
  return { ...header, alg: readAlgorithm(header) }
}

/** > Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use any other algorithms */
function readAlgorithm(header: object): string {
  const { alg } = header as { alg?: unknown }
  if (typeof alg !== 'string' || !SIGNATURE_ALGORITHMS.includes(alg))
    throw new JwtError('alg', 'algorithm not accepted')
  return alg
}

/** In lower case and without `application/`; empty when there is none. */
function readType(header: object): string {
  const { typ = '' } = header as { typ?: unknown }
  if (typeof typ !== 'string') throw new JwtError('typ', 'the type is not a text')
  return typ.toLowerCase().replace(/^application\//, '')
}

function readKeyId(header: object): string | undefined {
  const { kid } = header as { kid?: unknown }
  if (kid !== undefined && typeof kid !== 'string') throw new JwtError('kid', 'the key id is not a text')
  return kid
}

async function verifyByIssuer(
  token: string,
  header: ProtectedHeaderParameters & { readonly alg: string },
  keys: Keys,
  issuer: string,
): Promise<Uint8Array> {
  const wanted = { alg: header.alg, kid: readKeyId(header) }
  const key = await keys.find(wanted)
  if (key === undefined) {
    throw new JwtError('kid', 'the issuer has no such key', {
      hint: `OIDC_ISSUER is ${issuer}: is this a token of another realm or server?`,
    })
  }
  try {
    return await verifySignature(token, key)
  } catch (error) {
    // Without a name a replaced key shows only by not fitting any more.
    const newer = wanted.kid === undefined ? await keys.findNewer(wanted, key) : undefined
    if (newer === undefined) throw error
    return verifySignature(token, newer)
  }
}

async function verifySignature(token: string, key: Parameters<typeof compactVerify>[1]): Promise<Uint8Array> {
  try {
    const { payload } = await compactVerify(token, key)
    return payload
  } catch (cause) {
    if (cause instanceof errors.JOSEError || cause instanceof TypeError) {
      throw new JwtError('signature', 'the signature does not verify', { cause })
    }
    throw cause
  }
}

function readClaims(payload: Uint8Array): Claims {
  let claims: unknown
  try {
    claims = parseStrictJson(payload)
  } catch (cause) {
    throw new JwtError('form', 'the payload is not a JSON text', { cause })
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new JwtError('form', 'the payload is not a claim set')
  }
  return claims as Claims
}

function checkClaims(claims: Claims, expected: JwtExpectations): asserts claims is CommonClaims {
  const { iss } = claims
  if (iss !== expected.issuer) {
    const difference = differingParts(iss, expected.issuer)
    throw new JwtError('iss', 'another issuer', {
      hint: difference && `the token's iss is not OIDC_ISSUER, ${expected.issuer}: ${difference}`,
    })
  }
  if (!audiences(claims['aud']).includes(expected.audience))
    throw new JwtError('aud', `not meant for ${expected.audience}`)
  const { sub } = claims
  if (sub !== undefined && !(typeof sub === 'string' && sub !== '' && sub.length <= MAX_SUBJECT)) {
    throw new JwtError('sub', 'not a usable subject')
  }
  checkTimes(claims, expected)
}

function checkTimes(claims: Claims, { clockTolerance, now = Date.now }: JwtExpectations): void {
  const seconds = now() / 1000
  const hint = clockHint(claims, seconds, clockTolerance)
  if (numericDate(claims, 'exp') + clockTolerance <= seconds) throw new JwtError('exp', 'expired', { hint })
  if (numericDate(claims, 'iat') - clockTolerance > seconds) {
    throw new JwtError('iat', 'issued in the future', { hint })
  }
  if (claims['nbf'] !== undefined && numericDate(claims, 'nbf') - clockTolerance > seconds) {
    throw new JwtError('nbf', 'not valid yet')
  }
}

/** `aud` as a list of texts; anything else in it makes it no audience at all. */
export function audiences(aud: unknown): readonly string[] {
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) && aud.every((value) => typeof value === 'string') ? aud : []
}

function numericDate(claims: Claims, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) > MAX_NUMERIC_DATE) {
    throw new JwtError(name, 'not a date')
  }
  return value
}
