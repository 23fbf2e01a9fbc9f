import type { AppError } from '../errors.js'
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
 * The `WWW-Authenticate` value for a person's request that was refused with 401: with an error code only where a client
 * can act upon it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470.html#section-3 | RFC 9470 §3}
 */
export function sessionChallenge({ code, challenge }: AppError, options: ChallengeOptions): string {
  if (challenge === undefined) return plainChallenge(options)
  const parameters = Object.entries(challenge).map(([name, value]) => `${name}="${value}"`)
  return [plainChallenge(options), `error="${code}"`, ...parameters].join(', ')
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
  for (const [name, value] of Object.entries(error.challenge ?? {})) parameters.push(`${name}="${value}"`)
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
