import type { BackChannel } from './back-channel.js'
import { isObject } from './is-object.js'

/** The member under which an ID token passes openid-client, which would judge it. Whoever decides by it judges it. */
export const UNCHECKED_ID_TOKEN = 'latchkey_unchecked_id_token'

/** An answer that gives no usable token, and yet a refresh token: the one before it is spent. */
export class SpentForNothing extends Error {
  readonly refreshToken: string

  constructor(refreshToken: string) {
    super('the answer has a refresh token and no usable access token')
    this.refreshToken = refreshToken
  }
}

/** The refresh token of an answer that gave nothing else, in whatever openid-client made of it. */
export function spentForNothing(error: unknown): string | undefined {
  if (error instanceof SpentForNothing) return error.refreshToken
  return error instanceof Error && error.cause !== undefined ? spentForNothing(error.cause) : undefined
}

/**
 * A back channel for grants that loses no refresh token. openid-client refuses an answer as a whole when a part of it is
 * odd, and with it the refresh token that came in place of the one that was spent. So what is not needed is taken out
 * before, and what cannot be used is told with the refresh token in it.
 */
export function forgivingBackChannel(backChannel: BackChannel): BackChannel {
  return async (url, init) => {
    const response = await backChannel(url, init)
    const body = await jsonOf(response)
    const headers = new Headers(response.headers)
    // The error is in the body, or nowhere; with this header openid-client would not look at it.
    headers.delete('www-authenticate')
    const { status } = response
    if (body === undefined) return new Response(response.body, { status, headers })
    const answer = answerIn(body, status)
    return new Response(JSON.stringify(answer.body), { status: answer.status, headers })
  }
}

type Body = Readonly<Record<string, unknown>>

/** Tokens are tokens, whatever success the status speaks of. */
function answerIn(body: Body, status: number): { readonly body: Body; readonly status: number } {
  const isSuccess = status >= 200 && status < 300
  if (!isSuccess || 'active' in body) return { body: pick(body, status), status }
  const hasTokens = ['access_token', 'refresh_token', 'device_code'].some((name) => name in body)
  return hasTokens || saysError(body) ? { body: tidied(body), status: 200 } : { body, status }
}

/** Of an error what is read; an introspection is whole. */
function pick(body: Body, status: number): Body {
  if (status < 400) return body
  const { error, error_description: description } = body
  return { error, error_description: description }
}

async function jsonOf(response: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const body: unknown = await response.clone().json()
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

const saysError = ({ error }: Body): boolean => error !== undefined && error !== null

/** The other members that mean something here: openid-client judges them, and what else there is could be anything. */
const MEMBERS = [
  'access_token',
  'token_type',
  'device_code',
  'user_code',
  'verification_uri',
  'verification_uri_complete',
] as const

function tidied(body: Body): Body {
  // Tokens and an error in one answer.
  if (saysError(body)) {
    const next = textOf(body['refresh_token'])
    if (next !== undefined) throw new SpentForNothing(next)
    return { error: 'invalid_response' }
  }
  const answer = withoutNothing({
    ...Object.fromEntries(MEMBERS.map((name) => [name, body[name]])),
    refresh_token: textOf(body['refresh_token']),
    scope: textOf(body['scope']),
    expires_in: life(body['expires_in']),
    interval: positiveNumber(body['interval']),
    [UNCHECKED_ID_TOKEN]: textOf(body['id_token']),
  })
  if (typeof answer['refresh_token'] === 'string' && !isUsable(answer))
    throw new SpentForNothing(answer['refresh_token'])
  return answer
}

/** A member that is null says as much as one that is absent. */
function withoutNothing(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined))
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** What a server writes that has none. */
const NO_TOKEN: readonly string[] = ['undefined', 'null']

export const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[\u0021-\u007e]+$/.test(value) && !NO_TOKEN.includes(value)

/** What can stand behind `Authorization: Bearer`. @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-7.1 | RFC 6749 §7.1} */
export function isUsable({
  access_token: token,
  token_type: type,
}: Readonly<Record<string, unknown>>): boolean {
  return isToken(token) && typeof type === 'string' && type.toLowerCase() === 'bearer'
}

/** Seconds are whole: less than one would be renewed without end. */
function life(value: unknown): number | undefined {
  const seconds = positiveNumber(value)
  return seconds === undefined ? undefined : Math.max(seconds, 1)
}

function positiveNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined
}
