import { createHash, timingSafeEqual } from 'node:crypto'
import { JwtError } from '../provider/errors.js'
import { verifyJwt, type Claims, type CommonClaims } from '../provider/jwt.js'
import type { Keys } from '../provider/keys.js'

export interface IdTokenOptions {
  readonly issuer: string
  readonly clientId: string
  readonly keys: Keys
  /** Seconds. */
  readonly clockTolerance: number
  readonly now?: () => number
}

export interface IdTokenExpectations {
  /** The one of the authorization request. */
  readonly nonce: string | undefined
  /** In the answer to a refresh a nonce may be left out. */
  readonly mayLackNonce?: boolean
  readonly accessToken: string
  /** Seconds: how long ago the person may have been asked to authenticate. */
  readonly maxAge?: number | undefined
}

export interface IdTokenClaims extends CommonClaims {
  readonly sub: string
}

/**
 * Checks an ID token that came from the token endpoint, signature included.
 *
 * @throws {@link JwtError}; `ProviderError` when there is no key to judge by.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation | OpenID Connect Core §3.1.3.7}
 */
export async function verifyIdToken(
  idToken: string,
  expected: IdTokenExpectations,
  options: IdTokenOptions,
): Promise<IdTokenClaims> {
  const { issuer, clientId, keys, clockTolerance, now = Date.now } = options
  const { claims, header } = await verifyJwt(idToken, keys, {
    issuer,
    audience: clientId,
    types: ['', 'jwt'],
    clockTolerance,
    now,
  })
  if (claims.sub === undefined) throw new JwtError('sub', 'no subject')
  checkPurpose(claims)
  checkAuthorizedParty(claims, clientId)
  // > If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present and its value checked
  const lacksNonce = expected.mayLackNonce === true && claims['nonce'] === undefined
  if (!lacksNonce && claims['nonce'] !== expected.nonce) throw new JwtError('nonce', 'of another login')
  if (claims['at_hash'] !== undefined)
    checkAccessTokenHash(claims['at_hash'], expected.accessToken, header.alg)
  if (expected.maxAge !== undefined) checkAuthenticationTime(claims, expected.maxAge, clockTolerance, now)
  return { ...claims, sub: claims.sub }
}

/** Keycloak says in the payload what a token is; a logout token or an access token is no ID token. */
function checkPurpose(claims: Claims): void {
  const { typ } = claims
  if (
    typeof typ === 'string' &&
    ['bearer', 'dpop', 'refresh', 'offline', 'logout'].includes(typ.toLowerCase())
  ) {
    throw new JwtError('typ', 'a token of another kind')
  }
  if (claims['events'] !== undefined) throw new JwtError('events', 'a logout token')
}

function checkAuthorizedParty(claims: Claims, clientId: string): void {
  const { aud, azp } = claims
  // > If the ID Token contains multiple audiences, the Client SHOULD verify that an azp Claim is present.
  if (Array.isArray(aud) && aud.length > 1 && azp === undefined)
    throw new JwtError('azp', 'several audiences and no party')
  if (azp !== undefined && azp !== clientId) throw new JwtError('azp', 'issued to another client')
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken | OpenID Connect Core §3.1.3.6} */
function checkAccessTokenHash(atHash: unknown, accessToken: string, alg: string): void {
  const bits = /(256|384|512)$/.exec(alg)?.[1] ?? '512'
  const hash = createHash(`sha${bits}`).update(accessToken, 'ascii').digest()
  const half = Buffer.from(hash.subarray(0, hash.length / 2).toString('base64url'))
  const given = Buffer.from(typeof atHash === 'string' ? atHash : '')
  if (given.length !== half.length || !timingSafeEqual(given, half)) {
    throw new JwtError('at_hash', 'of another access token')
  }
}

function checkAuthenticationTime(
  claims: Claims,
  maxAge: number,
  clockTolerance: number,
  now: () => number,
): void {
  const authTime = claims['auth_time']
  const seconds = now() / 1000
  if (typeof authTime !== 'number' || authTime - clockTolerance > seconds)
    throw new JwtError('auth_time', 'no usable time')
  if (authTime + maxAge + clockTolerance < seconds)
    throw new JwtError('auth_time', 'authenticated too long ago')
}
