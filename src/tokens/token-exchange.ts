import { createProvider } from './create-provider.js'
import { readGivenText, type GivenText } from './given-text.js'
import { check, readOptions, type TokenProviderOptions } from './token-options.js'
import type { TokenProvider } from './token-provider.js'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** Options of {@link createTokenExchangeProvider}. */
export interface TokenExchangeProviderOptions extends TokenProviderOptions {
  /** The token to exchange, or a function that gives a current one, such as another provider. */
  readonly subjectToken: GivenText
  /** By default that of an access token. */
  readonly subjectTokenType?: string | undefined
}

/**
 * Tokens in exchange for another one: for an API that calls a second one for the person who called it.
 *
 * @throws `TypeError` for options that cannot be used.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693.html#section-2.1 | RFC 8693 §2.1}
 */
export function createTokenExchangeProvider(options: TokenExchangeProviderOptions): TokenProvider {
  const { subjectToken, subjectTokenType, ...common } = readOptions<TokenExchangeProviderOptions>(
    'createTokenExchangeProvider',
    options,
    { subjectToken: check.secretOrFunction, subjectTokenType: check.text },
    ['subjectToken'],
  )
  const { scope, audience } = common
  return createProvider(common, {
    grant: (client) => ({
      kind: 'repeatable',
      request: async (abandoned, onSend) =>
        client.request({
          onSend,
          asked: 'token_exchange',
          grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
          parameters: {
            subject_token: await readGivenText('subjectToken', subjectToken, abandoned),
            subject_token_type: subjectTokenType ?? ACCESS_TOKEN,
            requested_token_type: ACCESS_TOKEN,
            scope,
            audience,
          },
          secret: ['subject_token'],
        }),
    }),
  })
}
