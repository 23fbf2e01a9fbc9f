import { createProvider } from './create-provider.js'
import { readGivenText, type GivenText } from './given-text.js'
import { check, readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'

/** Options of {@link createJwtBearerProvider}. */
export interface JwtBearerProviderOptions extends TokenProviderOptions {
  /** A signed JWT, or a function that makes a new one; a fixed one is sent once. */
  readonly assertion: GivenText
}

/**
 * Tokens for a JWT of an issuer that the authorization server trusts.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523.html#section-2.1 | RFC 7523 §2.1}
 */
export function createJwtBearerProvider(options: JwtBearerProviderOptions): TokenProvider {
  const { assertion, ...common } = readOptions<JwtBearerProviderOptions>(
    'createJwtBearerProvider',
    options,
    { assertion: check.secretOrFunction },
    ['assertion'],
  )
  const { scope, audience } = common
  return createProvider(common, {
    grant: (client) => ({
      kind: typeof assertion === 'string' ? 'once' : 'repeatable',
      request: async (abandoned, onSend) =>
        client.request({
          onSend,
          asked: 'jwt_bearer',
          grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          parameters: {
            assertion: await readGivenText('assertion', assertion, abandoned),
            scope,
            audience,
          },
          secret: ['assertion'],
        }),
    }),
  })
}
