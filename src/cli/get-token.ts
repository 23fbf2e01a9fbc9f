import { keycloakAudienceHint } from '../provider/keycloak.js'
import { audiences } from '../provider/jwt.js'
import type { TokenSet } from '../tokens/token-set.js'
import type { TokenStore } from '../tokens/token-store.js'
import { readJwt } from './claims.js'
import type { Context } from './context.js'
import { signInByDevice } from './device-sign-in.js'
import { CliError } from './errors.js'
import { EXIT } from './exit-codes.js'
import { explainEnd, givenLogin, placeOfGiven } from './given-login.js'
import { forOneToken, keptLogin, requireLogin } from './kept-login.js'
import type { Client, ServerSettings } from './settings.js'
import { whileWaiting } from './terminal.js'

/** By what right a token is asked for, with what that needs. */
export type Grant =
  | {
      readonly kind: 'password'
      readonly username: string
      readonly password: string
      readonly otp?: string | undefined
    }
  | { readonly kind: 'client-credentials' }
  | { readonly kind: 'device' }
  /** The login that is kept, or the one of this refresh token. */
  | { readonly kind: 'refresh'; readonly refreshToken?: string | undefined }

export interface TokenRequest {
  readonly server: ServerSettings
  readonly client: Client
  readonly grant: Grant
  readonly scope?: string | undefined
  readonly audience?: string | undefined
}

/**
 * Gets a token. What comes in place of a spent refresh token is kept before this returns.
 *
 * @throws {@link CliError} when there is no login, or the token is not for the audience that was asked for; `TokenError`
 */
export async function getToken(context: Context, request: TokenRequest): Promise<TokenSet> {
  const tokens = await ask(context, request)
  if (request.audience !== undefined) checkAudience(tokens.accessToken, request.audience, request.client)
  return tokens
}

async function ask(context: Context, request: TokenRequest): Promise<TokenSet> {
  const { server, client, grant, scope = 'openid', audience } = request
  if (grant.kind === 'device') return signInByDevice(context, { server, client, scope, audience })
  if (grant.kind === 'refresh') return refresh(context, request, grant.refreshToken)
  const tokens = await context.loadTokens()
  const options = { ...server, ...client, scope, audience, now: context.now }
  const provider =
    grant.kind === 'password'
      ? tokens.createPasswordProvider({ ...options, ...credentials(grant) })
      : tokens.createClientCredentialsProvider(options)
  return waitFor(context, () => provider.tokens({ signal: context.signal }))
}

function credentials({ username, password, otp }: Extract<Grant, { kind: 'password' }>) {
  return { username, password, otp }
}

async function refresh(
  context: Context,
  request: TokenRequest,
  given: string | undefined,
): Promise<TokenSet> {
  const { server, client, scope, audience } = request
  const store = await placeOf(context, request, given)
  const kept = await store.read()
  // A kept token that will do is taken; any other kind of token is for this once.
  const isOther = scope !== undefined || (audience !== undefined && !names(kept?.accessToken, audience))
  const { createRefreshTokenProvider } = await context.loadTokens()
  const provider = createRefreshTokenProvider({
    ...server,
    ...client,
    scope,
    audience,
    store: isOther ? forOneToken(store) : store,
    now: context.now,
  })
  const tokens = waitFor(context, () => provider.tokens({ signal: context.signal }))
  return given === undefined ? tokens : tokens.catch(explainEnd)
}

/** Where a chain of refresh tokens is kept. */
async function placeOf(
  context: Context,
  request: TokenRequest,
  given: string | undefined,
): Promise<TokenStore> {
  if (given !== undefined) return givenLogin(await placeOfGiven(context, request, given), given)
  const login = await keptLogin(context, request.server, request.client.clientId)
  await requireLogin(login)
  return login.store
}

function waitFor<T>(context: Context, work: () => Promise<T>): Promise<T> {
  return whileWaiting(context, () => 'asking the authorization server', work)
}

const names = (token: string | undefined, audience: string): boolean =>
  audiences(readJwt(token ?? '')?.claims['aud']).includes(audience)

/** The parameter alone gives no audience: Keycloak ignores it but in a token exchange. */
function checkAudience(token: string, audience: string, { clientId }: Client): void {
  if (names(token, audience)) return
  const isOpaque = readJwt(token) === undefined
  throw new CliError(
    EXIT.refused,
    isOpaque
      ? `the token that came is opaque: whether it is for ${audience} cannot be seen`
      : `the token that came is not for ${audience}`,
    isOpaque ? [] : [`hint: ${keycloakAudienceHint(audience, clientId)}`],
  )
}
