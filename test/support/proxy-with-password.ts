import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

/** A proxy as `HTTPS_PROXY` names one, which keeps what it was shown and can refuse. */
export class ProxyWithPassword {
  /** What it says to everybody; without one it connects. */
  refusal: string | undefined
  /** Whether it says nothing at all. */
  isSilent = false
  /** Where it was asked to connect to. */
  readonly asked: string[] = []
  /** What it was shown. */
  readonly credentials: (string | undefined)[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((_req, res) => res.writeHead(500).end())
    this.#server.on('connect', (req, client: Socket) => {
      this.asked.push(req.url ?? '')
      this.credentials.push(req.headers['proxy-authorization'])
      this.#track(client)
      if (this.isSilent) return
      if (this.refusal !== undefined) return void client.end(`HTTP/1.1 ${this.refusal}\r\n\r\n`)
      const { hostname, port } = new URL(`http://${req.url ?? ''}`)
      const upstream = connect({ host: hostname, port: Number(port) }, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n')
        upstream.pipe(client).pipe(upstream)
      })
      this.#track(upstream)
    })
  }

  static async start(): Promise<ProxyWithPassword> {
    const proxy = new ProxyWithPassword()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  reset(): void {
    this.refusal = undefined
    this.isSilent = false
    this.asked.length = 0
    this.credentials.length = 0
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    // Connections fail here by intention.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
