import { displayClaims, type Auth } from '../http/auth.js'
import { JwtError } from '../provider/errors.js'
import { isObject } from '../provider/is-object.js'
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

const ID_TOKEN_HINT =
  'this is an ID token: it tells a client who signed in; the API takes the access_token of the same answer'
const SYMMETRIC_HINT =
  'Keycloak signs its refresh tokens so that only itself can check them: is this one? The API takes access tokens'

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
        const hint = cause.hint ?? hintFor(cause.check, token, audience)
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
  if (isIdToken(claims, headerType)) throw new JwtError('typ', 'an ID token', { hint: ID_TOKEN_HINT })
  if (typ !== undefined && typ !== 'Bearer') throw new JwtError('typ', 'a token of another kind')
  if (claims['events'] !== undefined) throw new JwtError('events', 'a logout token')
  if (claims['cnf'] !== undefined) throw new JwtError('cnf', 'bound to a key')
}

/** Keycloak says so; elsewhere it is told by what only an ID token has, unless the token says what it is. */
function isIdToken({ typ, nonce, at_hash: hash }: CommonClaims, headerType: string | undefined): boolean {
  if (typ !== undefined) return typ === 'ID'
  return headerType?.toLowerCase().endsWith('at+jwt') !== true && (nonce !== undefined || hash !== undefined)
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

function hintFor(check: string, token: string, audience: string): string | undefined {
  if (check === 'alg') return SYMMETRIC_HINT
  if (check !== 'aud') return undefined
  const payload = readPayload(token)
  return payload['typ'] === 'ID' ? ID_TOKEN_HINT : keycloakAudienceHint(audience, payload['azp'])
}

/** The token verified but for its audience, and what is read here goes to our log only. */
function readPayload(token: string): Record<string, unknown> {
  const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return isObject(payload) ? payload : {}
}
