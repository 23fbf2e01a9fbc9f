import type { BearerError } from './errors.js'

export interface ChallengeOptions {
  readonly realm: string
  /** Address of our protected resource metadata. */
  readonly resourceMetadata: string
}

/** The `WWW-Authenticate` value for a request without any credentials. */
export function plainChallenge({ realm, resourceMetadata }: ChallengeOptions): string {
  return `Bearer realm="${realm}", resource_metadata="${resourceMetadata}"`
}

/**
 * The `WWW-Authenticate` value for a refusal. It holds our own words only, so it is ASCII and cannot be broken out of.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3 | RFC 6750 §3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html#section-5.1 | RFC 9728 §5.1}
 */
export function bearerChallenge(error: BearerError, { realm, resourceMetadata }: ChallengeOptions): string {
  // > If the request lacks any authentication information, the resource server SHOULD NOT include an error code
  if (error.code === 'missing_token') return plainChallenge({ realm, resourceMetadata })
  const parameters = [`realm="${realm}"`, `error="${error.code}"`, `error_description="${error.description}"`]
  if (error.scope.length > 0) parameters.push(`scope="${error.scope.join(' ')}"`)
  parameters.push(`resource_metadata="${resourceMetadata}"`)
  return `Bearer ${parameters.join(', ')}`
}

/**
 * The JSON body beside a challenge.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1 | RFC 6750 §3.1}
 */
export function oauthError(error: BearerError): { error: string; error_description: string } {
  return {
    error: error.code === 'missing_token' ? 'unauthorized' : error.code,
    error_description: error.description,
  }
}
