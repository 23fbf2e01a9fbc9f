import { createProvider } from './create-provider.js'
import { check, readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'

/** Options of {@link createRefreshTokenProvider}. */
export interface RefreshTokenProviderOptions extends TokenProviderOptions {
  /** May be left out with a `store`, which then has it. */
  readonly refreshToken?: string | undefined
  /** One that is known already; it is used while it lasts. */
  readonly accessToken?: string | undefined
}

/**
 * Tokens by a refresh token that somebody has got already. Two providers of one process that are given the same become
 * one, as a second use of it would end the sign-in.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-6 | RFC 6749 §6}
 */
export function createRefreshTokenProvider(options: RefreshTokenProviderOptions): TokenProvider {
  const { refreshToken, accessToken, ...common } = readOptions<RefreshTokenProviderOptions>(
    'createRefreshTokenProvider',
    options,
    { refreshToken: check.secret, accessToken: check.token },
    Object(options) === options && options.store !== undefined ? [] : ['refreshToken'],
  )
  return createProvider(common, { refreshToken, accessToken })
}
