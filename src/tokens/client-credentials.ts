import { createProvider } from './create-provider.js'
import { readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'

/**
 * Tokens of a client for itself: a service account. With a refresh token it is used, without one the grant is repeated.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-4.4 | RFC 6749 §4.4}
 */
export function createClientCredentialsProvider(options: TokenProviderOptions): TokenProvider {
  const common = readOptions<TokenProviderOptions>('createClientCredentialsProvider', options, {}, [])
  const { scope, audience } = common
  return createProvider(common, {
    grant: (client) => ({
      kind: 'repeatable',
      request: (_abandoned, onSend) =>
        client.request({
          onSend,
          asked: 'client_credentials',
          grantType: 'client_credentials',
          parameters: { scope, audience },
          secret: [],
        }),
    }),
  })
}
