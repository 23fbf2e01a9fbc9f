import type { ServerMetadata } from 'openid-client'
import { differingParts } from './differing-parts.js'
import { ProviderError } from './errors.js'
import { isObject } from './is-object.js'

/** What we use of the discovery document, checked. */
export interface ProviderMetadata extends ServerMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
}

/** Called by this process: with OIDC_INTERNAL_URL their origin is replaced. */
const BACK_CHANNEL = [
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
] as const
/** Visited by browsers. */
const FRONT_CHANNEL = ['authorization_endpoint', 'end_session_endpoint'] as const
const REQUIRED = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

/**
 * Reads a discovery document and refuses one that is not the issuer's.
 *
 * An endpoint is taken when it is https or on the issuer's own origin; with an internal address in use, browsers are
 * sent to the issuer's origin only.
 *
 * @throws {@link ProviderError} `provider_metadata_invalid`
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation | OpenID Connect Discovery 1.0 §4.3}
 */
export function readMetadata(
  json: unknown,
  { issuer, internal }: { issuer: string; internal: boolean },
): ProviderMetadata {
  if (!isObject(json)) throw invalid('the discovery document is not a JSON object')
  // A member that is null says as much as one that is absent.
  const document: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(json).filter(([, value]) => value !== null),
  )
  // > The issuer value returned MUST be identical to the Issuer URL that was used as the prefix to
  // > /.well-known/openid-configuration
  if (document['issuer'] !== issuer) {
    throw invalid(
      `the discovery document names another issuer than ${issuer}`,
      issuerHint(document['issuer'], { issuer, internal }),
    )
  }
  for (const name of REQUIRED) {
    if (typeof document[name] !== 'string')
      throw invalid(`the discovery document of ${issuer} has no ${name}`)
  }
  for (const name of BACK_CHANNEL)
    checkEndpoint(document, name, issuer, (url) => internal || isOurs(url, issuer))
  for (const name of FRONT_CHANNEL) {
    checkEndpoint(document, name, issuer, (url) => (internal ? sameOrigin(url, issuer) : isOurs(url, issuer)))
  }
  return document as unknown as ProviderMetadata
}

function issuerHint(theirs: unknown, { issuer, internal }: { issuer: string; internal: boolean }): string {
  const exact = ['OIDC_ISSUER must be the issuer exactly as the discovery document gives it']
    .concat(differingParts(theirs, issuer) ?? [])
    .join('; ')
  const { origin } = new URL(issuer)
  // An address that is only this process's way to the server.
  const isElsewhere = typeof theirs === 'string' && URL.canParse(theirs) && new URL(theirs).origin !== origin
  return isElsewhere && !internal
    ? `${exact}. Where this process needs ${origin} to reach the server, that is OIDC_INTERNAL_URL`
    : exact
}

function checkEndpoint(
  document: Readonly<Record<string, unknown>>,
  name: string,
  issuer: string,
  accept: (url: URL) => boolean,
): void {
  const value = document[name]
  if (value === undefined) return
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || !accept(url)) {
    throw invalid(`the ${name} in the discovery document of issuer ${issuer} is not one to be used`)
  }
}

const sameOrigin = (url: URL, issuer: string): boolean => url.origin === new URL(issuer).origin
const isOurs = (url: URL, issuer: string): boolean => url.protocol === 'https:' || sameOrigin(url, issuer)

function invalid(message: string, hint?: string): ProviderError {
  return new ProviderError('provider_metadata_invalid', message, { hint })
}
