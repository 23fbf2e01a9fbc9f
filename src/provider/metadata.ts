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

export interface MetadataContext {
  readonly issuer: string
  /** Whether the origin of back-channel endpoints is replaced. */
  readonly internal: boolean
  /** Whether back-channel endpoints must be on the issuer's own host, too. */
  readonly ownHost?: boolean | undefined
}

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
  { issuer, internal, ownHost }: MetadataContext,
): ProviderMetadata {
  if (!isObject(json)) throw invalid('the discovery document is not a JSON object')
  const document = withoutNulls(json)
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
  checkEndpoints(document, { issuer, internal, ownHost })
  const aliases = readAliases(document)
  if (aliases === undefined) return document as unknown as ProviderMetadata
  checkEndpoints(aliases, { issuer, internal, ownHost })
  return { ...document, mtls_endpoint_aliases: aliases } as unknown as ProviderMetadata
}

function checkEndpoints(
  document: Readonly<Record<string, unknown>>,
  { issuer, internal, ownHost = false }: MetadataContext,
): void {
  const isFit = (url: URL): boolean =>
    internal || (isOurs(url, issuer) && (!ownHost || url.hostname === new URL(issuer).hostname))
  for (const name of BACK_CHANNEL) checkEndpoint(document, name, issuer, isFit)
  for (const name of FRONT_CHANNEL) {
    checkEndpoint(document, name, issuer, (url) => (internal ? sameOrigin(url, issuer) : isOurs(url, issuer)))
  }
}

/** A member that is null says as much as one that is absent. */
const withoutNulls = (json: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))

/**
 * Where a client goes that shows a certificate.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705.html#section-5 | RFC 8705 §5}
 */
function readAliases({
  mtls_endpoint_aliases: aliases,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  if (aliases === undefined) return undefined
  if (isObject(aliases)) return withoutNulls(aliases)
  throw invalid('the mtls_endpoint_aliases in the discovery document are not a JSON object')
}

function issuerHint(theirs: unknown, { issuer, internal }: { issuer: string; internal: boolean }): string {
  const exact = ['the issuer (OIDC_ISSUER) must be exactly as the discovery document gives it']
    .concat(differingParts(theirs, issuer) ?? [])
    .join('; ')
  const { origin } = new URL(issuer)
  // An address that is only this process's way to the server.
  const isElsewhere = typeof theirs === 'string' && URL.canParse(theirs) && new URL(theirs).origin !== origin
  return isElsewhere && !internal
    ? `${exact}. Where this process needs ${origin} to reach the server, that is internalUrl (OIDC_INTERNAL_URL)`
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
