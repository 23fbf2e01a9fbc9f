import type { OutgoingHttpHeaders } from 'node:http'
import type { Jar } from './browser-jar.js'
import { KeycloakVisitor } from './keycloak-visitor.js'
import { send, type Answer, type Send } from './send.js'
import { freePort, ServerProcess } from './server-process.js'
import { NAVIGATION, SCRIPT } from './test-app.js'
import { until } from './until.js'

type Settings = Readonly<Record<string, string>>

export interface ManyOptions {
  readonly issuer: string
  readonly redisUrl: string
  /** What all of them have. */
  readonly env?: Settings
  /** What one of them has besides; as many as there are to be. */
  readonly each: readonly Settings[]
  /** `false` where they cannot become ready. */
  readonly untilReady?: boolean
}

/** The built server several times over one Redis, all of them the client `latchkey-web` of a real Keycloak. */
export class ManyProcesses {
  readonly publicUrl: string
  readonly all: readonly ServerProcess[]
  readonly #env: Settings

  private constructor(publicUrl: string, all: readonly ServerProcess[], env: Settings) {
    this.publicUrl = publicUrl
    this.all = all
    this.#env = env
  }

  static async start({
    issuer,
    redisUrl,
    env = {},
    each,
    untilReady = true,
  }: ManyOptions): Promise<ManyProcesses> {
    // One address for all of them, as behind a load balancer; whom a request is for is told by the port.
    const publicUrl = `http://127.0.0.1:${await freePort()}`
    const common = {
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: 'latchkey-web',
      OIDC_CLIENT_SECRET: 'latchkey-web-secret',
      API_AUDIENCE: 'latchkey-api',
      PUBLIC_URL: publicUrl,
      HOST: '127.0.0.1',
      REDIS_URL: redisUrl,
      ...env,
    }
    const all = await Promise.all(each.map((own) => startOne({ ...common, ...own }, untilReady)))
    return new ManyProcesses(publicUrl, all, common)
  }

  /** One more, with settings of its own. */
  add(own: Settings = {}): Promise<ServerProcess> {
    return startOne({ ...this.#env, ...own })
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((process) => process.stop()))
  }

  /** The log lines of all of them that have a code. */
  logged(code: string): readonly Record<string, unknown>[] {
    return this.all.flatMap(({ log }) => log.filter((line) => line['code'] === code))
  }

  send(process: ServerProcess, path: string, { headers = {}, ...rest }: Send = {}): Promise<Answer> {
    const { host } = new URL(this.publicUrl)
    return send({ hostname: '127.0.0.1', port: process.port }, path, {
      ...rest,
      headers: { host, ...headers },
    })
  }

  navigate(
    process: ServerProcess,
    path: string,
    jar: Jar,
    headers: OutgoingHttpHeaders = {},
  ): Promise<Answer> {
    return this.send(process, path, { jar, headers: { ...NAVIGATION, ...headers } })
  }

  /** A script of one of our pages. */
  ask(process: ServerProcess, path: string, jar: Jar): Promise<Answer> {
    return this.send(process, path, { jar, headers: SCRIPT })
  }

  /** A form of one of our pages. */
  post(process: ServerProcess, path: string, jar: Jar, form: Record<string, string> = {}): Promise<Answer> {
    const own = { ...NAVIGATION, 'sec-fetch-site': 'same-origin', origin: this.publicUrl }
    const headers = { ...own, 'content-type': 'application/x-www-form-urlencoded' }
    return this.send(process, path, {
      method: 'POST',
      jar,
      headers,
      body: new URLSearchParams(form).toString(),
    })
  }

  /** Signs in; the answer is the callback's. The visitor is the same browser at Keycloak. */
  async signIn(
    process: ServerProcess,
    jar: Jar,
    { person, visitor = new KeycloakVisitor(), path = '/login' }: SignIn,
  ): Promise<Answer> {
    const { location, status } = await this.navigate(process, path, jar)
    if (location === undefined) throw new Error(`${path} answered ${status}`)
    const callback = await visitor.signIn(new URL(location), person)
    return this.navigate(process, callback.pathname + callback.search, jar, {
      'sec-fetch-site': 'cross-site',
    })
  }
}

export interface SignIn {
  readonly person: string
  readonly visitor?: KeycloakVisitor
  readonly path?: string
}

async function startOne(env: Settings, untilReady = true): Promise<ServerProcess> {
  const server = await ServerProcess.start({ issuer: env['OIDC_ISSUER'] ?? '' }, { env })
  const isReady = async (): Promise<boolean> =>
    (await send({ hostname: '127.0.0.1', port: server.port }, '/readyz')).status === 200
  // As a load balancer does.
  if (untilReady) await until(async () => (await isReady()) || undefined)
  return server
}

/** Waits until a moment has passed. */
export async function untilTime(time: number): Promise<void> {
  while (Date.now() < time) await new Promise((resolve) => setTimeout(resolve, time - Date.now() + 1))
}
