import type { Log } from '../log.js'
import type { BackChannel } from './back-channel.js'
import type { ProviderMetadata } from './metadata.js'

/** A provider is taken for Keycloak by this one address, and by nothing else. */
export function isKeycloak(metadata: ProviderMetadata): boolean {
  return metadata.end_session_endpoint === `${metadata.issuer}/protocol/openid-connect/logout`
}

/** What to click when the token endpoint answers `error`; see docs/keycloak.md for the words of the console. */
export function keycloakTokenErrorHint(error: string, clientId: string): string | undefined {
  if (error === 'unauthorized_client' || error === 'invalid_client') {
    return `the client secret or the client id is wrong: Clients → ${clientId} → Credentials → Client Secret`
  }
  return undefined
}

/** The remedy for a token that is not meant for us. */
export function keycloakAudienceHint(audience: string, authorizedParty: unknown): string {
  const client =
    typeof authorizedParty === 'string' && /^[\w.:@/-]{1,100}$/.test(authorizedParty)
      ? authorizedParty
      : 'the calling client'
  return `tokens of ${client} do not name ${audience}: Client scopes → ${client}-dedicated → Add mapper → Audience → Included Client Audience: ${audience}, Add to access token On`
}

/**
 * Asks Keycloak once, with `prompt=none`, whether it takes our redirect URI. It answers a wrong one with an error page
 * of its own and never comes back to us, so nothing else would put the cause into our log.
 */
export async function warnOfRefusedRedirectUri(
  metadata: ProviderMetadata,
  {
    clientId,
    redirectUri,
    backChannel,
    log,
  }: { clientId: string; redirectUri: string; backChannel: BackChannel; log: Log },
): Promise<void> {
  const url = new URL(metadata.authorization_endpoint)
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    prompt: 'none',
    state: 'check',
    nonce: 'check',
    // Any well-formed challenge: this request is never continued.
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  }).toString()
  const response = await backChannel(url)
  if (response.status !== 400) return
  const page = await response.text()
  if (page.includes('redirect_uri')) {
    log.warn(
      {
        code: 'redirect_uri_refused',
        redirect_uri: redirectUri,
        hint: `Clients → ${clientId} → Settings → Valid redirect URIs must list ${redirectUri} literally (host, port, no slash more or less)`,
      },
      'Keycloak does not know our redirect URI: every login will end on its error page',
    )
  } else if (page.includes('Client not found') || page.includes('Client disabled')) {
    log.warn(
      {
        code: 'client_refused',
        client_id: clientId,
        hint: 'is OIDC_CLIENT_ID the id of an enabled client of this realm?',
      },
      'Keycloak does not know our client: every login will end on its error page',
    )
  }
}
