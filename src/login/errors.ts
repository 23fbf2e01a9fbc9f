import { AppError } from '../errors.js'

export type LoginErrorCode =
  | 'invalid_response'
  | 'unknown_login'
  | 'login_spent'
  | 'login_expired'
  | 'access_denied'
  | 'login_required'
  | 'refused_by_provider'
  | 'wrong_issuer'
  | 'code_refused'
  | 'id_token_invalid'
  | 'client_refused'
  | 'token_response_invalid'
  | 'userinfo_invalid'
  | 'invalid_login_parameter'
  | 'registration_off'
  | 'unauthorized'
  | 'insufficient_user_authentication'
  | 'login_too_weak'
  | 'refresh_refused'
  | 'unknown_session'
  | 'invalid_logout_token'
  | 'invalid_logout_request'
  | 'logged_out_meanwhile'

interface Meaning {
  readonly status: number
  readonly description: string
}

/** A new code without a status and words does not compile. */
const MEANING: Readonly<Record<LoginErrorCode, Meaning>> = {
  invalid_response: { status: 400, description: 'The authorization response is malformed' },
  unknown_login: { status: 400, description: 'This browser began no such login' },
  login_spent: { status: 400, description: 'This login was used already' },
  login_expired: { status: 400, description: 'This login took too long' },
  access_denied: { status: 400, description: 'The login was declined' },
  login_required: { status: 400, description: 'Nobody is signed in at the authorization server' },
  refused_by_provider: { status: 400, description: 'The authorization server refused the login' },
  wrong_issuer: { status: 400, description: 'The authorization response is of another issuer' },
  code_refused: { status: 400, description: 'The authorization code is not valid any more' },
  id_token_invalid: { status: 400, description: 'The ID token failed a check' },
  client_refused: { status: 502, description: 'The authorization server refused this application' },
  token_response_invalid: { status: 502, description: 'The token response cannot be used' },
  userinfo_invalid: { status: 502, description: 'The userinfo response cannot be used' },
  invalid_login_parameter: { status: 400, description: 'A parameter of the login request is not valid' },
  registration_off: { status: 404, description: 'Registration is not offered here' },
  insufficient_user_authentication: { status: 401, description: 'A stronger or newer login is needed' },
  login_too_weak: { status: 403, description: 'The login was not as strong or as new as this needs' },
  refresh_refused: { status: 401, description: 'The session ended at the authorization server' },
  unknown_session: { status: 404, description: 'There is no such session of this person' },
  invalid_logout_request: { status: 400, description: 'The logout request is not valid' },
  invalid_logout_token: { status: 400, description: 'The logout token is not valid' },
  logged_out_meanwhile: { status: 400, description: 'The login was ended while it was being finished' },
  unauthorized: { status: 401, description: 'A session or a token is needed' },
}

/** What can go wrong with a login, a session or a sign-out. */
export class LoginError extends AppError<LoginErrorCode> {
  get status(): number {
    return MEANING[this.code].status
  }

  get description(): string {
    return MEANING[this.code].description
  }
}
