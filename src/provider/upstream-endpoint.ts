import type { UpstreamEndpoint } from '../metrics.js'
import type { ProviderMetadata } from './metadata.js'

/** Which member of the metadata has the address of which kind of endpoint. */
const MEMBER: readonly (readonly [UpstreamEndpoint, keyof ProviderMetadata])[] = [
  ['token', 'token_endpoint'],
  ['jwks', 'jwks_uri'],
  ['userinfo', 'userinfo_endpoint'],
  ['end_session', 'end_session_endpoint'],
  ['revocation', 'revocation_endpoint'],
  ['authorization', 'authorization_endpoint'],
]

/** Tells what kind of endpoint an address is, by the addresses that we know and never by how it is spelt. */
export function upstreamEndpoint(
  url: URL,
  discoveryUrl: string,
  metadata: ProviderMetadata | undefined,
): UpstreamEndpoint {
  const asked = withoutQuery(url)
  if (asked === withoutQuery(new URL(discoveryUrl))) return 'discovery'
  const known = MEMBER.find(([, member]) => {
    const addresses = [metadata?.[member], metadata?.mtls_endpoint_aliases?.[member]]
    return addresses.some(
      (address) => typeof address === 'string' && withoutQuery(new URL(address)) === asked,
    )
  })
  return known?.[0] ?? 'other'
}

/** An endpoint stays the same one, whatever is asked of it. */
const withoutQuery = ({ origin, pathname }: URL): string => origin + pathname
