import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Another address of a server, which keeps every byte that goes through, in either direction. */
export class TcpRecorder {
  readonly #chunks: Buffer[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1')
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (chunk) => {
          this.#chunks.push(chunk)
          to.write(chunk)
        })
        from.on('close', () => to.destroy())
        from.on('error', () => undefined)
      }
    })
  }

  static async start(target: number): Promise<TcpRecorder> {
    const recorder = new TcpRecorder(target)
    await new Promise<void>((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve))
    return recorder
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** One character a byte. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
