import * as oidc from 'openid-client'
import { isAppError, ownError } from '../errors.js'
import type { Log } from '../log.js'
import type { ProviderClient } from '../provider/client.js'
import { ProviderError } from '../provider/errors.js'
import { isKeycloak } from '../provider/keycloak.js'
import type { ProviderMetadata } from '../provider/metadata.js'
import type { Provider } from '../provider/provider.js'
import type { LoginSession } from './login-session.js'

/** Longer addresses are refused by servers and proxies on the way. */
const MAX_URL_BYTES = 8 * 1024

export interface LogoutOptions {
  readonly metadata: ProviderMetadata
  readonly client: ProviderClient
  readonly postLogoutRedirectUri: string
  readonly log: Log
}

/**
 * Ends the login at the authorization server, server to server, so that it ends even when the browser goes no further:
 * at Keycloak the whole single sign-on session, elsewhere the grant of the refresh token.
 *
 * @returns whether it did; not when the server refused, or there is nothing to show it.
 * @throws `ProviderError` when the server does not answer.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1 | RFC 7009 §2.1}
 */
export async function endAtProvider(
  login: LoginSession,
  { metadata, client, log }: Omit<LogoutOptions, 'postLogoutRedirectUri'>,
): Promise<boolean> {
  const { refreshToken } = login.tokens
  if (refreshToken === undefined) return false
  const { end_session_endpoint: endSession, revocation_endpoint: revocation } = metadata
  if (endSession !== undefined && isKeycloak(metadata)) {
    const response = await client.post(endSession, { refresh_token: refreshToken })
    if (response.status >= 500)
      throw new ProviderError('provider_unavailable', `end-session answered ${response.status}`)
    if (!response.ok)
      log.warn({ code: 'logout_refused', status: response.status }, 'end-session refused our request')
    return response.ok
  }
  return revocation !== undefined && revoke(client.configuration, refreshToken, log)
}

/**
 * Revokes a refresh token that came when its session had ended. Keycloak has ended the whole sign-on session by then;
 * others keep what is not revoked. Never rejects.
 */
export async function revokeElsewhere(
  login: LoginSession,
  { provider, log }: { readonly provider: Provider; readonly log: Log },
): Promise<void> {
  try {
    const connected = await provider.connect()
    if (!isKeycloak(connected.metadata)) await endAtProvider(login, { ...connected, log })
  } catch (error) {
    if (!isAppError(error)) throw error
    log.warn(
      { code: 'logout_incomplete', reason: error.message, hint: error.hint },
      'a token was not revoked',
    )
  }
}

async function revoke(configuration: oidc.Configuration, refreshToken: string, log: Log): Promise<boolean> {
  try {
    await oidc.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' })
    return true
  } catch (error) {
    const own = ownError(error)
    if (own !== undefined) throw own
    log.warn(
      { code: 'logout_refused', reason: 'the refresh token could not be revoked' },
      'revocation refused',
    )
    return false
  }
}

/**
 * Where to send the browser so that the authorization server forgets it too.
 *
 * @returns nothing when the server has no such endpoint.
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | RP-Initiated Logout 1.0 §2}
 */
export function endSessionUrl(login: LoginSession, options: LogoutOptions): URL | undefined {
  if (options.metadata.end_session_endpoint === undefined) return undefined
  const url = build(options, login.tokens.idToken)
  // Without the hint the server may ask the person to confirm; a request that arrives is worth more.
  return Buffer.byteLength(url.href) <= MAX_URL_BYTES ? url : build(options, undefined)
}

function build({ client, postLogoutRedirectUri }: LogoutOptions, idToken: string | undefined): URL {
  return oidc.buildEndSessionUrl(client.configuration, {
    post_logout_redirect_uri: postLogoutRedirectUri,
    state: oidc.randomState(),
    ...(idToken === undefined ? {} : { id_token_hint: idToken }),
  })
}
