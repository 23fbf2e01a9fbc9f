import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

/** A proxy as `HTTPS_PROXY` names one: it tunnels, and sees nothing but where to. */
export class ConnectProxy {
  /** Where tunnels were asked for, as `host:port`. */
  readonly tunnels: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((_req, res) => res.writeHead(405).end())
    this.#server.on('connect', (req, client: Socket) => {
      const target = req.url ?? ''
      this.tunnels.push(target)
      const { hostname, port } = new URL(`http://${target}`)
      const upstream = connect(Number(port), hostname, () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        client.pipe(upstream).pipe(client)
      })
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => this.#sockets.delete(socket))
      }
    })
  }

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
