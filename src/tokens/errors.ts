import { AppError, type AppErrorOptions } from '../errors.js'

/** What kind of failure it is. */
export type TokenErrorCode =
  | 'sign_in_again'
  | 'grant_refused'
  | 'client_refused'
  | 'access_denied'
  | 'expired_token'
  | 'inactive_token'
  | 'unavailable'
  | 'invalid_response'
  | 'store_unusable'

const DESCRIPTION: Readonly<Record<TokenErrorCode, string>> = {
  sign_in_again: 'The sign-in is over: sign in again',
  grant_refused: 'The authorization server refused to give a token',
  client_refused: 'The authorization server does not accept this client',
  access_denied: 'The person refused the request',
  expired_token: 'Nobody finished the sign-in in time',
  inactive_token: 'The token was issued just now, and is not active for this client',
  unavailable: 'The authorization server cannot be reached',
  invalid_response: 'The authorization server gave an answer that cannot be used',
  store_unusable: 'The place where tokens are kept cannot be used',
}

export interface TokenErrorOptions extends AppErrorOptions {
  readonly status: number
  readonly error: string
  readonly errorDescription?: string | undefined
}

/**
 * Why there is no token. Programs decide on `error`, or on `code`, which groups them; never on `status` or
 * `error_description`, which change between releases of an authorization server.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2 | RFC 6749 §5.2}
 */
export class TokenError extends AppError<TokenErrorCode> {
  /** HTTP status of the endpoint's answer; 503 without an answer, 502 for one that is not the protocol. */
  readonly status: number
  /** The endpoint's own word, such as `invalid_grant`; without one `temporarily_unavailable` or `invalid_response`. */
  readonly error: string
  /** What the endpoint says beside it, if that is safe to show. For reading, not for deciding. */
  readonly error_description: string | undefined

  /** @hidden */
  constructor(
    code: TokenErrorCode,
    message: string,
    { status, error, errorDescription, ...options }: TokenErrorOptions,
  ) {
    super(code, message, options)
    this.status = status
    this.error = error
    this.error_description = errorDescription
  }

  get description(): string {
    return DESCRIPTION[this.code]
  }
}

/** Nobody said no: it may work another time. */
export const isFault = ({ code }: TokenError): boolean =>
  code === 'unavailable' || code === 'invalid_response'

/** It says nothing of the tokens that are there: they are good as long as they last. */
export const isTrouble = (error: unknown): error is TokenError =>
  error instanceof TokenError && (isFault(error) || error.code === 'client_refused')

/** There is nothing that could be asked. */
export function signInAgain(): TokenError {
  return new TokenError(
    'sign_in_again',
    'sign in again: there is no refresh token, and no other way to a token',
    {
      status: 401,
      error: 'invalid_grant',
    },
  )
}
