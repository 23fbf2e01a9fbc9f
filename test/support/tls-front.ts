import { request as httpRequest } from 'node:http'
import { createServer, request as httpsRequest, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCertificate } from './certificate.js'
import type { Answer, Send } from './test-app.js'

/** A proxy that ends TLS and passes requests on in plain http, as in front of a deployed app. */
export class TlsFront {
  /** Where requests go. */
  target = 0
  readonly #server: Server
  readonly #certificate: string

  private constructor({ key, cert }: { key: string; cert: string }) {
    this.#certificate = cert
    this.#server = createServer({ key, cert }, (req, res) => {
      const headers = { ...req.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.1' }
      const passed = httpRequest(
        { host: '127.0.0.1', port: this.target, method: req.method, path: req.url, headers, agent: false },
        (answer) => {
          res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
          answer.pipe(res)
        },
      )
      passed.on('error', () => res.writeHead(502).end())
      req.pipe(passed)
    })
  }

  static async start(): Promise<TlsFront> {
    const front = new TlsFront(createCertificate())
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve))
    return front
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** One request over TLS, as `TestApp.send` makes it. */
  send(path: string, { method = 'GET', jar, headers = {}, body }: Send = {}): Promise<Answer> {
    const cookie = jar === undefined || jar.header === '' ? {} : { cookie: jar.header }
    const ca = this.#certificate
    return new Promise((resolve, reject) => {
      const req = httpsRequest(
        new URL(path, this.url),
        { method, headers: { ...cookie, ...headers }, ca, servername: '', agent: false },
        (res) => {
          let text = ''
          res.on('data', (chunk: Buffer) => (text += chunk.toString()))
          res.on('error', reject)
          res.on('end', () => {
            const cookies = res.headers['set-cookie'] ?? []
            jar?.take(cookies)
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              rawHeaders: res.rawHeaders,
              body: text,
              location: res.headers.location,
              cookies,
              json: () => JSON.parse(text) as unknown,
            })
          })
        },
      )
      req.on('error', reject)
      req.end(body)
    })
  }
}
