import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A proxy as many companies have one: it passes plain http on, and opens tunnels to the port of https alone. Every name is
 * that of one and the same server, but for `hanging.invalid`, which never answers.
 */
export class PlainProxy {
  /** What it was asked for: `METHOD address`. */
  readonly asked: string[] = []
  /** What it was shown. */
  readonly credentials: (string | undefined)[] = []
  /** What it says to everybody in place of passing on. */
  refusal: number | undefined
  readonly #server: Server

  private constructor(target: string) {
    const { hostname, port } = new URL(target)
    this.#server = createServer((req, res) => this.#pass(req, res, { hostname, port }))
    this.#server.on('connect', (req, socket) => {
      this.asked.push(`CONNECT ${req.url ?? ''}`)
      socket.end('HTTP/1.1 405 Method Not Allowed\r\n\r\n')
    })
  }

  static async start(target: string): Promise<PlainProxy> {
    const proxy = new PlainProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(req: IncomingMessage, res: ServerResponse, target: { hostname: string; port: string }): void {
    const { method = '', url = '', headers } = req
    this.asked.push(`${method} ${url}`)
    this.credentials.push(headers['proxy-authorization'])
    if (this.refusal !== undefined || !URL.canParse(url)) return void res.writeHead(this.refusal ?? 400).end()
    const { hostname, pathname, search } = new URL(url)
    if (hostname === 'hanging.invalid') return
    const onward = request({ ...target, method, path: pathname + search, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.writeHead(502).end())
    req.pipe(onward)
  }
}
