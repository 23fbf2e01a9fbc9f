import * as oidc from 'openid-client'
import { JwtError } from '../provider/errors.js'
import { isKeycloak, keycloakRefusalHint } from '../provider/keycloak.js'
import type { ClientRefusal } from '../provider/keycloak-client-hint.js'
import type { ProviderMetadata } from '../provider/metadata.js'
import { lifeOf } from '../provider/renewal-time.js'
import { LoginError } from './errors.js'
import { verifyIdToken, type IdTokenClaims, type IdTokenOptions } from './id-token.js'
import type { PendingLogin } from './pending-logins.js'
import { assertNoError, translateTokenError, type TokenResponse } from './token-response.js'
import { fetchClaims, lacksClaims } from './userinfo.js'

/** Parameters that may be there once at most. */
const SINGLE = ['state', 'code', 'iss', 'error', 'session_state'] as const
/** Answers to a request that we never make. */
const NOT_ASKED_FOR = ['response', 'id_token', 'access_token', 'token_type'] as const

export interface FinishedLogin {
  readonly claims: IdTokenClaims
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string
  readonly scope: ReadonlySet<string>
  /** Seconds; unknown when the provider does not say. */
  readonly expiresIn: number | undefined
}

export interface AuthorizationResponseOptions extends IdTokenOptions {
  readonly configuration: oidc.Configuration
  readonly metadata: ProviderMetadata
  readonly redirectUri: string
  readonly scope: string
  /** What may mend a refusal of our client. */
  readonly clientHint: (refusal: ClientRefusal) => string | undefined
}

/**
 * The `state` of an authorization response, by which its pending login is found.
 *
 * @throws {@link LoginError} `invalid_response` without exactly one.
 */
export function readState(query: URLSearchParams): string {
  const [state, ...more] = query.getAll('state')
  if (state === undefined || state === '' || more.length > 0) {
    throw new LoginError('invalid_response', 'an authorization response without exactly one state')
  }
  return state
}

/**
 * Judges an authorization response, redeems its code and checks what comes back.
 *
 * The pending login was taken before: whatever happens here, it cannot happen twice.
 *
 * @throws {@link LoginError}; `ProviderError` when the provider does not answer.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthResponseValidation | OpenID Connect Core §3.1.2.7}
 */
export async function finishLogin(
  query: URLSearchParams,
  pending: PendingLogin,
  options: AuthorizationResponseOptions,
): Promise<FinishedLogin> {
  checkResponse(query, options)
  const tokens = await redeem(query, pending, options)
  if (tokens.id_token === undefined)
    throw new LoginError('token_response_invalid', 'a token response without ID token')
  const claims = await checkIdToken(tokens.id_token, tokens.access_token, pending, options)
  const scope = new Set((tokens.scope ?? options.scope).split(' '))
  const more = await missingClaims(claims, tokens.access_token, scope, options)
  return {
    claims: { ...more, ...claims },
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
    scope,
    expiresIn: lifeOf(tokens),
  }
}

function checkResponse(query: URLSearchParams, options: AuthorizationResponseOptions): void {
  const { issuer, metadata } = options
  for (const name of SINGLE) {
    if (query.getAll(name).length > 1) throw new LoginError('invalid_response', `${name} is there twice`)
  }
  for (const name of NOT_ASKED_FOR) {
    if (query.has(name)) throw new LoginError('invalid_response', `${name} was not asked for`)
  }
  // > Clients MUST compare the iss parameter to the issuer of the authorization server the request was sent to
  const iss = query.get('iss')
  const promised = metadata.authorization_response_iss_parameter_supported === true
  if (iss === null ? promised : iss !== issuer) {
    throw new LoginError(
      'wrong_issuer',
      iss === null ? 'the response has no iss' : 'the response has another iss',
    )
  }
  const error = query.get('error')
  if (error !== null) throw refusal(error, options)
  if (!query.get('code')) throw new LoginError('invalid_response', 'neither a code nor an error')
}

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthError | OpenID Connect Core §3.1.2.6} */
function refusal(error: string, { metadata, clientId, scope }: AuthorizationResponseOptions): LoginError {
  const word = /^[a-z_]{1,40}$/.test(error) ? error : 'an unknown error'
  const message = `the authorization server answered ${word}`
  if (error === 'access_denied') return new LoginError('access_denied', message)
  if (error === 'login_required' || error === 'interaction_required')
    return new LoginError('login_required', message)
  const hints = [
    error === 'invalid_scope'
      ? `OIDC_SCOPE (${scope}) names a scope that the client does not have`
      : undefined,
    isKeycloak(metadata) ? keycloakRefusalHint(error, clientId) : undefined,
  ].filter((hint) => hint !== undefined)
  return new LoginError('refused_by_provider', message, { hint: hints.join(': ') || undefined })
}

async function redeem(
  query: URLSearchParams,
  pending: PendingLogin,
  { configuration, redirectUri, clientHint }: AuthorizationResponseOptions,
): Promise<TokenResponse> {
  const url = new URL(redirectUri)
  url.search = query.toString()
  try {
    const tokens = await oidc.authorizationCodeGrant(configuration, url, {
      expectedState: query.get('state') ?? '',
      expectedNonce: pending.nonce,
      pkceCodeVerifier: pending.codeVerifier,
      idTokenExpected: true,
    })
    assertNoError(tokens)
    return tokens
  } catch (error) {
    throw translateTokenError(error, { refused: 'code_refused', clientHint })
  }
}

async function checkIdToken(
  idToken: string,
  accessToken: string,
  { nonce, maxAge }: PendingLogin,
  options: AuthorizationResponseOptions,
): Promise<IdTokenClaims> {
  try {
    return await verifyIdToken(idToken, { nonce, accessToken, maxAge }, options)
  } catch (cause) {
    if (!(cause instanceof JwtError)) throw cause
    throw new LoginError(
      'id_token_invalid',
      `the ID token failed a check (${cause.check}: ${cause.message})`,
      { cause, hint: cause.hint },
    )
  }
}

async function missingClaims(
  claims: IdTokenClaims,
  accessToken: string,
  scope: ReadonlySet<string>,
  { configuration, metadata }: AuthorizationResponseOptions,
): Promise<object> {
  if (metadata.userinfo_endpoint === undefined || !lacksClaims(claims, scope)) return {}
  return fetchClaims(configuration, accessToken, claims.sub)
}
