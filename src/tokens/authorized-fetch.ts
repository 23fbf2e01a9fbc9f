import { createTransport, hasProxy } from '../provider/transport.js'
import { isFault, TokenError } from './errors.js'
import { ownResponse } from './own-response.js'
import type { CallOptions, TokenFetchInit } from './token-provider.js'

/** To send them twice is to send them once. @see {@link https://www.rfc-editor.org/rfc/rfc9110.html#section-9.2.2 | RFC 9110 §9.2.2} */
const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']

type Body = ReadableStream | Blob | null

export interface TokenSource {
  current(options: CallOptions): Promise<string>
  /** Says that an API, named by its origin, refused a token, and returns whether another one may help. */
  refuse(accessToken: string, api: string): boolean
  /** Says that an API took a token. */
  accept(api: string): void
}

/** A request as it can be sent more than once, unless its body is a stream. */
interface Sendable {
  readonly request: Request
  readonly init: RequestInit
  readonly body: Body
  /** The caller's own: one that merely follows it could be gone before the body is. */
  readonly signal: AbortSignal | undefined
}

const transport = createTransport()

/**
 * Makes `fetch` with a token.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1 | RFC 6750 §2.1}
 */
export function createAuthorizedFetch(source: TokenSource) {
  return async (input: string | URL | Request, given?: TokenFetchInit | null): Promise<Response> => {
    const { repeatable, ...init } = given ?? {}
    // What is wrong with the request shows before a token is asked for.
    const sendable = await readRequest(input, init)
    const { request, signal } = sendable
    const { origin: api } = new URL(request.url)
    const token = await source.current({ signal })
    const answer = await send(sendable, token)
    if (answer.status !== 401 || !sawToken(answer, api)) {
      source.accept(api)
      return answer
    }
    if (!source.refuse(token, api) || !mayRepeat(sendable, repeatable)) return answer
    const another = await renewed(source, signal)
    // None could be had, and the one that there is still lasts for others.
    if (another === undefined || another === token) return answer
    // It may be broken already, which is nobody's business any more.
    await answer.body?.cancel().catch(() => undefined)
    const second = await send(sendable, another)
    if (second.status !== 401) source.accept(api)
    return second
  }
}

async function readRequest(input: string | URL | Request, init: RequestInit): Promise<Sendable> {
  const request = new Request(input, withDuplex(init))
  const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
  return { request, init, body: await bodyOf(request, init), signal }
}

const mayRepeat = ({ request, body }: Sendable, repeatable: boolean | undefined): boolean =>
  !(body instanceof ReadableStream) && (repeatable ?? IDEMPOTENT.includes(request.method))

/** Nothing, when none can be had now: the caller has the API's answer, then. */
async function renewed(source: TokenSource, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return await source.current({ signal })
  } catch (error) {
    if (error instanceof TokenError && isFault(error)) return undefined
    throw error
  }
}

/** A 401 of another origin, where a redirect led, is not about our token: it was not shown there. One that a program has made has no address. */
const sawToken = ({ url }: Response, api: string): boolean => url === '' || new URL(url).origin === api

/** What comes bit by bit, and once: a stream of the web or of Node. */
const isStream = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

/** `fetch` refuses a stream without it. */
const withDuplex = (init: RequestInit): RequestInit =>
  isStream(init.body) ? { ...init, duplex: 'half' } : init

/** The body as it can be sent twice; a stream cannot. */
async function bodyOf(request: Request, init: RequestInit): Promise<Body> {
  if (request.body === null) return null
  // Bytes, and not an ArrayBuffer: a redirect would find that one empty.
  return isStream(init.body) ? request.body : request.blob()
}

function send({ request, init, body, signal }: Sendable, token: string): Promise<Response> {
  const headers = new Headers(request.headers)
  // Another origin does not get it: a redirect to one goes on without.
  headers.set('authorization', `Bearer ${token}`)
  const { method, redirect, url, integrity } = request
  const duplex = body instanceof ReadableStream ? { duplex: 'half' as const } : {}
  const all = { ...init, method, headers: Object.fromEntries(headers), body, redirect, integrity, ...duplex }
  const complete = signal === undefined ? all : { ...all, signal }
  // Everybody's own `fetch` knows no proxy; where there is one, ours does.
  return hasProxy()
    ? transport(new URL(url), complete).then((answer) => ownResponse(answer))
    : fetch(url, complete)
}
