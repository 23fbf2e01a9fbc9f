import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp, type Services } from '../../src/app.js'
import { createServer } from '../../src/http/create-server.js'
import type { Log, LogFields } from '../../src/log.js'
import { currentRequestId } from '../../src/log.js'
import type { Options } from '../../src/options.js'
import { buildServices } from '../../src/services.js'
import type { Jar } from './browser-jar.js'
import { send, type Answer, type Send } from './send.js'
import {
  AUDIENCE,
  CLIENT_ID,
  CLIENT_SECRET,
  type Person,
  type ScriptedProvider,
} from './scripted-provider.js'

export interface TestAppOptions extends Partial<Options> {
  readonly trustProxy?: boolean | string
  /** Mounts the parts elsewhere than in the app of this package. */
  readonly makeApp?: (services: Services) => RequestListener
}

export interface LogLine extends LogFields {
  readonly level: string
  readonly message: string
  readonly request_id: string | undefined
}

export type { Answer, Send }

/** The headers of a browser that opens an address. */
export const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}
/** The headers of a script on one of our pages. */
export const SCRIPT = {
  accept: 'application/json',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
}

export function newPerson(claims: Record<string, unknown> = {}): Person {
  const id = randomUUID().slice(0, 8)
  return {
    sub: randomUUID(),
    name: `Person ${id}`,
    preferred_username: `person-${id}`,
    email: `${id}@example.test`,
    ...claims,
  }
}

/** The app on a port of its own, as `src/server.ts` makes it, with its log kept. */
export class TestApp {
  readonly log: LogLine[] = []
  readonly #server: Server
  readonly port: number
  readonly publicUrl: string
  readonly services: Services

  private constructor(
    server: Server,
    port: number,
    options: Options,
    { trustProxy = false, makeApp = createApp }: TestAppOptions,
  ) {
    this.port = port
    this.publicUrl = options.publicUrl
    this.#server = server
    this.services = {
      ...buildServices({ accountPath: '/account', ...options, log: this.#collect() }),
      trustProxy,
      isShuttingDown: () => false,
    }
    server.on('request', makeApp(this.services))
  }

  /** `publicUrl` is the app's own address unless given. */
  static async start(
    provider: Pick<ScriptedProvider, 'issuer'>,
    { makeApp, ...options }: TestAppOptions = {},
  ): Promise<TestApp> {
    // The port must be known before the app is made: its addresses are built from it.
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const complete: Options = {
      publicUrl: `http://127.0.0.1:${port}`,
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      apiAudience: AUDIENCE,
      sessionSecrets: ['a-session-secret-of-the-tests-of-32-characters'],
      upstreamTimeout: 2,
      jwksCooldown: 1,
      ...options,
    }
    return new TestApp(server, port, complete, { ...options, ...(makeApp && { makeApp }) })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await this.services.close()
  }

  /** One request, redirects not followed. `path` goes out as it is. */
  send(path: string, { headers = {}, ...rest }: Send = {}): Promise<Answer> {
    const host = new URL(this.publicUrl).host
    return send({ hostname: '127.0.0.1', port: this.port }, path, { ...rest, headers: { host, ...headers } })
  }

  navigate(path: string, jar?: Jar, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.send(path, { ...(jar && { jar }), headers: { ...NAVIGATION, ...headers } })
  }

  /** `/secure-data`, or another address of the API, with a token. */
  bearer(
    token: string | undefined,
    path = '/secure-data',
    headers: OutgoingHttpHeaders = {},
  ): Promise<Answer> {
    return this.send(path, {
      headers: {
        ...SCRIPT,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
  }

  /** Who the app believes this browser is; `undefined` for nobody. */
  async whoami(jar: Jar): Promise<{ id: string; username: string; primary_email: string } | undefined> {
    const answer = await this.send('/api/whoami', { jar, headers: SCRIPT })
    if (answer.status === 401) return undefined
    if (answer.status !== 200) throw new Error(`whoami answered ${answer.status}`)
    return answer.json() as { id: string; username: string; primary_email: string }
  }

  /** Begins a login and returns the authorization request. */
  async beginLogin(jar: Jar, path = '/login'): Promise<URL> {
    const answer = await this.navigate(path, jar)
    if (answer.location === undefined) throw new Error(`${path} answered ${answer.status}`)
    return new URL(answer.location)
  }

  /** Opens a page and follows redirects of our own; the answer is the first that leads elsewhere, or is a page. */
  async follow(path: string, jar: Jar): Promise<Answer> {
    const answer = await this.navigate(path, jar)
    return answer.location?.startsWith('/') === true ? this.follow(answer.location, jar) : answer
  }

  /** The callback as the browser sends it, coming back from another site. */
  callback(url: URL, jar: Jar, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.navigate(url.pathname + url.search, jar, { 'sec-fetch-site': 'cross-site', ...headers })
  }

  /** A whole login; the answer is the callback's. */
  async signIn(
    provider: ScriptedProvider,
    jar: Jar,
    person: Person = newPerson(),
    path = '/login',
  ): Promise<Answer> {
    return this.callback(provider.approve((await this.beginLogin(jar, path)).href, person), jar)
  }

  /** Sends the form of `/logout` from our own page. */
  signOut(jar: Jar, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const own = { ...NAVIGATION, 'sec-fetch-site': 'same-origin', origin: this.publicUrl }
    return this.send('/logout', { method: 'POST', jar, headers: { ...own, ...headers } })
  }

  #collect(): Log {
    const write = (level: string) => (fields: LogFields, message: string) => {
      this.log.push({ ...fields, level, message, request_id: currentRequestId() })
    }
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  }
}
