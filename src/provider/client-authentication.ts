import * as oidc from 'openid-client'
import type { JWK } from 'jose'
import type { Log } from '../log.js'
import { readCertificate } from './client-certificate.js'
import type { ClientKey } from './client-keys.js'
import {
  credentialProblems,
  type ClientAuthentication,
  type ClientCredentials,
  type CredentialContext,
} from './client-credentials.js'
import { createCredentialFiles, readSecret } from './credential-file.js'
import { createKeyRing, type KeyRing } from './key-ring.js'
import type { ClientCertificate } from './transport.js'

export {
  CLIENT_AUTHENTICATION,
  type ClientAuthentication,
  type ClientCredentials,
} from './client-credentials.js'

/** How a client proves itself to the authorization server. */
export interface ClientAuthenticator {
  readonly method: ClientAuthentication
  /** Adds the proof to a request. It reads the newest secret or key each time. */
  readonly authenticate: oidc.ClientAuth
  /** What is shown in the TLS handshake, with `tls_client_auth`. */
  readonly certificate: (() => ClientCertificate) | undefined
  /** The public keys that the authorization server may need, with `private_key_jwt`. */
  readonly publicKeys: (() => Promise<readonly JWK[]>) | undefined
  /** What must appear in no message: the secret, as it is now and as it was before. */
  readonly secrets: () => readonly string[]
}

export interface ClientAuthenticatorOptions
  extends ClientCredentials, Pick<CredentialContext, 'issuer' | 'internalUrl'> {
  readonly log: Log
  readonly now?: () => number
}

/**
 * @throws `TypeError` that names what is missing or of no use; never a value, nor what a file holds.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication | OpenID Connect Core §9}
 */
export function createClientAuthenticator(options: ClientAuthenticatorOptions): ClientAuthenticator {
  const { issuer, internalUrl } = options
  const problems = credentialProblems(options, { issuer, internalUrl })
  if (problems.length > 0) throw new TypeError(problems.join('; '))
  const { clientAuthentication: method, log, now = Date.now } = options
  const nothing = { method, certificate: undefined, publicKeys: undefined, secrets: () => [] }
  switch (method) {
    case 'client_secret_basic':
      return { ...nothing, ...bySecret(oidc.ClientSecretBasic, options) }
    case 'client_secret_post':
      return { ...nothing, ...bySecret(oidc.ClientSecretPost, options) }
    case 'client_secret_jwt':
      return { ...nothing, ...bySecret(oidc.ClientSecretJwt, options) }
    case 'private_key_jwt': {
      const ring = createKeyRing({ path: options.clientKeyFile ?? '', log, now })
      const publicKeys = (): Promise<readonly JWK[]> => Promise.resolve(ring.published())
      // Its type says void, and whoever calls it waits.
      // eslint-disable-next-line @typescript-eslint/no-misused-promises
      return { ...nothing, authenticate: byKey(ring), publicKeys }
    }
    case 'tls_client_auth':
      return { ...nothing, authenticate: oidc.TlsClientAuth(), certificate: certificateOf(options) }
    case 'none':
      return { ...nothing, authenticate: oidc.None() }
  }
}

function bySecret(
  make: (secret: string) => oidc.ClientAuth,
  { clientSecret = '', clientSecretFile, log }: ClientAuthenticatorOptions,
): Pick<ClientAuthenticator, 'authenticate' | 'secrets'> {
  const read =
    clientSecretFile === undefined
      ? () => clientSecret
      : createCredentialFiles({
          files: [['clientSecretFile', clientSecretFile]],
          parse: (content = '') => readSecret(content),
          log,
        })
  let current = { secret: read(), by: make(read()) }
  /** A call that is under way was made with it. */
  let before: string | undefined
  function look(): typeof current {
    const secret = read()
    if (secret !== current.secret) {
      before = current.secret
      current = { secret, by: make(secret) }
    }
    return current
  }
  return {
    authenticate: (...request) => look().by(...request),
    secrets: () => [look().secret, ...(before === undefined ? [] : [before])],
  }
}

/** Each call makes an assertion of its own: one that was sent is spent. */
function byKey(ring: KeyRing) {
  const made = new WeakMap<ClientKey, oidc.ClientAuth>()
  async function authFor(key: ClientKey): Promise<oidc.ClientAuth> {
    const auth = made.get(key) ?? oidc.PrivateKeyJwt({ key: await key.forSigning(), kid: key.kid })
    made.set(key, auth)
    return auth
  }
  return async (...request: Parameters<oidc.ClientAuth>): Promise<void> => {
    const auth = await authFor(ring.signing())
    // Its type says void; it returns a promise.
    // eslint-disable-next-line @typescript-eslint/await-thenable, @typescript-eslint/no-confusing-void-expression
    await auth(...request)
  }
}

function certificateOf({
  clientCertFile = '',
  clientKeyFile = '',
  log,
}: ClientAuthenticatorOptions): () => ClientCertificate {
  return createCredentialFiles({
    files: [
      ['clientCertFile', clientCertFile],
      ['clientKeyFile', clientKeyFile],
    ],
    parse: (certificate = '', key = '') => readCertificate(certificate, key),
    log,
  })
}
