import type { ClientAuthentication } from './client-authentication.js'

/** What an endpoint says of a client that it does not accept. */
export interface ClientRefusal {
  /** The word that decides. */
  readonly error: string
  /** Only to recognise what it is about: it changes from release to release. */
  readonly description: string
}

/** A client of Keycloak's, and how it proves itself. */
export interface KeycloakClient {
  readonly clientId: string
  readonly clientAuthentication: ClientAuthentication
  /** The address of its key document, if it has one, with `private_key_jwt`. */
  readonly keyDocument?: string | undefined
  /** Whether its options are read from the environment, too, under these names of the app's. */
  readonly bySettings?: boolean
}

const SETTINGS = {
  clientAuthentication: 'OIDC_CLIENT_AUTH',
  clientSecret: 'OIDC_CLIENT_SECRET',
  clientKeyFile: 'OIDC_CLIENT_KEY_FILE',
  clientCertFile: 'OIDC_CLIENT_CERT_FILE',
} as const

const nameOf = (option: keyof typeof SETTINGS, { bySettings }: KeycloakClient): string =>
  bySettings === true ? `${option} (${SETTINGS[option]})` : option

const authenticator = (clientId: string): string =>
  `Clients → ${clientId} → Credentials → Client Authenticator`

/**
 * What to click when an endpoint refuses the client itself; docs/keycloak.md has the words of the console. Keycloak says
 * `invalid_client` of a client that it does not know or that is disabled, `unauthorized_client` of a wrong secret, and
 * either of a proof of another kind than it expects.
 */
export function keycloakClientHint(refusal: ClientRefusal, client: KeycloakClient): string | undefined {
  if (refusal.error !== 'unauthorized_client' && refusal.error !== 'invalid_client') return undefined
  return otherProofHint(refusal, client) ?? hintOfMethod(refusal, client)
}

/** Keycloak names what it misses. */
function otherProofHint({ description }: ClientRefusal, client: KeycloakClient): string | undefined {
  const { clientId } = client
  const method = nameOf('clientAuthentication', client)
  if (/client_assertion/i.test(description) && provesBySecret(client))
    return (
      `${clientId} proves itself by a signed JWT: ${method} private_key_jwt where ${authenticator(clientId)} is Signed JWT, ` +
      `client_secret_jwt where it is Signed JWT with Client Secret; a plain secret is for Client Id and Secret`
    )
  if (/missing client_id/i.test(description) && provesBySecret(client))
    return `${authenticator(clientId)} is not Client Id and Secret, but most likely X509 Certificate: that is ${method} tls_client_auth`
  const [, allowed] = /requires method '(client_secret_basic|client_secret_post)'/.exec(description) ?? []
  return allowed === undefined
    ? undefined
    : `${method} must be ${allowed}, or Clients → ${clientId} → Credentials → Allowed authentication method another`
}

const provesBySecret = ({ clientAuthentication }: KeycloakClient): boolean =>
  ['none', 'client_secret_basic', 'client_secret_post'].includes(clientAuthentication)

function hintOfMethod({ error, description }: ClientRefusal, client: KeycloakClient): string {
  const { clientId } = client
  const isUnknown = `is ${clientId} the Client ID of an enabled client of this realm? Clients lists them, and Enabled is a switch at the top of each`
  const proof = proofHint(client)
  if (error === 'unauthorized_client' || /\b(jwt|key|signature|assertion)\b/i.test(description)) return proof
  return provesBySecret(client) && isUsual(description) ? isUnknown : `${isUnknown}. If it is: ${proof}`
}

/** The token endpoint's words for a client that is unknown or disabled, or has a wrong secret. */
const isUsual = (description: string): boolean => /^invalid client or/i.test(description)

function proofHint(client: KeycloakClient): string {
  const { clientId, clientAuthentication } = client
  const method = nameOf('clientAuthentication', client)
  const secret = nameOf('clientSecret', client)
  const isOne = (kind: string): string => `${authenticator(clientId)}: ${kind}`
  const expects = (kind: string): string => `does it expect ${method} ${clientAuthentication}? ${isOne(kind)}`
  switch (clientAuthentication) {
    case 'none':
      return (
        `${clientId} has to prove itself, and nothing was given for that: ${secret} is at Clients → ${clientId} → ` +
        `Credentials → Client Secret. ${method} none is for a client with Client authentication Off (Settings → Capability config)`
      )
    case 'client_secret_basic':
    case 'client_secret_post':
      return (
        `${secret} is not the secret of this client (Clients → ${clientId} → Credentials → Client Secret), or it does not ` +
        `prove itself by a secret: ${isOne('Client Id and Secret')}`
      )
    case 'client_secret_jwt':
      return `${expects('Signed JWT with Client Secret')}, and Client Secret is ${secret}; the clocks of both machines must agree`
    case 'private_key_jwt':
      return `${expects('Signed JWT')}, Signature algorithm: Any algorithm, or that of the key; Keys → ${keysHint(client)}; the clocks of both machines must agree`
    case 'tls_client_auth':
      return `${expects('X509 Certificate')}, Subject DN: that of ${nameOf('clientCertFile', client)}, Allow regex pattern comparison Off; Keycloak must ask for certificates (https-client-auth=request), trust their issuer, and see ours: a proxy before it that ends TLS does not show it`
  }
}

const keysHint = (client: KeycloakClient): string =>
  client.keyDocument === undefined
    ? `Use JWKS URL Off and a JWK Set with the public key of ${nameOf('clientKeyFile', client)} under its RFC 7638 thumbprint, or On with an address that shows it and that Keycloak can open`
    : `Use JWKS URL On, JWKS URL: ${client.keyDocument}, which Keycloak must be able to open`
