import type * as oidc from 'openid-client'
import { silentLog, type Log } from '../log.js'
import { createBackChannel, type BackChannel } from '../provider/back-channel.js'
import { createProviderClient } from '../provider/client.js'
import { createClientAuthenticator } from '../provider/client-authentication.js'
import { createDiscovery } from '../provider/discovery.js'
import { isKeycloak, KEYCLOAK_TOKEN_PATH, keycloakOtherIssuer } from '../provider/keycloak.js'
import type { ProviderMetadata } from '../provider/metadata.js'
import { createTransport } from '../provider/transport.js'
import { errorFirst } from './error-first.js'
import { credentialsOf, type TokenClientOptions } from './token-options.js'

/** How long a discovery document serves, in seconds. */
const METADATA_MAX_AGE = 600

/** A file that is of no use any more is a warning of the process: there is no log here. */
const warnings: Log = {
  ...silentLog,
  warn: ({ code = '', reason = '' }, message) => {
    process.emitWarning(`${String(reason)}: ${message}`, { type: 'LatchkeyWarning', code: String(code) })
  },
}

/**
 * A request for tokens may spend something: it is never written to a connection that the server may be closing. So there
 * is none to keep, and all providers can share the way.
 */
const ONE_EACH = { reuseConnections: false }
const shared = createTransport(undefined, ONE_EACH)
/** Seconds for which it waits for a proxy. */
const SHARED_TIMEOUT = 10

/** The way to one authorization server, as one client. */
export interface TokenConnection {
  /** The issuer, or the token endpoint. */
  readonly server: string
  /** @throws `ProviderError` when the server cannot be used. */
  readonly connect: () => Promise<oidc.Configuration>
  /** Whether it is a Keycloak, as far as is known by now. */
  readonly isKeycloak: () => boolean
  /** Where the token endpoint is that was given with a path too much, or too little. */
  readonly elsewhere: () => Promise<string | undefined>
  /** What the client proves itself by, as it is now. */
  readonly secrets: () => readonly string[]
}

/** @throws `TypeError` for a secret or key that cannot be used. */
export function createTokenConnection(options: TokenClientOptions): TokenConnection {
  const { clientId, issuer, tokenEndpoint = '', internalUrl, timeout = 5 } = options
  const server = issuer ?? tokenEndpoint
  const authenticator = createClientAuthenticator({
    ...credentialsOf(options),
    issuer: server,
    internalUrl,
    log: warnings,
  })
  const transport =
    authenticator.certificate === undefined && timeout <= SHARED_TIMEOUT
      ? shared
      : createTransport(authenticator.certificate, { ...ONE_EACH, timeout })
  const backChannel = createBackChannel({ issuer: server, internalUrl, timeout, transport })
  const client = { clientId, authenticator, backChannel: errorFirst(backChannel) }
  const { secrets } = authenticator
  if (issuer === undefined) {
    let elsewhere: Promise<string | undefined> | undefined
    const { forgiving } = createProviderClient({ issuer: server, token_endpoint: tokenEndpoint }, client)
    return {
      server,
      secrets,
      connect: () => Promise.resolve(forgiving),
      isKeycloak: () => tokenEndpoint.endsWith(KEYCLOAK_TOKEN_PATH),
      elsewhere: () => (elsewhere ??= otherTokenEndpoint(tokenEndpoint, backChannel)),
    }
  }
  const discovery = createDiscovery({
    issuer,
    internal: internalUrl !== undefined,
    ownHost: authenticator.publicKeys !== undefined,
    maxAge: METADATA_MAX_AGE,
    // Whoever asks again wants to know how it is now.
    failureMemory: 0,
    backChannel,
    log: silentLog,
  })
  const configurations = new WeakMap<ProviderMetadata, oidc.Configuration>()
  return {
    server,
    secrets,
    isKeycloak() {
      const metadata = discovery.known()
      return metadata !== undefined && isKeycloak(metadata)
    },
    // Discovery has told it.
    elsewhere: () => Promise.resolve(undefined),
    async connect() {
      const metadata = await discovery.metadata()
      const configuration = configurations.get(metadata) ?? createProviderClient(metadata, client).forgiving
      configurations.set(metadata, configuration)
      return configuration
    },
  }
}

async function otherTokenEndpoint(address: string, backChannel: BackChannel): Promise<string | undefined> {
  if (!address.endsWith(KEYCLOAK_TOKEN_PATH)) return undefined
  const issuer = await keycloakOtherIssuer(address.slice(0, -KEYCLOAK_TOKEN_PATH.length), backChannel)
  return issuer === undefined ? undefined : issuer + KEYCLOAK_TOKEN_PATH
}
