import { createProvider } from './create-provider.js'
import { check, readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'

interface Assertion {
  /** A signed JWT, or a function that makes a new one; a fixed one is sent once. */
  readonly assertion: string | (() => string | Promise<string>)
}

/** Options of {@link createJwtBearerProvider}. */
export type JwtBearerProviderOptions = TokenProviderOptions & Assertion

/**
 * Tokens for a JWT of an issuer that the authorization server trusts.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523.html#section-2.1 | RFC 7523 §2.1}
 */
export function createJwtBearerProvider(options: JwtBearerProviderOptions): TokenProvider {
  const { assertion, ...common } = readOptions<Assertion>(
    'createJwtBearerProvider',
    options,
    { assertion: check.secretOrFunction },
    ['assertion'],
  )
  const { scope, audience } = common
  return createProvider(common, {
    grant: (client) => ({
      kind: typeof assertion === 'string' ? 'once' : 'repeatable',
      request: async () =>
        client.request({
          asked: 'jwt_bearer',
          grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          parameters: {
            assertion: typeof assertion === 'string' ? assertion : await assertion(),
            scope,
            audience,
          },
          secret: ['assertion'],
        }),
    }),
  })
}
