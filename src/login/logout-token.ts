import { JwtError } from '../provider/errors.js'
import { isObject } from '../provider/is-object.js'
import { verifyJwt, type Claims } from '../provider/jwt.js'
import type { IdTokenOptions } from './id-token.js'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds for which a logout token is news: it is sent when a session ends, and once. */
const MAX_AGE = 300

export interface LogoutToken {
  readonly jti: string
  /** Seconds, both. */
  readonly iat: number
  readonly exp: number
  /** The one session that ended; without it all of the person's. */
  readonly sid: string | undefined
  readonly sub: string | undefined
}

/**
 * Checks a logout token.
 *
 * @throws {@link JwtError}; `ProviderError` when there is no key to judge by.
 * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation | Back-Channel Logout 1.0 §2.6}
 */
export async function verifyLogoutToken(token: string, options: IdTokenOptions): Promise<LogoutToken> {
  const { issuer, clientId, keys, clockTolerance, now = Date.now } = options
  const { claims } = await verifyJwt(token, keys, {
    issuer,
    audience: clientId,
    types: ['', 'logout+jwt'],
    clockTolerance,
    now,
  })
  checkPurpose(claims)
  if (now() / 1000 - claims.iat > MAX_AGE + clockTolerance) throw new JwtError('iat', 'issued too long ago')
  const jti = optionalText(claims, 'jti')
  const [sid, sub] = [optionalText(claims, 'sid'), claims.sub]
  // > A Logout Token MUST contain either a sub or a sid Claim, and MAY contain both.
  if (jti === undefined) throw new JwtError('jti', 'no identifier')
  if (sid === undefined && sub === undefined) throw new JwtError('sub', 'neither a session nor a person')
  return { jti, iat: claims.iat, exp: claims.exp, sid, sub }
}

function checkPurpose(claims: Claims): void {
  const { typ, events } = claims
  if (typ !== undefined && typ !== 'Logout') throw new JwtError('typ', 'a token of another kind')
  const event = isObject(events) && Object.hasOwn(events, EVENT) ? events[EVENT] : undefined
  if (!isObject(event)) throw new JwtError('events', 'not about a logout')
  // > Verify that the Logout Token does not contain a nonce Claim.
  if ('nonce' in claims) throw new JwtError('nonce', 'an ID token')
}

function optionalText(claims: Claims, name: string): string | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') throw new JwtError(name, 'not a text')
  return value
}
