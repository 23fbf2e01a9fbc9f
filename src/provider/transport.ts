import {
  Agent,
  EnvHttpProxyAgent,
  fetch as undiciFetch,
  Pool,
  type Dispatcher,
  type RequestInit as UndiciInit,
} from 'undici'

/** What this process shows in the TLS handshake. PEM, both. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

/** Why nobody is reached when a proxy's address is none; our own words, which may be shown. */
export const INVALID_PROXY = {
  code: 'ERR_INVALID_PROXY',
  message: 'HTTPS_PROXY or HTTP_PROXY is not the address of an http(s) proxy',
} as const

/** Where the address of a proxy may stand. */
const PROXIES: readonly string[] = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']

/** Whether a call may go through a proxy that the environment names. */
export const mayBeProxied = (url: URL): boolean => hasProxy() && !isHere(url)

/** Whether the environment names a proxy, for whichever addresses. */
export const hasProxy = (): boolean => PROXIES.some((name) => process.env[name])

/** How long a proxy may take to open a tunnel, in seconds: whoever waited for it may be gone, and undici itself waits for ever. */
const PATIENCE = 10

/** Plain http to this very machine is not for a proxy, which would not even find it. */
const isHere = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && LOOPBACK.test(hostname)
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

export interface TransportOptions {
  /**
   * Whether a connection serves more than one request; it does by default. A server may reset one that it has kept at
   * the very moment when it is used again, and then nobody knows whether the request was read.
   */
  readonly reuseConnections?: boolean
  /** Seconds that a call may take; a proxy has so long to open a tunnel, and not less than ten. */
  readonly timeout?: number
}

/** `fetch` as this process makes it. */
export type Transport = (url: URL, init: RequestInit) => Promise<Response>

/**
 * Makes `fetch` of one's own: through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), and with a
 * client certificate where one is given. It is asked for at every call, so a renewed one, which is another object, is used from then on.
 */
export function createTransport(
  certificate?: () => ClientCertificate,
  { reuseConnections = true, timeout = PATIENCE }: TransportOptions = {},
): Transport {
  const options = {
    ...(reuseConnections ? {} : ONE_EACH),
    clientFactory: proxyClients(Math.max(timeout, PATIENCE)),
  }
  let current:
    { readonly shown: ClientCertificate | undefined; readonly agent: EnvHttpProxyAgent } | undefined

  function agent(): EnvHttpProxyAgent {
    const shown = certificate?.()
    // A certificate that is the same is the same object.
    if (current?.shown === shown && current !== undefined) return current.agent
    // What is under way ends with the certificate it began with.
    void current?.agent.close()
    const tls = shown === undefined ? {} : { connect: { ...shown }, requestTls: { ...shown } }
    current = { shown, agent: createAgent({ ...options, ...tls }) }
    return current.agent
  }

  let direct: Agent | undefined
  const dispatcherFor = (url: URL): Agent | EnvHttpProxyAgent =>
    isHere(url) ? (direct ??= new Agent(reuseConnections ? {} : ONE_EACH)) : agent()

  return async (url, init) => {
    const dispatcher = dispatcherFor(url)
    const response = await undiciFetch(url, { ...(init as object as UndiciInit), dispatcher })
    // A class of its own, which does the same.
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion
    return response as unknown as Response
  }
}

/** A connection for each request. To a proxy that is asked without a tunnel, undici hands the option on by this way alone. */
const ONE_EACH = {
  pipelining: 0,
  factory: (origin: string | URL, options: object) => new Pool(origin, { ...options, pipelining: 0 }),
}

type Connect = (asked: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>

/** Makes ways to a proxy on which no tunnel is waited for without end. */
const proxyClients =
  (seconds: number) =>
  (origin: URL, options: object): Dispatcher => {
    const pool = new Pool(origin, options)
    const connect: Connect = pool.connect.bind(pool)
    return Object.assign(pool, {
      connect: (asked: Dispatcher.ConnectOptions) =>
        connect({ ...asked, signal: AbortSignal.timeout(seconds * 1000) }),
    })
  }

/** @throws `TypeError` for an address of a proxy that is none: undici's own error repeats it, with the password in it. */
function createAgent(options: EnvHttpProxyAgent.Options): EnvHttpProxyAgent {
  try {
    return new EnvHttpProxyAgent({
      ...options,
      // A proxy opens tunnels to the port of https, and seldom to another: what is plain goes as it is.
      proxyTunnel: false,
    })
  } catch {
    throw Object.assign(new TypeError(INVALID_PROXY.message), { code: INVALID_PROXY.code })
  }
}
