import { createProvider } from './create-provider.js'
import { check, readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'

/** Options of {@link createPasswordProvider}. */
export interface PasswordProviderOptions extends TokenProviderOptions {
  /** Whose. */
  readonly username: string
  /** Theirs; it is kept in memory, for the next sign-in. */
  readonly password: string
  /** A one-time code, for a person who has a device for them. It counts once, so such a sign-in is not repeated. */
  readonly otp?: string | undefined
}

/**
 * Tokens by somebody's name and password, for a public or a confidential client. When the refresh token is dead, the
 * person is signed in again by the same.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3 | RFC 6749 §4.3}
 */
export function createPasswordProvider(options: PasswordProviderOptions): TokenProvider {
  const { username, password, otp, ...common } = readOptions<PasswordProviderOptions>(
    'createPasswordProvider',
    options,
    { username: check.text, password: check.secret, otp: check.secret },
    ['username', 'password'],
  )
  const { scope, audience } = common
  return createProvider(common, {
    grant: (client) => ({
      kind: otp === undefined ? 'repeatable' : 'once',
      request: (_abandoned, onSend) =>
        client.request({
          onSend,
          asked: 'password',
          grantType: 'password',
          // Keycloak's own name for the code.
          parameters: { username, password, totp: otp, scope, audience },
          secret: ['password', 'totp'],
        }),
    }),
  })
}
