import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ApiRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The token that was shown. */
  readonly token: string | undefined
}

/** A status, or an answer in full; a function decides by the request. */
export type ApiAnswer = number | ApiReply | ((request: ApiRequest) => number | ApiReply)

export interface ApiReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, or a text as it is. */
  readonly body?: unknown
}

/** Somebody's JSON API on a port of its own, which answers by script and keeps what it was asked. */
export class ScriptedApi {
  /** The answers to the next requests, one each. */
  next: ApiAnswer[] = []
  /** Every other answer. */
  answer: ApiAnswer = 200
  requests: ApiRequest[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const { headers, method = '', url: path = '' } = req
        const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
        const request = { method, path, headers, body: Buffer.concat(chunks).toString(), token }
        this.requests.push(request)
        const reply = this.#replyTo(request)
        const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
        res.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(text)
      })
    })
  }

  static async start(): Promise<ScriptedApi> {
    const api = new ScriptedApi()
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve))
    return api
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The tokens that were shown, one a request. */
  get tokens(): readonly (string | undefined)[] {
    return this.requests.map(({ token }) => token)
  }

  /** Says 401 to every token but those that `isGood` takes. */
  takeOnly(isGood: (token: string) => boolean): void {
    this.answer = ({ token }) => (token !== undefined && isGood(token) ? 200 : 401)
  }

  /** The answer that leads elsewhere. */
  static redirect(location: string, status = 302): ApiReply {
    return { status, headers: { location } }
  }

  reset(): void {
    this.next = []
    this.answer = 200
    this.requests = []
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #replyTo(request: ApiRequest): ApiReply {
    const script = this.next.shift() ?? this.answer
    const said = typeof script === 'function' ? script(request) : script
    if (typeof said !== 'number') return { body: {}, ...said }
    if (said === 204 || said === 304) return { status: said, body: '' }
    const challenge = { 'www-authenticate': 'Bearer realm="api", error="invalid_token"' }
    if (said === 401) return { status: said, headers: challenge, body: { error: 'invalid_token' } }
    return { status: said, body: said < 400 ? { ok: true } : { error: 'refused' } }
  }
}
