import * as oidc from 'openid-client'
import { ownError } from '../errors.js'
import { answerIn, answerStatus, descriptionIn, meansNotNow } from '../provider/answer-status.js'
import type { ClientAuthentication } from '../provider/client-authentication.js'
import { ProviderError } from '../provider/errors.js'
import { isObject } from '../provider/is-object.js'
import { spentForNothing } from '../provider/token-answer.js'
import { TokenError, type TokenErrorCode } from './errors.js'
import { keycloakTokenHint, type Asked } from './keycloak-token-hints.js'
import { safeText, WITHHELD } from './withheld.js'

export interface TranslationOptions {
  readonly asked: Asked
  readonly clientId: string
  readonly clientAuthentication: ClientAuthentication
  /** The issuer, or the token endpoint. */
  readonly server: string
  /** Whether the hints are Keycloak's. */
  readonly isKeycloak: boolean
  /** Where the endpoint is instead, if it can be found. */
  readonly elsewhere: () => Promise<string | undefined>
  /** What must not be in any text of the error. */
  readonly secrets: readonly string[]
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2 | RFC 6749 §5.2} */
const ERROR_WORD = /^[\u0021\u0023-\u005b\u005d-\u007e]{1,60}$/

/** What a server says where nothing of the kind is. */
const NOT_THERE: readonly number[] = [404, 405]

/** Words of the specifications, which repeat no credential, whatever that is. */
const KNOWN_WORDS: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_token_type',
  'invalid_scope',
  'invalid_target',
  'invalid_token',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'authorization_pending',
  'slow_down',
  'expired_token',
])

/** Those of them that fit a status above 499. */
const TROUBLE: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable', 'slow_down'])

const WHAT: Readonly<Record<Asked, string>> = {
  password: 'the token endpoint',
  client_credentials: 'the token endpoint',
  refresh_token: 'the token endpoint',
  device_code: 'the authorization server',
  token_exchange: 'the token endpoint',
  jwt_bearer: 'the token endpoint',
  introspection: 'the introspection endpoint',
  revocation: 'the revocation endpoint',
}

/**
 * What openid-client and the back channel report, as our one error. Nothing of theirs goes along as `cause`: it holds
 * the answer, and an answer may repeat what was sent.
 */
export async function translateTokenError(error: unknown, options: TranslationOptions): Promise<unknown> {
  if (error instanceof TokenError) return error
  const own = ownError(error)
  if (own instanceof ProviderError) return ofProvider(own)
  if (spentForNothing(error) !== undefined) return invalidResponse(options, 'no usable access token')
  return (await ofAnswer(error, options)) ?? error
}

async function ofAnswer(error: unknown, options: TranslationOptions): Promise<TokenError | undefined> {
  const body = bodyError(error) ?? (await bodyOfTrouble(error))
  const status = answerStatus(error)
  if (status !== undefined && meansNotNow(status)) return unavailable(status, body, options)
  if (body !== undefined) return refusal(body, options)
  return error instanceof oidc.ClientError ? noAnswer(status, options) : undefined
}

/** What is no success, and names no error. */
function noAnswer(status: number | undefined, options: TranslationOptions): TokenError | Promise<TokenError> {
  if (status === undefined || status === 200)
    return invalidResponse(options, 'something that is not an answer')
  if (NOT_THERE.includes(status)) return notTheProtocol(status, options)
  const isRedirect = status >= 300 && status < 400
  return invalidResponse(
    options,
    isRedirect ? `${status}: redirects are not followed` : `${status} without an error`,
  )
}

function ofProvider(error: ProviderError): TokenError {
  const { code, message, status, hint } = error
  return code === 'provider_response_invalid'
    ? new TokenError('invalid_response', message, { status, error: 'invalid_response', hint })
    : new TokenError('unavailable', message, { status, error: 'temporarily_unavailable', hint })
}

function invalidResponse({ asked }: TranslationOptions, why: string): TokenError {
  return new TokenError('invalid_response', `${WHAT[asked]} answered ${why}`, {
    status: 502,
    error: 'invalid_response',
  })
}

