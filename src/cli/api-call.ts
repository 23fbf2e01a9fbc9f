import { isObject } from '../provider/is-object.js'
import { audiences } from '../provider/jwt.js'
import type { TokenProvider } from '../tokens/token-provider.js'
import { safeText } from '../tokens/withheld.js'
import { readJwt, textOf } from './claims.js'
import { CliError } from './errors.js'
import { EXIT } from './exit-codes.js'
import { isNestedDeeply, jsonTextLine } from './json-line.js'

/** More than this is no answer of an API like ours. */
const MAX_BYTES = 1024 * 1024

export interface ApiCallOptions {
  /** Seconds for the whole answer. */
  readonly timeout: number
  readonly signal: AbortSignal
  /** What is shown of no answer, such as the tokens that were sent. It may grow while the call lasts. */
  readonly secrets: readonly string[]
}

/**
 * Gets a JSON object of an API with a token of the provider: its text, as a line that is safe to show.
 *
 * @throws {@link CliError} with the address and the status, `TokenError`, or the reason of the signal
 */
export async function getFromApi(
  provider: TokenProvider,
  url: string,
  { timeout, signal, secrets }: ApiCallOptions,
): Promise<string> {
  // The token has a deadline of its own.
  await provider({ signal })
  const deadline = AbortSignal.timeout(timeout * 1000)
  let answer: Answer
  try {
    const response = await provider.fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    })
    answer = { status: response.status, text: await bounded(response) }
  } catch (error) {
    signal.throwIfAborted()
    if (!isOfTheNetwork(error)) throw error
    throw new CliError(EXIT.unavailable, `GET ${url}: no answer (${reasonOf(error)})`, [
      'API_URL says where the API is.',
    ])
  }
  return readAnswer(url, answer, secrets)
}

interface Answer {
  readonly status: number
  /** Nothing when it was too large. */
  readonly text: string | undefined
}

function readAnswer(url: string, { status, text }: Answer, secrets: readonly string[]): string {
  if (text === undefined) throw new CliError(EXIT.refused, `GET ${url} answered more than 1 MiB`)
  const body = parse(text)
  if (status < 200 || status >= 300) throw refusal(url, status, isObject(body) ? body : {}, secrets)
  const answered = `GET ${url} answered ${status}`
  if (!isObject(body))
    throw new CliError(EXIT.refused, `${answered}, and no JSON object`, ['API_URL says where the API is.'])
  if (isNestedDeeply(body))
    throw new CliError(EXIT.refused, `${answered}, with JSON that is nested too deeply`)
  // As it is written, and as it is read.
  const readings = [text, JSON.stringify(body)]
  if (secrets.some((secret) => readings.some((reading) => reading.includes(secret))))
    throw new CliError(EXIT.refused, `${answered}, with the access token in it: that is not shown`)
  return jsonTextLine(text)
}

function refusal(
  url: string,
  status: number,
  body: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
): CliError {
  const said = [body['error'], body['error_description']]
  const words = said.filter((word) => typeof word === 'string').map((word) => safeText(word, secrets))
  const more = words.length === 0 ? '' : ` (${words.join(': ')})`
  const exitCode = status >= 500 ? EXIT.unavailable : EXIT.refused
  return new CliError(
    exitCode,
    `GET ${url} answered ${status}${more}`,
    status === 401 ? audienceHint(secrets) : [],
  )
}

/** What an API seldom says: whom the token is for. */
function audienceHint(tokens: readonly string[]): readonly string[] {
  const claims = readJwt(tokens.at(-1) ?? '')?.claims
  if (claims === undefined) return []
  const named = audiences(claims['aud']).join(', ') || 'nobody by name'
  const client = textOf(claims, 'azp') ?? 'the client'
  return [
    `hint: the token is for ${named}. Where the API wants its own name there (API_AUDIENCE): Clients → ${client} → Client scopes → ${client}-dedicated → Add mapper → Audience. Its log has the reason.`,
  ]
}

async function bounded(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What `fetch` throws when there is no answer. By its members, not its class: it may come from another realm. */
function isOfTheNetwork(error: unknown): boolean {
  const name = error instanceof Error || error instanceof DOMException ? error.name : undefined
  return name === 'TimeoutError' || name === 'AbortError' || (name === 'TypeError' && reasonOf(error) !== '')
}

/** The short word of what went wrong on the wire. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'time-out'
  const { cause } = error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  if (typeof code === 'string') return code
  return error.message === 'fetch failed' || error.message === 'terminated' ? 'connection failed' : ''
}
