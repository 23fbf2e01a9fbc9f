import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of somebody else's, which nobody is meant to call. It answers 200 with an empty key set to everything. */
export class Listener {
  readonly hits: string[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((req, res) => {
      this.hits.push(`${req.method ?? ''} ${req.url ?? ''} ${JSON.stringify(req.headers)}`)
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}')
    })
  }

  static async start(): Promise<Listener> {
    const listener = new Listener()
    await new Promise<void>((resolve) => listener.#server.listen(0, '127.0.0.1', resolve))
    return listener
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
