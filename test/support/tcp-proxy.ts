import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * - `pass`: everything goes through;
 * - `silent`: connections are accepted and kept, and nothing goes through, in either direction, not even their end;
 *   what was sent meanwhile arrives later, as from a network that comes back;
 * - `refuse`: connections are reset, those that exist and new ones.
 */
export type ProxyMode = 'pass' | 'silent' | 'refuse'

/** A network in front of a server, which can fail. */
export class TcpProxy {
  /** Milliseconds that every reply takes longer, from now on. */
  delay = 0
  #mode: ProxyMode = 'pass'
  #waiting: (() => void)[] = []
  readonly #target: { readonly host: string; readonly port: number }
  readonly #clients = new Set<Socket>()
  readonly #upstreams = new Set<Socket>()
  readonly #server: Server

  private constructor(host: string, port: number) {
    this.#target = { host, port }
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  }

  static async start(port: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const proxy = new TcpProxy(host, port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get mode(): ProxyMode {
    return this.#mode
  }

  /** Existing connections follow at once. */
  set mode(mode: ProxyMode) {
    this.#mode = mode
    if (mode === 'refuse') this.#reset()
    const waiting = this.#waiting
    this.#waiting = []
    for (const goOn of waiting) goOn()
  }

  async close(): Promise<void> {
    for (const socket of [...this.#clients, ...this.#upstreams]) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #reset(): void {
    for (const client of this.#clients) client.resetAndDestroy()
    for (const upstream of this.#upstreams) upstream.destroy()
  }

  #accept(client: Socket): void {
    track(client, this.#clients)
    if (this.#mode === 'refuse') client.resetAndDestroy()
    // While silent, the server learns nothing of the connection, and the client not whether there is a server.
    void this.#speaking().then(() => {
      if (!client.destroyed) this.#join(client)
    })
  }

  #join(client: Socket): void {
    const upstream = connect({ ...this.#target, allowHalfOpen: true, noDelay: true })
    track(upstream, this.#upstreams)
    this.#relay(client, upstream, () => 0)
    this.#relay(upstream, client, () => this.delay)
  }

  /** Hands on what comes from one side, in its order: data, its end, a failure. */
  #relay(from: Socket, to: Socket, delay: () => number): void {
    let last = Promise.resolve()
    const inTurn = (act: () => unknown): void => {
      const milliseconds = delay()
      const due = milliseconds > 0 ? sleep(milliseconds, undefined, { ref: false }) : undefined
      last = last
        .then(() => due)
        .then(() => this.#speaking())
        .then(() => void act())
    }
    from.on('data', (chunk) => inTurn(() => to.write(chunk)))
    from.on('end', () => inTurn(() => to.end()))
    from.on('error', () => inTurn(() => to.resetAndDestroy()))
  }

  async #speaking(): Promise<void> {
    while (this.#mode === 'silent') await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

function track(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  // Connections fail here by intention.
  socket.on('error', () => undefined)
}
