import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

const ANSWER =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n{}'

/**
 * A server that keeps connections for later, and has always just reset them when later comes: what is asked on one that was
 * used before is not even read.
 */
export class ImpatientServer {
  /** How many requests it has answered. */
  answered = 0
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
      socket.once('data', () => {
        this.answered += 1
        socket.write(ANSWER)
        socket.once('data', () => socket.resetAndDestroy())
      })
    })
  }

  static async start(): Promise<ImpatientServer> {
    const server = new ImpatientServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`)
  }

  /** How many are connected. */
  get open(): number {
    return this.#sockets.size
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
