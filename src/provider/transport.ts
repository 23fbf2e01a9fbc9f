import { EnvHttpProxyAgent, fetch as undiciFetch, type RequestInit as UndiciInit } from 'undici'

/** What this process shows in the TLS handshake. PEM, both. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

/** `fetch` as this process makes it. */
export type Transport = (url: URL, init: RequestInit) => Promise<Response>

/**
 * Makes `fetch` of one's own: through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), and with a
 * client certificate where one is given. It is asked for at every call, so a renewed one, which is another object, is used from then on.
 */
export function createTransport(certificate?: () => ClientCertificate): Transport {
  let current:
    { readonly shown: ClientCertificate | undefined; readonly agent: EnvHttpProxyAgent } | undefined

  function agent(): EnvHttpProxyAgent {
    const shown = certificate?.()
    // A certificate that is the same is the same object.
    if (current?.shown === shown && current !== undefined) return current.agent
    // What is under way ends with the certificate it began with.
    void current?.agent.close()
    const tls = shown === undefined ? {} : { connect: { ...shown }, requestTls: { ...shown } }
    current = { shown, agent: createAgent(tls) }
    return current.agent
  }

  return async (url, init) => {
    const response = await undiciFetch(url, { ...(init as object as UndiciInit), dispatcher: agent() })
    // A class of its own, which does the same.
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion
    return response as unknown as Response
  }
}

/** @throws `TypeError` for an address of a proxy that is none: undici's own error repeats it, with the password in it. */
function createAgent(tls: EnvHttpProxyAgent.Options): EnvHttpProxyAgent {
  try {
    return new EnvHttpProxyAgent(tls)
  } catch {
    const error = new TypeError('HTTPS_PROXY or HTTP_PROXY is not the address of an http(s) proxy')
    throw Object.assign(error, { code: 'ERR_INVALID_PROXY' })
  }
}
