import * as oidc from 'openid-client'
import type { LoginParameters } from './login-parameters.js'
import type { PendingLogin } from './pending-logins.js'

export interface AuthorizationRequestOptions {
  readonly configuration: oidc.Configuration
  readonly redirectUri: string
  /** Space-separated; each word is sent once. */
  readonly scope: string
}

export interface StartedLogin {
  readonly url: URL
  readonly state: string
  readonly pending: PendingLogin
}

/**
 * Makes an authorization request and what is needed to judge its response.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest | OpenID Connect Core §3.1.2.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636.html#section-4.3 | RFC 7636 §4.3}
 */
export async function startLogin(
  { configuration, redirectUri, scope }: AuthorizationRequestOptions,
  parameters: LoginParameters,
  returnTo: string,
): Promise<StartedLogin> {
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  const codeVerifier = oidc.randomPKCECodeVerifier()
  const url = oidc.buildAuthorizationUrl(configuration, {
    ...(parameters as Record<string, string>),
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: [...new Set(scope.split(' '))].join(' '),
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  })
  const maxAge = parameters['max_age'] === undefined ? undefined : Number(parameters['max_age'])
  return { url, state, pending: { nonce, codeVerifier, returnTo, maxAge } }
}
