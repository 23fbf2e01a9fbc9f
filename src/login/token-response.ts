import * as oidc from 'openid-client'
import { ownError } from '../errors.js'
import { ProviderError } from '../provider/errors.js'
import { keycloakTokenErrorHint } from '../provider/keycloak.js'
import { LoginError } from './errors.js'

/** A longer life than this is no life of an access token, in seconds. */
const MAX_EXPIRES_IN = 365 * 24 * 3600

/** Answers that mean: not now. */
const BUSY: readonly number[] = [408, 429]

export type TokenResponse = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

/** How long the access token lasts, in seconds; unknown when the provider does not say, or says what cannot be. */
export function lifeOf({ expires_in: expiresIn }: TokenResponse): number | undefined {
  return expiresIn === undefined || expiresIn <= 0 ? undefined : Math.min(expiresIn, MAX_EXPIRES_IN)
}

/** @throws {@link LoginError} `token_response_invalid` for an answer that is both. */
export function assertNoError(response: TokenResponse): void {
  if ('error' in response) throw new LoginError('token_response_invalid', 'tokens and an error in one answer')
}

export interface TranslationOptions {
  /** What `invalid_grant` means for who asked. */
  readonly refused: 'code_refused' | 'refresh_refused'
  /** Our client's id, when the provider is Keycloak. */
  readonly keycloakClient: string | undefined
}

/** What openid-client reports of the token endpoint, in our words. What it found stays in `cause`, which is never logged. */
export function translateTokenError(error: unknown, options: TranslationOptions): unknown {
  const { refused } = options
  const own = ownError(error)
  if (own !== undefined) return own
  const status = statusOf(error)
  if (status !== undefined && (status >= 500 || BUSY.includes(status)))
    return new ProviderError('provider_unavailable', `the token endpoint answered ${status}`, {
      cause: error,
    })
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError) {
    return refusal(error, options)
  }
  if (error instanceof oidc.ClientError) {
    const why = error.code ?? 'unknown'
    return isAboutIdToken(error, refused)
      ? new LoginError('id_token_invalid', `the ID token failed a check (${why})`, { cause: error })
      : new LoginError('token_response_invalid', `the token response is not one (${why})`, { cause: error })
  }
  return error
}

/** The status of an answer that openid-client does not take. It attaches the answer to its own error or to that one's cause. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof Response) return error.status
  if (error instanceof oidc.ResponseBodyError) return error.status
  return error instanceof Error && error.cause !== undefined ? statusOf(error.cause) : undefined
}

function refusal(
  error: oidc.ResponseBodyError | oidc.WWWAuthenticateChallengeError,
  { refused, keycloakClient }: TranslationOptions,
): LoginError {
  const word = error instanceof oidc.ResponseBodyError ? error.error : 'invalid_client'
  if (word === 'invalid_grant') {
    return new LoginError(refused, 'the token endpoint answered invalid_grant', { cause: error })
  }
  if (word === 'invalid_client' || word === 'unauthorized_client') {
    const hint = keycloakClient === undefined ? undefined : keycloakTokenErrorHint(word, keycloakClient)
    return new LoginError('client_refused', `the token endpoint answered ${word}`, { cause: error, hint })
  }
  return new LoginError('token_response_invalid', `the token endpoint answered ${error.status}`, {
    cause: error,
  })
}

/**
 * openid-client looks into the ID token before we do; what it attaches to its error tells which part it disliked. In the
 * answer to a refresh only another issuer or client counts: nothing else ends a session.
 */
function isAboutIdToken({ code, cause }: oidc.ClientError, refused: TranslationOptions['refused']): boolean {
  if (refused === 'refresh_refused') return code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON') return false
  if (!(cause instanceof Error)) return false
  const found: unknown = cause.cause
  return (
    typeof found === 'string' ||
    (typeof found === 'object' && found !== null && ('claims' in found || 'header' in found))
  )
}
