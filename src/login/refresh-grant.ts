import { decodeJwt } from 'jose'
import * as oidc from 'openid-client'
import { isAppError, type AppError } from '../errors.js'
import { JwtError } from '../provider/errors.js'
import type { Claims } from '../provider/jwt.js'
import type { Provider } from '../provider/provider.js'
import { lifeOf } from '../provider/renewal-time.js'
import { spentForNothing, UNCHECKED_ID_TOKEN } from '../provider/token-answer.js'
import type { FinishedLogin } from './authorization-response.js'
import { LoginError } from './errors.js'
import { verifyIdToken, type IdTokenClaims, type IdTokenOptions } from './id-token.js'
import type { LoginSession } from './login-session.js'
import { translateTokenError, type TokenResponse } from './token-response.js'

export interface RefreshGrantOptions extends Omit<IdTokenOptions, 'issuer' | 'clientId' | 'keys'> {
  readonly provider: Provider
}

/** Tokens came back, but nothing can be believed of the ID token, or there is no key to judge it by. */
export interface Unjudged {
  /** The refresh token to use from now on. */
  readonly refreshToken: string
  readonly error: AppError
}

export type Renewal = { readonly login: FinishedLogin } | { readonly unjudged: Unjudged }

/**
 * Redeems the refresh token of a login, and checks the ID token that comes back like the first.
 *
 * @throws {@link LoginError} `refresh_refused`, or `id_token_invalid` for one of somebody else, when the login is over, `client_refused` or
 *   `token_response_invalid` when the answer is not one; `ProviderError` when there is none.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens | OpenID Connect Core §12}
 */
export async function renewTokens(login: LoginSession, options: RefreshGrantOptions): Promise<Renewal> {
  const { refreshToken } = login.tokens
  if (refreshToken === undefined) throw new LoginError('refresh_refused', 'a login without refresh token')
  const response = await redeem(refreshToken, options.provider)
  if (isUnjudged(response)) return response
  const nextRefreshToken = response.refresh_token ?? refreshToken
  let claims: Claims & { readonly sub: string }
  try {
    claims = await claimsOf(response, login, options)
  } catch (error) {
    if (!isAppError(error) || error.code === 'id_token_invalid') throw error
    // What was spent is spent: the new refresh token is not lost with a key that could not be fetched.
    return { unjudged: { refreshToken: nextRefreshToken, error } }
  }
  return {
    login: {
      claims: claims as IdTokenClaims,
      accessToken: response.access_token,
      refreshToken: nextRefreshToken,
      idToken: idTokenOf(response) ?? login.tokens.idToken,
      scope: response.scope === undefined ? new Set(login.scope) : new Set(response.scope.split(' ')),
      expiresIn: lifeOf(response),
    },
  }
}

/** Checks that tell of another login than this one. Whatever else fails is a fault, and no reason to end it. */
const OF_SOMEBODY_ELSE: readonly string[] = ['iss', 'aud', 'azp', 'sub', 'nonce']
const NAMING: readonly string[] = ['iss', 'aud', 'sub']

/** One that lacks what names somebody is broken, and of nobody. */
const isOfSomebodyElse = (idToken: string, check: string): boolean =>
  OF_SOMEBODY_ELSE.includes(check) && !(NAMING.includes(check) && claimsIn(idToken)[check] === undefined)

/** Whatever an ID token says, believed or not. */
function claimsIn(idToken: string): Claims {
  try {
    return decodeJwt(idToken)
  } catch {
    return {}
  }
}

async function redeem(
  refreshToken: string,
  provider: Provider,
): Promise<TokenResponse | { readonly unjudged: Unjudged }> {
  const { client } = await provider.connect()
  try {
    return await oidc.refreshTokenGrant(client.forgiving, refreshToken)
  } catch (error) {
    const next = spentForNothing(error)
    if (next !== undefined) return { unjudged: { refreshToken: next, error: noAccessToken(error) } }
    const { clientHint } = provider
    throw translateTokenError(error, { refused: 'refresh_refused', clientHint })
  }
}

const isUnjudged = (answer: object): answer is { readonly unjudged: Unjudged } => 'unjudged' in answer

const noAccessToken = (cause: unknown): LoginError =>
  new LoginError('token_response_invalid', 'the answer has no usable access token', { cause })

/** openid-client has not looked at it. */
function idTokenOf(response: TokenResponse): string | undefined {
  const idToken = response[UNCHECKED_ID_TOKEN]
  return typeof idToken === 'string' ? idToken : undefined
}

async function claimsOf(
  response: TokenResponse,
  login: LoginSession,
  { provider, ...options }: RefreshGrantOptions,
): Promise<Claims & { readonly sub: string }> {
  const { claims: known } = login
  const { access_token: accessToken } = response
  const idToken = idTokenOf(response)
  if (idToken === undefined) return known
  const { issuer, clientId, keys } = provider
  const nonce = typeof known['nonce'] === 'string' ? known['nonce'] : undefined
  try {
    const claims = await verifyIdToken(
      idToken,
      { nonce, mayLackNonce: true, accessToken },
      { ...options, issuer, clientId, keys },
    )
    // > its sub Claim Value MUST be the same as in the ID Token issued when the original authentication occurred
    if (claims.sub !== login.subject) throw new JwtError('sub', 'another person')
    return { ...notFromIdToken(login), ...pick(known, ['nonce', 'sid']), ...claims }
  } catch (cause) {
    if (!(cause instanceof JwtError)) throw cause
    const message = `the refreshed ID token failed a check (${cause.check}: ${cause.message})`
    const code = isOfSomebodyElse(idToken, cause.check) ? 'id_token_invalid' : 'token_response_invalid'
    throw new LoginError(code, message, { cause, hint: cause.hint })
  }
}

/** What userinfo had to add at the login. What the ID token said then, the new one says anew, or no more. */
function notFromIdToken({ claims, tokens }: LoginSession): Claims {
  const said = decodeJwt(tokens.idToken)
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !Object.hasOwn(said, name)))
}

function pick(claims: Claims, names: readonly string[]): Claims {
  return Object.fromEntries(
    names.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]]),
  )
}