/** JSON, but of something else: where there is no such endpoint, for instance. */
async function notTheProtocol(status: number, options: TranslationOptions): Promise<TokenError> {
  const { message } = invalidResponse(options, `${status} without an error of the protocol`)
  const hint = NOT_THERE.includes(status) ? await addressHint(options) : undefined
  return new TokenError('invalid_response', message, { status: 502, error: 'invalid_response', hint })
}

async function addressHint({ asked, server, elsewhere }: TranslationOptions): Promise<string> {
  const other = await elsewhere()
  return other === undefined
    ? `is ${server} the right address? Nothing like ${WHAT[asked]} is there`
    : `nothing is at ${server}, but ${other} answers: that is the address to give`
}

interface BodyError {
  readonly status: number
  readonly error: string
  readonly description: string
}

function unavailable(status: number, body: BodyError | undefined, options: TranslationOptions): TokenError {
  const { error: word, errorDescription } = shown(body, options, 'temporarily_unavailable')
  // A word of refusal counts only where it is one.
  const error = TROUBLE.has(word) || !KNOWN_WORDS.has(word) ? word : 'temporarily_unavailable'
  const why = body === undefined ? '' : `: ${said(error, errorDescription)}`
  return new TokenError('unavailable', `${WHAT[options.asked]} answered ${status}${why}`, {
    status,
    error,
    errorDescription,
  })
}

async function refusal(body: BodyError, options: TranslationOptions): Promise<TokenError> {
  const { asked, isKeycloak } = options
  if (NOT_THERE.includes(body.status) || !isFitToShow(body.error, options.secrets))
    return notTheProtocol(body.status, options)
  const { error, errorDescription } = shown(body, options, 'invalid_response')
  const code = codeOf(error, asked)
  const words = said(error, errorDescription)
  const plain = PLAINLY[code]
  const message = plain === undefined ? `${WHAT[asked]} answered ${words}` : `${plain} (${words})`
  const hint =
    isKeycloak && code !== 'sign_in_again'
      ? keycloakTokenHint({ ...options, error, description: body.description })
      : undefined
  return new TokenError(code, message, { status: body.status, error, errorDescription, hint })
}

/** What a refusal means for the person. */
const PLAINLY: Partial<Readonly<Record<TokenErrorCode, string>>> = {
  sign_in_again: 'sign in again: the refresh token is no longer good',
  access_denied: 'the person refused the sign-in',
  expired_token: 'nobody finished the sign-in in time: begin again',
}

const said = (error: string, description: string | undefined): string =>
  description === undefined ? error : `${error}: ${description}`

function codeOf(error: string, asked: Asked): TokenErrorCode {
  if (error === 'invalid_grant') return asked === 'refresh_token' ? 'sign_in_again' : 'grant_refused'
  if (error === 'invalid_client' || error === 'unauthorized_client') return 'client_refused'
  if (asked === 'device_code' && (error === 'access_denied' || error === 'expired_token')) return error
  return 'grant_refused'
}

/** What may be shown of the endpoint's own words. */
function shown(
  body: BodyError | undefined,
  { secrets, clientId }: TranslationOptions,
  otherwise: string,
): { readonly error: string; readonly errorDescription: string | undefined } {
  const isWord = body !== undefined && isFitToShow(body.error, secrets)
  const errorDescription =
    body === undefined || body.description === '' ? undefined : safeText(body.description, secrets, clientId)
  return { error: isWord ? body.error : otherwise, errorDescription }
}

function isFitToShow(word: string, secrets: readonly string[]): boolean {
  return KNOWN_WORDS.has(word) || (ERROR_WORD.test(word) && safeText(word, secrets) !== WITHHELD)
}

function bodyError(error: unknown): BodyError | undefined {
  if (!(error instanceof oidc.ResponseBodyError)) return undefined
  const { status, error: word } = error
  return { status, error: word, description: descriptionIn(error) }
}

/** openid-client reads no error above 499; some servers say there what their trouble is. */
async function bodyOfTrouble(error: unknown): Promise<BodyError | undefined> {
  const answer = answerIn(error)
  if (answer === undefined || answer.status < 500 || answer.bodyUsed) return undefined
  const body: unknown = await answer.json().catch(() => undefined)
  if (!isObject(body) || typeof body['error'] !== 'string') return undefined
  return { status: answer.status, error: body['error'], description: textOf(body['error_description']) }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
