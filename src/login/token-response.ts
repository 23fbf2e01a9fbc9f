import * as oidc from 'openid-client'
import { ownError } from '../errors.js'
import { answerStatus, descriptionIn, meansNotNow } from '../provider/answer-status.js'
import { ProviderError } from '../provider/errors.js'
import type { ClientRefusal } from '../provider/keycloak-client-hint.js'
import { LoginError } from './errors.js'

export type TokenResponse = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers

/** @throws {@link LoginError} `token_response_invalid` for an answer that is both. */
export function assertNoError(response: TokenResponse): void {
  if ('error' in response) throw new LoginError('token_response_invalid', 'tokens and an error in one answer')
}

export interface TranslationOptions {
  /** What `invalid_grant` means for who asked. */
  readonly refused: 'code_refused' | 'refresh_refused'
  /** What may mend a refusal of our client, where that is known. */
  readonly clientHint: (refusal: ClientRefusal) => string | undefined
}

/** What openid-client reports of the token endpoint, in our words. What it found stays in `cause`, which is never logged. */
export function translateTokenError(error: unknown, options: TranslationOptions): unknown {
  const { refused } = options
  const own = ownError(error)
  if (own !== undefined) return own
  const status = answerStatus(error)
  if (status !== undefined && meansNotNow(status))
    return new ProviderError('provider_unavailable', `the token endpoint answered ${status}`, {
      cause: error,
    })
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError) {
    return refusal(error, options)
  }
  if (error instanceof oidc.ClientError) {
    const why = error.code ?? 'unknown'
    return refused === 'code_refused' && isAboutIdToken(error)
      ? new LoginError('id_token_invalid', `the ID token failed a check (${why})`, { cause: error })
      : new LoginError('token_response_invalid', `the token response is not one (${why})`, { cause: error })
  }
  return error
}

function refusal(
  error: oidc.ResponseBodyError | oidc.WWWAuthenticateChallengeError,
  { refused, clientHint }: TranslationOptions,
): LoginError {
  const word = error instanceof oidc.ResponseBodyError ? error.error : 'invalid_client'
  if (word === 'invalid_grant') {
    return new LoginError(refused, 'the token endpoint answered invalid_grant', { cause: error })
  }
  if (word === 'invalid_client' || word === 'unauthorized_client') {
    const hint = clientHint({ error: word, description: descriptionIn(error) })
    return new LoginError('client_refused', `the token endpoint answered ${word}`, { cause: error, hint })
  }
  return new LoginError('token_response_invalid', `the token endpoint answered ${error.status}`, {
    cause: error,
  })
}

/** openid-client looks into the ID token of a login before we do; what it attaches to its error tells which part it disliked. */
function isAboutIdToken({ code, cause }: oidc.ClientError): boolean {
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON') return false
  if (!(cause instanceof Error)) return false
  const found: unknown = cause.cause
  return (
    typeof found === 'string' ||
    (typeof found === 'object' && found !== null && ('claims' in found || 'header' in found))
  )
}
