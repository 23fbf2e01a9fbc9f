import * as oidc from 'openid-client'
import type { Strength } from '../provider/strength.js'
import type { LoginParameters } from './login-parameters.js'
import type { PendingLogin } from './pending-logins.js'

export interface AuthorizationRequestOptions {
  readonly configuration: oidc.Configuration
  readonly redirectUri: string
  /** Space-separated; each word is sent once. */
  readonly scope: string
}

export interface LoginWishes {
  readonly returnTo: string
  readonly parameters: LoginParameters
  /** What the login must come back with. */
  readonly strength?: Strength | undefined
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
  { returnTo, parameters, strength }: LoginWishes,
): Promise<StartedLogin> {
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  const codeVerifier = oidc.randomPKCECodeVerifier()
  const url = oidc.buildAuthorizationUrl(configuration, {
    ...(parameters as Record<string, string>),
    ...asParameters(strength),
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: [...new Set(scope.split(' '))].join(' '),
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  })
  const { max_age: maxAge, kc_action: action } = parameters
  const pending = {
    nonce,
    codeVerifier,
    returnTo,
    ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
    ...(action !== undefined && { action }),
    ...(strength !== undefined && { strength }),
  }
  return { url, state, pending }
}

/**
 * A wish of a level is voluntary, so it is made an essential claim, too. Both may be ignored or stripped on the way.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics | OpenID Connect Core §5.5.1.1}
 */
function asParameters({ acr, maxAge }: Strength = {}): Record<string, string> {
  return {
    ...(acr !== undefined && {
      acr_values: acr.join(' '),
      claims: JSON.stringify({ id_token: { acr: { essential: true, values: acr } } }),
    }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
  }
}
