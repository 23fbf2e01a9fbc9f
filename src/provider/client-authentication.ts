import * as oidc from 'openid-client'
import type { JWK } from 'jose'
import type { Log } from '../log.js'
import type { ClientCertificate } from './transport.js'

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication | OpenID Connect Core §9} */
export const CLIENT_AUTHENTICATION = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'none',
] as const
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATION)[number]

/** What a client proves itself by. Files are read again when they change. */
export interface ClientCredentials {
  readonly clientAuthentication: ClientAuthentication
  readonly clientSecret?: string | undefined
  readonly clientSecretFile?: string | undefined
  readonly clientKeyFile?: string | undefined
  readonly clientCertFile?: string | undefined
}

/** How a client proves itself to the authorization server. */
export interface ClientAuthenticator {
  /** Adds the proof to a request. It reads the newest secret or key each time. */
  readonly authenticate: oidc.ClientAuth
  /** What is shown in the TLS handshake, with `tls_client_auth`. */
  readonly certificate: (() => ClientCertificate) | undefined
  /** The public keys that the authorization server may need, with `private_key_jwt`. */
  readonly publicKeys: (() => Promise<readonly JWK[]>) | undefined
  /** What must appear in no message: the secret, as it is now. */
  readonly secrets: () => readonly string[]
}

export interface ClientAuthenticatorOptions extends ClientCredentials {
  readonly log: Log
  readonly now?: () => number
}

export function createClientAuthenticator({
  clientAuthentication,
  clientSecret,
}: ClientAuthenticatorOptions): ClientAuthenticator {
  return {
    authenticate: clientAuth(clientAuthentication, clientSecret),
    certificate: undefined,
    publicKeys: undefined,
    secrets: () => (clientSecret === undefined ? [] : [clientSecret]),
  }
}

function clientAuth(method: ClientAuthentication, secret: string | undefined): oidc.ClientAuth {
  switch (method) {
    case 'client_secret_basic':
      return oidc.ClientSecretBasic(secret)
    case 'client_secret_post':
      return oidc.ClientSecretPost(secret)
    case 'client_secret_jwt':
      return oidc.ClientSecretJwt(secret)
    case 'none':
      return oidc.None()
  }
}
