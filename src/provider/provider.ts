import type { JWK } from 'jose'
import type { Log } from '../log.js'
import type { Metrics } from '../metrics.js'
import { createBackChannel } from './back-channel.js'
import { createProviderClient, type ProviderClient } from './client.js'
import { createClientAuthenticator, type ClientCredentials } from './client-authentication.js'
import { createDiscovery } from './discovery.js'
import { discoveryUrl } from './discovery-url.js'
import { isKeycloak, warnOfRefusedRedirectUri } from './keycloak.js'
import { keycloakClientHint, type ClientRefusal } from './keycloak-client-hint.js'
import { createKeys, type Keys } from './keys.js'
import type { ProviderMetadata } from './metadata.js'
import { createTransport } from './transport.js'
import { upstreamEndpoint } from './upstream-endpoint.js'

export interface ProviderOptions extends ClientCredentials {
  readonly issuer: string
  readonly internalUrl?: string | undefined
  readonly clientId: string
  readonly publicUrl: string
  readonly redirectUri: string
  /** Path where a sign-out comes back to. */
  readonly logoutRedirect: string
  /** Seconds, all of them. */
  readonly clockTolerance: number
  readonly timeout: number
  readonly jwksMaxAge: number
  readonly jwksCooldown: number
  readonly jwksStale: number
  readonly log: Log
  readonly metrics?: Metrics | undefined
  readonly now?: () => number
}

/** Where our own keys are, below our address. */
export const KEY_DOCUMENT_PATH = '/.well-known/jwks.json'

/** The authorization server as we know it: its metadata, its keys, and our client there. All found when needed. */
export interface Provider {
  readonly issuer: string
  readonly clientId: string
  readonly keys: Keys
  /** Our own keys, where the client proves itself by one: what the authorization server may want to know. */
  readonly publicKeys: (() => Promise<readonly JWK[]>) | undefined
  /** @throws `ProviderError` when the server cannot be used. */
  connect(): Promise<{ readonly metadata: ProviderMetadata; readonly client: ProviderClient }>
  /** The metadata known by now, without asking. */
  known(): ProviderMetadata | undefined
  /** What may mend it when the token endpoint does not accept our client and answers `error`; where that is known. */
  readonly clientHint: (refusal: ClientRefusal) => string | undefined
  /** Whether the server gives a usable answer now. */
  probe(): Promise<boolean>
  /** Asks the server, once and in the background, whether it knows our addresses; the log says what it does not. */
  checkAddresses(): void
}

export function createProvider(options: ProviderOptions): Provider {
  const { issuer, internalUrl, clientId, publicUrl, timeout, log, metrics, now = Date.now } = options
  const authenticator = createClientAuthenticator(options)
  const backChannel = createBackChannel({
    issuer,
    internalUrl,
    timeout,
    transport: createTransport(authenticator.certificate, { timeout: options.timeout }),
    metrics,
    endpointOf: (url) => upstreamEndpoint(url, discoveryUrl(issuer), discovery.known()),
  })
  const discovery = createDiscovery({
    issuer,
    internal: internalUrl !== undefined,
    ownHost: authenticator.publicKeys !== undefined,
    maxAge: options.jwksMaxAge,
    backChannel,
    log,
    now,
  })
  const keys = createKeys({
    jwksUri: async () => (await discovery.metadata()).jwks_uri,
    backChannel,
    maxAge: options.jwksMaxAge,
    cooldown: options.jwksCooldown,
    stale: options.jwksStale,
    log,
    now,
  })
  const clients = new WeakMap<ProviderMetadata, ProviderClient>()
  const keyDocument = publicUrl + KEY_DOCUMENT_PATH
  return {
    issuer,
    clientId,
    keys,
    publicKeys: authenticator.publicKeys,
    async connect() {
      const metadata = await discovery.metadata()
      const client =
        clients.get(metadata) ?? createProviderClient(metadata, { clientId, authenticator, backChannel })
      clients.set(metadata, client)
      return { metadata, client }
    },
    known: discovery.known,
    clientHint(refusal) {
      const metadata = discovery.known()
      if (metadata === undefined || !isKeycloak(metadata)) return undefined
      return keycloakClientHint(refusal, { ...options, keyDocument, bySettings: true })
    },
    probe: discovery.probe,
    checkAddresses: once(async () => {
      const metadata = await discovery.metadata()
      if (!isKeycloak(metadata)) return
      const postLogoutRedirectUri = publicUrl + options.logoutRedirect
      await warnOfRefusedRedirectUri(metadata, { ...options, postLogoutRedirectUri, backChannel })
    }),
  }
}

/** Until it has worked: a failure is nobody's, and the next call tries again. */
function once(work: () => Promise<void>): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    work().catch(() => {
      done = false
    })
  }
}
