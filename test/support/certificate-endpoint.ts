import { request as httpRequest } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { createCertificate } from './certificate.js'

/** What arrived: where, and whose certificate was shown. */
export interface Shown {
  readonly path: string
  readonly fingerprint: string | undefined
}

export interface EndpointOptions {
  /** Whether nobody gets through without a certificate. */
  readonly demands?: boolean
  /** Its own certificate: of two with one name, only one is found among those that are trusted. */
  readonly pair?: { readonly key: string; readonly cert: string }
}

export const fingerprintOf = (cert: string): string => new X509Certificate(cert).fingerprint256

/** Of what was shown in the handshake; nothing when nothing was. */
function fingerprintIn(socket: Socket): string | undefined {
  return socket instanceof TLSSocket
    ? (socket.getPeerCertificate() as { fingerprint256?: string }).fingerprint256
    : undefined
}

/** TLS in front of a plain server, which asks for a client certificate and passes its fingerprint on. */
export class CertificateEndpoint {
  readonly shown: Shown[] = []
  /** Certificate of the endpoint itself, which nobody trusts by default. */
  readonly cert: string
  readonly #server: Server

  private constructor(target: string, { demands = false, pair = createCertificate() }: EndpointOptions) {
    const { key, cert } = pair
    this.cert = cert
    const { hostname, port } = new URL(target)
    this.#server = createServer({ key, cert, requestCert: true, rejectUnauthorized: false }, (req, res) => {
      const fingerprint = fingerprintIn(req.socket)
      this.shown.push({ path: req.url ?? '', fingerprint })
      if (demands && fingerprint === undefined) {
        req.socket.destroy()
        return
      }
      const headers = { ...req.headers, 'x-certificate': fingerprint ?? '' }
      const passed = httpRequest(
        { hostname, port, method: req.method, path: req.url, headers, agent: false },
        (answer) => {
          res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
          answer.pipe(res)
        },
      )
      passed.on('error', () => res.writeHead(502).end())
      req.pipe(passed)
    })
  }

  static async start(target: string, options: EndpointOptions = {}): Promise<CertificateEndpoint> {
    const endpoint = new CertificateEndpoint(target, options)
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve))
    return endpoint
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
