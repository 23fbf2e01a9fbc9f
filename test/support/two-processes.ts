import type { Jar } from './browser-jar.js'
import { RoundRobin } from './round-robin.js'
import type { ScriptedProvider } from './scripted-provider.js'
import { send, type Answer, type Send } from './send.js'
import { freePort, ServerProcess } from './server-process.js'
import { NAVIGATION, SCRIPT } from './test-app.js'

export interface TwoProcessesOptions {
  readonly redisUrl: string
  readonly env?: Readonly<Record<string, string>>
}

/** Two processes of the built server over one Redis, behind a balancer without stickiness. */
export class TwoProcesses {
  readonly balancer: RoundRobin
  readonly #provider: ScriptedProvider
  readonly #settings: readonly Readonly<Record<string, string>>[]
  readonly #running: ServerProcess[] = []

  private constructor(
    provider: ScriptedProvider,
    balancer: RoundRobin,
    settings: readonly Readonly<Record<string, string>>[],
  ) {
    this.#provider = provider
    this.balancer = balancer
    this.#settings = settings
  }

  static async start(
    provider: ScriptedProvider,
    { redisUrl, env = {} }: TwoProcessesOptions,
  ): Promise<TwoProcesses> {
    const ports = [await freePort(), await freePort()]
    const balancer = await RoundRobin.start(ports)
    const shared = { REDIS_URL: redisUrl, UPSTREAM_TIMEOUT: '3', PUBLIC_URL: balancer.url, ...env }
    const settings = ports.map((port) => ({ ...shared, PORT: String(port) }))
    const two = new TwoProcesses(provider, balancer, settings)
    await Promise.all([two.restart(0), two.restart(1)])
    return two
  }

  /** The first, as long as nobody has started it again. */
  get a(): ServerProcess {
    return this.#at(0)
  }

  get b(): ServerProcess {
    return this.#at(1)
  }

  /** Starts one with its settings, on its port. */
  async restart(index: 0 | 1): Promise<void> {
    this.#running[index] = await ServerProcess.start(this.#provider, { env: this.#settings[index] ?? {} })
  }

  /** One request, to one of them or to the balancer. */
  send(
    to: { readonly port: number },
    path: string,
    { headers = NAVIGATION, ...rest }: Send = {},
  ): Promise<Answer> {
    const { host } = new URL(this.balancer.url)
    return send({ hostname: '127.0.0.1', port: to.port }, path, { ...rest, headers: { host, ...headers } })
  }

  async whoami(to: { readonly port: number }, jar: Jar): Promise<string | undefined> {
    const answer = await this.send(to, '/api/whoami', { jar, headers: SCRIPT })
    if (answer.status !== 200 && answer.status !== 401) throw new Error(`whoami answered ${answer.status}`)
    return answer.status === 200 ? (answer.json() as { id: string }).id : undefined
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((server) => server.stop()))
    await this.balancer.close()
  }

  #at(index: number): ServerProcess {
    const server = this.#running[index]
    if (server === undefined) throw new Error('it was never started')
    return server
  }
}
