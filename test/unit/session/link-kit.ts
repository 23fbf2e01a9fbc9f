import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Log, LogFields } from '../../../src/log.js'
import { noMetrics, type Metrics } from '../../../src/metrics.js'
import type { RedisLink } from '../../../src/session/redis-link.js'
import { GET, PROBE, REPLACE } from '../../../src/session/redis-scripts.js'
import { until } from '../../support/until.js'

/** What a link says of itself. */
export class Witness {
  readonly lines: (LogFields & { readonly level: string; readonly message: string })[] = []
  readonly measured: { readonly operation: string; readonly seconds: number; readonly ok: boolean }[] = []
  readonly log: Log
  readonly metrics: Metrics

  constructor() {
    const write = (level: string) => (fields: LogFields, message: string) => {
      this.lines.push({ ...fields, level, message })
    }
    this.log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
    this.metrics = {
      ...noMetrics,
      store: (operation, seconds, ok) => void this.measured.push({ operation, seconds, ok }),
    }
  }

  get codes(): unknown[] {
    return this.lines.map(({ code }) => code)
  }
}

export const probe = (link: RedisLink): Promise<unknown> => link.run('probe', PROBE, ['probe:'], [])
export const put = (link: RedisLink, key: string, value: string): Promise<unknown> =>
  link.run('replace', REPLACE, [key], ['', value, 60_000])
export const take = async (link: RedisLink, key: string): Promise<unknown> =>
  ((await link.run('get', GET, [key], [])) as unknown[] | null)?.[0]

/** What came of asking, and after how many milliseconds. */
export async function ask(link: RedisLink): Promise<{ readonly error: unknown; readonly took: number }> {
  const begun = performance.now()
  const error: unknown = await probe(link).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return { error, took: performance.now() - begun }
}

/** Waits until the link serves; after how many milliseconds it did. */
export async function serves(link: RedisLink, limit = 5000): Promise<number> {
  const begun = performance.now()
  await until(async () => ((await ask(link)).error === undefined ? true : undefined), limit)
  return performance.now() - begun
}

/** A network that can forget its connections, as a firewall does: nothing goes through them, and no end is told. */
export class ForgetfulRelay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const upstream = connect(port, '127.0.0.1')
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
      }
      client.pipe(upstream).pipe(client)
    })
  }

  static async start(port: number): Promise<ForgetfulRelay> {
    const relay = new ForgetfulRelay(port)
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Those that there are; new ones work. */
  forget(): void {
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
