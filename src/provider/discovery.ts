import type { Log } from '../log.js'
import type { BackChannel } from './back-channel.js'
import { discoveryUrl } from './discovery-url.js'
import { ProviderError } from './errors.js'
import { keycloakNotFoundHint } from './keycloak.js'
import { readMetadata, type ProviderMetadata } from './metadata.js'
import { singleFlight } from './single-flight.js'

/** A failure, and an answer to `probe`, is remembered this long, so that a server in trouble is not asked by every request. */
const MEMORY = 1000

export interface DiscoveryOptions {
  readonly issuer: string
  readonly internal: boolean
  /** Whether endpoints must be on the issuer's own host: an assertion that goes elsewhere could be shown there for us. */
  readonly ownHost?: boolean | undefined
  /** Seconds after which the document is asked for again, in the background. */
  readonly maxAge: number
  /** Milliseconds for which a failure is the answer to whoever asks next, when a second is too long. */
  readonly failureMemory?: number
  readonly backChannel: BackChannel
  readonly log: Log
  readonly now?: () => number
}

export interface Discovery {
  /**
   * The metadata, asked for when first needed.
   *
   * @throws {@link ProviderError} `provider_unavailable`, `provider_metadata_invalid`
   */
  readonly metadata: () => Promise<ProviderMetadata>
  /** What is known already, without asking. */
  readonly known: () => ProviderMetadata | undefined
  /** Asks the server now (at most once a second) and says whether it gave a usable answer. */
  readonly probe: () => Promise<boolean>
}

/** @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig | OpenID Connect Discovery 1.0 §4} */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { log, maxAge, failureMemory = MEMORY, now = Date.now } = options
  let current: ProviderMetadata | undefined
  let fetchedAt = 0
  /** A clock that was set back makes a time worthless. */
  const isWithin = (memory: number, at: number): boolean => now() - at >= 0 && now() - at < memory
  let failure: { readonly error: unknown; readonly at: number } | undefined

  const fetchOnce = singleFlight(async () => {
    if (failure !== undefined && isWithin(failureMemory, failure.at)) throw failure.error
    try {
      current = await fetchMetadata(options)
      fetchedAt = now()
      failure = undefined
    } catch (error) {
      failure = { error, at: now() }
      logFailure(log, options.issuer, error)
      throw error
    }
    return current
  })

  return {
    async metadata() {
      if (current === undefined) return fetchOnce()
      // A known document goes on serving: an outage is found by the calls that need the server.
      if (now() - fetchedAt > maxAge * 1000) void fetchOnce().catch(() => undefined)
      return current
    },
    known: () => current,
    async probe() {
      if (isWithin(MEMORY, fetchedAt) && current !== undefined) return true
      return fetchOnce().then(
        () => true,
        () => false,
      )
    },
  }
}

/** Not found, and what an endpoint for something else says of being read. */
const NOTHING_THERE: readonly number[] = [404, 405]

async function fetchMetadata({
  issuer,
  internal,
  ownHost,
  backChannel,
}: DiscoveryOptions): Promise<ProviderMetadata> {
  const url = discoveryUrl(issuer)
  const response = await backChannel(url, { headers: { accept: 'application/json' } })
  if (response.status !== 200) {
    const isNothing = NOTHING_THERE.includes(response.status)
    const hint = isNothing ? await keycloakNotFoundHint(issuer, backChannel) : undefined
    throw new ProviderError(
      'provider_unavailable',
      `discovery of issuer ${issuer} answered ${response.status}`,
      { hint },
    )
  }
  let document: unknown
  try {
    document = await response.json()
  } catch (cause) {
    throw new ProviderError('provider_metadata_invalid', `discovery of issuer ${issuer} is not JSON`, {
      cause,
    })
  }
  return readMetadata(document, { issuer, internal, ownHost })
}

function logFailure(log: Log, issuer: string, error: unknown): void {
  if (!(error instanceof ProviderError)) throw error
  log.warn({ code: error.code, issuer, reason: error.message, hint: error.hint }, 'discovery failed')
}
