import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

export interface RoundRobinOptions {
  /** The `Host` that backends see, instead of the client's. */
  readonly host?: string
}

/**
 * A load balancer without stickiness: every request goes to the next backend. `X-Backend` of the answer is the number
 * of the one that gave it.
 *
 * A backend that refuses the connection is left out. Nothing else is tried again: a request that one has taken may
 * have been carried out.
 */
export class RoundRobin {
  readonly #ports: readonly number[]
  readonly #host: string | undefined
  readonly #server: Server
  #next = 0

  private constructor(ports: readonly number[], host: string | undefined) {
    this.#ports = ports
    this.#host = host
    this.#server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      // The body is kept until a backend has taken the connection.
      req.on('end', () => this.#pass(req, Buffer.concat(chunks), res))
    })
  }

  static async start(ports: readonly number[], { host }: RoundRobinOptions = {}): Promise<RoundRobin> {
    const proxy = new RoundRobin(ports, host)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(req: IncomingMessage, body: Buffer, res: ServerResponse, refusals = 0): void {
    if (refusals === this.#ports.length) {
      res.writeHead(502).end('no backend accepts connections')
      return
    }
    const index = this.#next
    this.#next = (index + 1) % this.#ports.length
    const { method, url, headers } = req
    const onward = request(
      {
        host: '127.0.0.1',
        port: this.#ports[index],
        method,
        path: url,
        headers: { ...headers, ...(this.#host !== undefined && { host: this.#host }) },
        agent: false,
      },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, [...answer.rawHeaders, 'X-Backend', String(index)])
        pipeline(answer, res, () => undefined)
      },
    )
    onward.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.#pass(req, body, res, refusals + 1)
      else if (res.headersSent) res.destroy()
      else res.writeHead(502, { 'X-Backend': index }).end('the backend broke off')
    })
    res.on('close', () => onward.destroy())
    onward.end(body)
  }
}
