import type { Log } from '../log.js'
import type { BackChannel } from './back-channel.js'
import { discoveryUrl } from './discovery-url.js'
import { isObject } from './is-object.js'
import type { ProviderMetadata } from './metadata.js'

/** A provider is taken for Keycloak by this one address, and by nothing else. */
export function isKeycloak(metadata: ProviderMetadata): boolean {
  return metadata.end_session_endpoint === `${metadata.issuer}/protocol/openid-connect/logout`
}

/**
 * Where there is no discovery document: a realm's name, or the path before it. The issuer with another path is tried, and
 * named if it answers.
 */
export async function keycloakNotFoundHint(issuer: string, backChannel: BackChannel): Promise<string> {
  const other = await keycloakOtherIssuer(issuer, backChannel)
  const nothing = `nothing is at ${discoveryUrl(issuer)}`
  if (other !== undefined) return `${nothing}, but ${other} answers: that is the issuer to give`
  const path = new URL(issuer).pathname.startsWith('/auth/')
    ? 'Keycloak has no /auth before /realms since version 17, unless it is started with http-relative-path'
    : 'A Keycloak that is started with http-relative-path, or older than 17 (/auth), has that path before /realms'
  return `${nothing}: is the realm's name in the issuer (OIDC_ISSUER) right? ${path}`
}

/** Behind the issuer. */
export const KEYCLOAK_TOKEN_PATH = '/protocol/openid-connect/token'

/** The issuer without what follows the realm's name, or with `/auth` before `/realms` or without it, if one of them answers. */
export async function keycloakOtherIssuer(
  issuer: string,
  backChannel: BackChannel,
): Promise<string | undefined> {
  for (const other of otherIssuers(issuer)) if (await answersAs(other, backChannel)) return other
  return undefined
}

function otherIssuers(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const [realm] = /^.*?\/realms\/[^/]+(?=\/)/.exec(pathname) ?? []
  const path = realm ?? pathname
  const shorter = realm === undefined ? [] : [origin + realm]
  if (/^\/auth\/realms\//.test(path)) return [...shorter, origin + path.slice('/auth'.length)]
  return path.startsWith('/realms/') ? [...shorter, `${origin}/auth${path}`] : shorter
}

async function answersAs(issuer: string, backChannel: BackChannel): Promise<boolean> {
  try {
    const response = await backChannel(discoveryUrl(issuer), { headers: { accept: 'application/json' } })
    const document: unknown = await response.json()
    return response.status === 200 && isObject(document) && document['issuer'] === issuer
  } catch {
    return false
  }
}

/** What to click when the authorization endpoint sends the browser back with `error`. */
export function keycloakRefusalHint(error: string, clientId: string): string | undefined {
  if (error === 'unauthorized_client')
    return `Clients → ${clientId} → Settings → Capability config → Standard flow On`
  if (error === 'invalid_scope') return `Clients → ${clientId} → Client scopes → Add client scope`
  return undefined
}

/** The remedy for a token that is not meant for us. */
export function keycloakAudienceHint(audience: string, authorizedParty: unknown): string {
  const client =
    typeof authorizedParty === 'string' && /^[\w.:@/-]{1,100}$/.test(authorizedParty)
      ? authorizedParty
      : 'the calling client'
  return `tokens of ${client} do not name ${audience}: Clients → ${client} → Client scopes → ${client}-dedicated → Add mapper → Audience → Included Client Audience: ${audience}, Add to access token On`
}

export interface AddressCheckOptions {
  readonly clientId: string
  readonly redirectUri: string
  /** Not asked about when it is not given. */
  readonly postLogoutRedirectUri?: string
  readonly backChannel: BackChannel
  readonly log: Log
}

/**
 * Asks Keycloak once, with `prompt=none`, whether it takes our redirect URI, and then the address that a sign-out comes
 * back to. It answers a wrong one with an error page of its own and never comes back to us, so nothing else would put
 * the cause into our log.
 */
export async function warnOfRefusedRedirectUri(
  metadata: ProviderMetadata,
  options: AddressCheckOptions,
): Promise<void> {
  const { clientId, redirectUri, backChannel, log } = options
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
  // Its page is told by its words, and a realm may have another language by default.
  const response = await backChannel(url, { headers: { 'accept-language': 'en' } })
  if (isAnswerTo(redirectUri, response)) await warnOfRefusedPostLogoutUri(metadata, options)
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

/** Whether Keycloak would have led the browser back: it knows client and address. */
function isAnswerTo(redirectUri: string, { status, headers }: Response): boolean {
  const location = headers.get('location') ?? ''
  return status === 302 && location.startsWith(`${redirectUri}?`) && /[?&]state=check(?:&|$)/.test(location)
}

/** Asked without any session, so nothing ends by it. Keycloak knows the client: a refusal is about the address. */
async function warnOfRefusedPostLogoutUri(
  metadata: ProviderMetadata,
  { clientId, postLogoutRedirectUri, backChannel, log }: AddressCheckOptions,
): Promise<void> {
  if (postLogoutRedirectUri === undefined || metadata.end_session_endpoint === undefined) return
  const url = new URL(metadata.end_session_endpoint)
  url.search = new URLSearchParams({
    client_id: clientId,
    post_logout_redirect_uri: postLogoutRedirectUri,
    state: 'check',
  }).toString()
  const { status } = await backChannel(url)
  if (status !== 400) return
  log.warn(
    {
      code: 'post_logout_redirect_uri_refused',
      post_logout_redirect_uri: postLogoutRedirectUri,
      hint: `Clients → ${clientId} → Settings → Valid post logout redirect URIs must list ${postLogoutRedirectUri} literally (host, port, the slash at the end)`,
    },
    'Keycloak does not know where a sign-out comes back to: every sign-out will end on its error page',
  )
}
