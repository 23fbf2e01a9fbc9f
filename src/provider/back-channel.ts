import { noMetrics, type Metrics, type UpstreamEndpoint, type UpstreamOutcome } from '../metrics.js'
import { ProviderError } from './errors.js'
import { createTransport, INVALID_PROXY, mayBeProxied, type Transport } from './transport.js'

/** Answers of an authorization server are small; more than this is not one. */
const MAX_BODY_BYTES = 1024 * 1024

export interface BackChannelOptions {
  readonly issuer: string
  /** Where this process reaches the authorization server, when that differs from what browsers see. */
  readonly internalUrl?: string | undefined
  /** Total deadline of one call, headers and body, in seconds. */
  readonly timeout: number
  /** By default one without a client certificate. */
  readonly transport?: Transport | undefined
  readonly metrics?: Metrics | undefined
  /** The kind of an address as it is given, for the metrics. */
  readonly endpointOf?: (url: URL) => UpstreamEndpoint
}

/** `fetch` towards the authorization server: one deadline, no redirects, bounded bodies, the internal origin. */
export type BackChannel = (url: string | URL, init?: RequestInit) => Promise<Response>

/**
 * Makes the one function by which this process calls the authorization server.
 *
 * The whole body is read before it returns, so that the deadline covers it.
 *
 * The function throws {@link ProviderError} `provider_unavailable` when there is no whole answer in time.
 */
export function createBackChannel(options: BackChannelOptions): BackChannel {
  const { metrics = noMetrics, endpointOf = () => 'other' } = options
  const call = createCall(options)
  return async (url, init = {}) => {
    const endpoint = endpointOf(new URL(url))
    const begun = performance.now()
    let outcome: UpstreamOutcome = 'unavailable'
    try {
      const response = await call(url, init)
      outcome = outcomeOf(response.status)
      return response
    } finally {
      metrics.upstream(endpoint, (performance.now() - begun) / 1000, outcome)
    }
  }
}

function outcomeOf(status: number): UpstreamOutcome {
  if (status >= 500) return 'server_error'
  return status >= 400 ? 'client_error' : 'ok'
}

function createCall({
  issuer,
  internalUrl,
  timeout,
  transport = createTransport(undefined, { timeout }),
}: BackChannelOptions): (url: string | URL, init: RequestInit) => Promise<Response> {
  const publicOrigin = new URL(issuer).origin
  const internalOrigin = internalUrl === undefined ? undefined : new URL(internalUrl).origin
  return async (url, init) => {
    const target = new URL(url)
    if (internalOrigin !== undefined) replaceOrigin(target, internalOrigin)
    // Not AbortSignal.timeout: when nobody but AbortSignal.any holds one, Node 20 may forget it.
    const deadline = new AbortController()
    const timer = setTimeout(
      () => deadline.abort(new DOMException('time-out', 'TimeoutError')),
      timeout * 1000,
    )
    const signal = init.signal ? AbortSignal.any([init.signal, deadline.signal]) : deadline.signal
    try {
      const response = await transport(target, { ...init, redirect: 'manual', signal })
      const body = await readBody(response)
      return new Response(hasNoBody(response.status) ? null : body, {
        status: response.status,
        headers: response.headers,
      })
    } catch (cause) {
      if (cause instanceof ProviderError) throw cause
      throw new ProviderError(
        'provider_unavailable',
        `no answer from ${target.origin}${target.pathname}: ${reason(cause)}`,
        {
          cause,
          hint: unavailableHint(target, publicOrigin, cause),
        },
      )
    } finally {
      clearTimeout(timer)
    }
  }
}

function replaceOrigin(url: URL, origin: string): void {
  const { protocol, host } = new URL(origin)
  url.protocol = protocol
  url.host = host
  if (new URL(origin).port === '') url.port = ''
}

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES)
      throw new ProviderError('provider_response_invalid', 'the answer is larger than 1 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The short word of what went wrong on the wire; never text of the other side. */
function reason(error: unknown): string {
  // By its members, not its class: it may come from another realm than ours.
  if (typeof error !== 'object' || error === null) return 'unknown'
  const name = 'name' in error ? error.name : undefined
  if (name === 'TimeoutError' || name === 'AbortError') return 'time-out'
  const cause = 'cause' in error ? error.cause : undefined
  return isTunnelTimeout(cause) ? 'time-out' : (errorCode(error) ?? errorCode(cause) ?? 'connection failed')
}

const isTunnelTimeout = (cause: unknown): boolean =>
  cause instanceof DOMException && cause.name === 'TimeoutError'

function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  if (error.code === INVALID_PROXY.code) return INVALID_PROXY.message
  return typeof error.code === 'string' ? error.code : undefined
}

const NOBODY: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']
/** What a certificate is called whose issuer is not known. */
const NOT_TRUSTED: readonly string[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

function unavailableHint(target: URL, publicOrigin: string, cause: unknown): string | undefined {
  const why = reason(cause)
  const asked = target.origin
  const proxy = mayBeProxied(target) ? ' the proxy that HTTPS_PROXY or HTTP_PROXY names' : ''
  if (NOT_TRUSTED.includes(why))
    return `the certificate of ${asked}${proxy && `, or of${proxy},`} is not trusted here: NODE_EXTRA_CA_CERTS names the file of an authority of your own`
  if (!NOBODY.includes(why)) return undefined
  const nothing = `nothing answers at ${asked}${proxy && `, or at${proxy}`}`
  return asked === publicOrigin
    ? `${nothing}; where this process reaches the server under another address (a container), set internalUrl (OIDC_INTERNAL_URL)`
    : `${nothing}, the origin of internalUrl (OIDC_INTERNAL_URL)`
}
