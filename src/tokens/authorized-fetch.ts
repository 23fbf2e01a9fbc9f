import { createTransport } from '../provider/transport.js'
import type { CallOptions, TokenFetchInit } from './token-provider.js'

/** To send them twice is to send them once. @see {@link https://www.rfc-editor.org/rfc/rfc9110.html#section-9.2.2 | RFC 9110 §9.2.2} */
const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']
type Body = ReadableStream | ArrayBuffer | null

const HAS_NO_BODY: readonly number[] = [101, 103, 204, 205, 304]

export interface TokenSource {
  current(options: CallOptions): Promise<string>
  /** Says that an API refused a token, and returns whether another one may help. */
  refuse(accessToken: string): boolean
}

const transport = createTransport()

/**
 * Makes `fetch` with a token.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1 | RFC 6750 §2.1}
 */
export function createAuthorizedFetch(source: TokenSource) {
  return async (url: string | URL, { repeatable, ...init }: TokenFetchInit = {}): Promise<Response> => {
    // What is wrong with the request shows before a token is asked for.
    const request = new Request(url, withDuplex(init))
    const body = await bodyOf(request, init)
    const call = { signal: request.signal }
    const token = await source.current(call)
    const answer = await send(request, body, token)
    if (answer.status !== 401 || !sawToken(answer, request) || !source.refuse(token)) return answer
    const isRepeatable = repeatable ?? IDEMPOTENT.includes(request.method)
    if (!isRepeatable || body instanceof ReadableStream) return answer
    // It may be broken already, which is nobody's business any more.
    await answer.body?.cancel().catch(() => undefined)
    return send(request, body, await source.current(call))
  }
}

/** A 401 of another origin, where a redirect led, is not about our token: it was not shown there. */
const sawToken = ({ url }: Response, request: Request): boolean =>
  new URL(url).origin === new URL(request.url).origin

/** What comes bit by bit, and once: a stream of the web or of Node. */
const isStream = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

/** `fetch` refuses a stream without it. */
const withDuplex = (init: RequestInit): RequestInit =>
  isStream(init.body) ? { ...init, duplex: 'half' } : init

/** The body as it can be sent twice; a stream cannot. */
async function bodyOf(request: Request, init: RequestInit): Promise<Body> {
  if (request.body === null) return null
  return isStream(init.body) ? request.body : request.arrayBuffer()
}

async function send(request: Request, body: Body, token: string): Promise<Response> {
  const headers = new Headers(request.headers)
  // Another origin does not get it: a redirect to one goes on without.
  headers.set('authorization', `Bearer ${token}`)
  const { method, redirect, signal } = request
  const duplex = body instanceof ReadableStream ? { duplex: 'half' as const } : {}
  const init = { method, headers: Object.fromEntries(headers), body, redirect, signal, ...duplex }
  const answer = await transport(new URL(request.url), init)
  return globalResponse(answer)
}

/** The answer as the `Response` that everybody knows: the transport has a class of its own. */
function globalResponse(answer: Response): Response {
  const { status, statusText, url, redirected, type } = answer
  const headers = [...answer.headers] as [string, string][]
  const body = HAS_NO_BODY.includes(status) ? null : answer.body
  const response = new Response(body, { status, statusText, headers })
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
  })
}
