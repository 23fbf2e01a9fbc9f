export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource'

/**
 * What a client can learn about our API without asking anybody.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html#section-2 | RFC 9728 §2}
 */
export function protectedResourceMetadata(
  publicUrl: string,
  issuer: string,
): Readonly<Record<string, unknown>> {
  return {
    resource: publicUrl,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    resource_name: 'Latchkey',
  }
}
