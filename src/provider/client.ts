import * as oidc from 'openid-client'
import type { BackChannel } from './back-channel.js'
import type { ClientAuthenticator } from './client-authentication.js'
import { SIGNATURE_ALGORITHMS } from './keys.js'
import { forgivingBackChannel } from './token-answer.js'

/** In seconds. */
const TEN_YEARS = 315_360_000

export interface ClientOptions {
  readonly clientId: string
  readonly authenticator: ClientAuthenticator
  readonly backChannel: BackChannel
}

/** Our client at the provider: what every protocol call of openid-client needs. */
export interface ProviderClient {
  readonly configuration: oidc.Configuration
  /** For grants whose answer must not be lost, odd as it may be: those that spend a refresh token. It judges no ID token. */
  readonly forgiving: oidc.Configuration
  /** A POST to an endpoint that openid-client has no call for, authenticated as this client. */
  post(url: string, form: Readonly<Record<string, string>>): Promise<Response>
}

export function createProviderClient(metadata: oidc.ServerMetadata, options: ClientOptions): ProviderClient {
  const { clientId, authenticator, backChannel } = options
  const { authenticate } = authenticator
  // The times of ID tokens are ours to judge: what openid-client refuses is lost, and with it a spent refresh token.
  const client = {
    client_id: clientId,
    // Where a certificate is asked for may be another address.
    use_mtls_endpoint_aliases: authenticator.certificate !== undefined,
    [oidc.clockTolerance]: TEN_YEARS,
  }
  // Signatures are ours to judge, by our own list; the provider's word on algorithms is not asked.
  const server = { ...metadata, id_token_signing_alg_values_supported: [...SIGNATURE_ALGORITHMS] }
  const configure = (channel: BackChannel): oidc.Configuration => {
    const configuration = new oidc.Configuration(server, clientId, client, authenticate)
    configuration[oidc.customFetch] = (url, { method, headers, body, signal }) =>
      channel(url, { method, headers, body: body ?? null, signal: signal ?? null })
    // The deadline is the back channel's.
    configuration.timeout = 0
    // Which addresses may be plain http is settled by the settings and by readMetadata.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out, not to go away
    oidc.allowInsecureRequests(configuration)
    return configuration
  }
  return {
    configuration: configure(backChannel),
    forgiving: configure(forgivingBackChannel(backChannel)),
    async post(url, form) {
      const body = new URLSearchParams(form)
      const headers = new Headers({ accept: 'application/json' })
      // Its type says void; the methods that sign an assertion return a promise.
      // eslint-disable-next-line @typescript-eslint/await-thenable, @typescript-eslint/no-confusing-void-expression
      await authenticate(server, client, body, headers)
      return backChannel(url, { method: 'POST', headers, body })
    },
  }
}
