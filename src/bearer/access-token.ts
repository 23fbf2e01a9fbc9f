import { displayClaims, type Auth } from '../http/auth.js'
import { JwtError } from '../provider/errors.js'
import { verifyJwt, type CommonClaims } from '../provider/jwt.js'
import { keycloakAudienceHint } from '../provider/keycloak.js'
import { readKeycloakRoles } from '../provider/keycloak-roles.js'
import type { Keys } from '../provider/keys.js'
import { BearerError } from './errors.js'

export interface AccessTokenOptions {
  readonly issuer: string
  readonly keys: Keys
  /** Seconds. */
  readonly clockTolerance: number
  readonly now?: () => number
}

/** Judges access tokens for an audience. */
export interface AccessTokenVerifier {
  /** @throws {@link BearerError} `invalid_token`; `ProviderError` when there is no key to judge by. */
  verify(token: string, audience: string): Promise<Auth>
}

/**
 * Access tokens that are JWTs of the issuer.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068.html#section-4 | RFC 9068 §4}
 */
export function createAccessTokenVerifier({
  issuer,
  keys,
  clockTolerance,
  now,
}: AccessTokenOptions): AccessTokenVerifier {
  const common = {
    issuer,
    types: ['', 'jwt', 'at+jwt'],
    clockTolerance,
    ...(now === undefined ? {} : { now }),
  }
  return {
    async verify(token, audience) {
      try {
        const { claims, header } = await verifyJwt(token, keys, { ...common, audience })
        checkPurpose(claims, header.typ)
        return toAuth(claims)
      } catch (cause) {
        if (!(cause instanceof JwtError)) throw cause
        const hint =
          cause.check === 'aud' ? keycloakAudienceHint(audience, authorizedParty(token)) : undefined
        throw new BearerError(
          'invalid_token',
          `the token failed a check (${cause.check}: ${cause.message})`,
          { cause, hint },
        )
      }
    },
  }
}

/** Refuses JWTs that were made for something else, and tokens that are bound to a key which we do not check. */
function checkPurpose(claims: CommonClaims, headerType: string | undefined): void {
  const { typ } = claims
  if (typ !== undefined && typ !== 'Bearer') throw new JwtError('typ', 'a token of another kind')
  if (claims['events'] !== undefined) throw new JwtError('events', 'a logout token')
  const saysWhatItIs = typ === 'Bearer' || headerType?.toLowerCase().endsWith('at+jwt') === true
  if (!saysWhatItIs && (claims['nonce'] !== undefined || claims['at_hash'] !== undefined)) {
    throw new JwtError('typ', 'an ID token')
  }
  if (claims['cnf'] !== undefined) throw new JwtError('cnf', 'bound to a key')
}

function toAuth(claims: CommonClaims): Auth {
  // > sub: REQUIRED
  if (claims.sub === undefined) throw new JwtError('sub', 'no subject')
  return {
    subject: claims.sub,
    ...displayClaims(claims),
    scope: readScope(claims['scope']),
    roles: readKeycloakRoles(claims),
    claims,
    expiresAt: new Date(claims.exp * 1000),
    via: 'bearer',
  }
}

function readScope(scope: unknown): ReadonlySet<string> {
  return new Set(typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : [])
}

/** Who was given the token; it verified but for its audience, and this goes to our log only. */
function authorizedParty(token: string): unknown {
  const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return typeof payload === 'object' && payload !== null && 'azp' in payload ? payload.azp : undefined
}
