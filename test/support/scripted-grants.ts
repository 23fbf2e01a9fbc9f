import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose'
import { randomUUID } from 'node:crypto'
import type { Family } from './refresh-families.js'
import { authenticate, type AskingClient } from './scripted-clients.js'
import type { Call, Person, ScriptedProvider } from './scripted-provider.js'
import { isRefusal, refusal, type TokenAnswer } from './scripted-refusals.js'
import { makeMachineTokens, makeTokenSet, type MachineGrant } from './scripted-tokens.js'

export const GRANTS = {
  code: 'authorization_code',
  refresh: 'refresh_token',
  password: 'password',
  clientCredentials: 'client_credentials',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
} as const

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

interface Asked {
  readonly provider: ScriptedProvider
  readonly form: URLSearchParams
  readonly client: AskingClient
}

type Outcome = Record<string, unknown> | TokenAnswer
type Grant = (asked: Asked) => Outcome | Promise<Outcome>

/** What the refreshed tokens of a login without a browser are made for. */
const machineGrants = new WeakMap<Family, MachineGrant>()

const HONEST: Readonly<Record<string, Grant>> = {
  [GRANTS.code]: redeemCode,
  [GRANTS.refresh]: redeemRefreshToken,
  [GRANTS.password]: signInByPassword,
  [GRANTS.clientCredentials]: serveServiceAccount,
  [GRANTS.device]: redeemDeviceCode,
  [GRANTS.tokenExchange]: exchangeToken,
  [GRANTS.jwtBearer]: redeemAssertion,
}

/** The token endpoint: every grant, in the words of a real Keycloak. */
export async function answerTokenRequest(provider: ScriptedProvider, call: Call): Promise<TokenAnswer> {
  const { form } = call
  const client = authenticate(provider, call)
  if ('status' in client) return client
  const type = form.get('grant_type') ?? ''
  const grant = HONEST[type]
  if (grant === undefined) return refusal(400, 'unsupported_grant_type', 'Unsupported grant_type')
  const refused = findRefusal(provider, type, client) ?? findUnknownScope(provider, form)
  if (refused !== undefined) return refused
  const outcome = await grant({ provider, form, client })
  return isRefusal(outcome) ? outcome : { status: 200, body: outcome }
}

const unauthorized = (status: number, text: string): TokenAnswer =>
  refusal(status, 'unauthorized_client', text)

/** What a client without a secret cannot do. */
const NOT_FOR_PUBLIC: Readonly<Record<string, TokenAnswer>> = {
  [GRANTS.clientCredentials]: unauthorized(401, 'Public client not allowed to retrieve service account'),
  [GRANTS.tokenExchange]: refusal(400, 'invalid_request', 'Public client is not allowed to exchange token'),
  [GRANTS.jwtBearer]: refusal(401, 'invalid_client', 'Public client not allowed to use authorization grant'),
}

/** What a client says whose switch is off. */
const SWITCHED_OFF: Readonly<Record<string, TokenAnswer>> = {
  [GRANTS.password]: unauthorized(400, 'Client not allowed for direct access grants'),
  [GRANTS.clientCredentials]: unauthorized(401, 'Client not enabled to retrieve service account'),
  [GRANTS.device]: unauthorized(
    400,
    'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant',
  ),
  [GRANTS.tokenExchange]: refusal(
    400,
    'invalid_request',
    'Standard token exchange is not enabled for the requested client',
  ),
}

function findRefusal(
  { disabledGrants }: ScriptedProvider,
  type: string,
  { isPublic }: AskingClient,
): TokenAnswer | undefined {
  if (isPublic && NOT_FOR_PUBLIC[type] !== undefined) return NOT_FOR_PUBLIC[type]
  if (!disabledGrants.has(type)) return undefined
  return SWITCHED_OFF[type] ?? unauthorized(400, 'Client not allowed for this grant')
}

function findUnknownScope({ knownScopes }: ScriptedProvider, form: URLSearchParams): TokenAnswer | undefined {
  const unknown = words(form.get('scope')).filter((word) => knownScopes?.has(word) === false)
  return unknown.length === 0
    ? undefined
    : refusal(400, 'invalid_scope', `Invalid scopes: ${form.get('scope') ?? ''}`)
}

function redeemCode({ provider, form }: Asked): Outcome | Promise<Outcome> {
  const issued = provider.codes.redeem(form)
  if (issued === undefined) return refusal(400, 'invalid_grant', 'Code not valid')
  const family = provider.families.begin(issued.person, randomUUID())
  return makeTokenSet(provider, { family, nonce: issued.nonce })
}

/** A refreshed ID token has no nonce. */
function redeemRefreshToken({ provider, form, client }: Asked): Outcome | Promise<Outcome> {
  const family = provider.families.redeem(form.get('refresh_token') ?? '')
  if (family === undefined) return refusal(400, 'invalid_grant', 'Session not active')
  const grant = machineGrants.get(family)
  if (grant === undefined) return makeTokenSet(provider, { family, nonce: undefined })
  if (grant.clientId !== client.id) {
    const text = "Invalid refresh token. Token client and authorized client don't match"
    return refusal(400, 'invalid_grant', text)
  }
  return makeMachineTokens(provider, grant)
}

function signInByPassword({ provider, form, client }: Asked): Outcome | Promise<Outcome> {
  const username = form.get('username')
  if (username === null) return refusal(401, 'invalid_request', 'Missing parameter: username')
  const account = provider.accounts.get(username)
  const isRight =
    account !== undefined &&
    form.get('password') === account.password &&
    (account.otp === undefined || (form.get('otp') ?? form.get('totp')) === account.otp)
  if (!isRight) return refusal(400, 'invalid_grant', 'Invalid user credentials')
  if (account.refusal !== undefined) return refusal(400, 'invalid_grant', account.refusal)
  return begin(provider, account.person, client, form.get('scope'))
}

function serveServiceAccount({ provider, form, client }: Asked): Outcome | Promise<Outcome> {
  const person = {
    sub: `the-service-account-of-${client.id}`,
    preferred_username: `service-account-${client.id}`,
    client_id: client.id,
    clientHost: '127.0.0.1',
    clientAddress: '127.0.0.1',
  }
  return begin(provider, person, client, form.get('scope'), provider.refreshForClientCredentials)
}

function redeemDeviceCode({ provider, form, client }: Asked): Outcome | Promise<Outcome> {
  const outcome = provider.device.poll(client.id, form)
  return 'status' in outcome ? outcome : begin(provider, outcome.person, client, outcome.scope)
}

/**
 * Keycloak's standard exchange: the one who asks must be in the token's audience.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693.html#section-2 | RFC 8693 §2}
 */
async function exchangeToken({ provider, form, client }: Asked): Promise<Outcome> {
  const subject = form.get('subject_token')
  if (subject === null) return refusal(400, 'invalid_request', 'Parameter subject_token is missing')
  if (form.get('subject_token_type') !== ACCESS_TOKEN_TYPE)
    return refusal(400, 'invalid_request', 'Parameter subject_token_type supports access tokens only')
  const requested = form.get('requested_token_type') ?? ACCESS_TOKEN_TYPE
  if (requested !== ACCESS_TOKEN_TYPE)
    return refusal(400, 'invalid_request', 'requested_token_type unsupported')
  const claims = await activeClaims(provider, subject)
  if (claims === undefined) return refusal(400, 'invalid_request', 'Invalid token')
  if (!audienceOf(claims).includes(client.id))
    return refusal(403, 'access_denied', 'Client is not within the token audience')
  const audience = form.getAll('audience')
  const missing = audience.filter((one) => !provider.exchangeAudiences.has(one))
  if (missing.length > 0)
    return refusal(400, 'invalid_request', `Requested audience not available: ${missing.join(' ')}`)
  const person = { ...personOf(claims), aud: audience.length > 0 ? audience : undefined }
  const tokens = await begin(provider, person, client, form.get('scope'), false)
  return isRefusal(tokens) ? tokens : { ...tokens, issued_token_type: ACCESS_TOKEN_TYPE }
}

/** An assertion of somebody whose key the provider trusts: its own, unless told otherwise. */
async function redeemAssertion({ provider, form, client }: Asked): Promise<Outcome> {
  const assertion = form.get('assertion')
  if (assertion === null) return refusal(400, 'invalid_request', 'Missing parameter:assertion')
  const token = `${provider.issuer}/protocol/openid-connect/token`
  try {
    const keys = provider.assertionKeys ?? provider.keys
    const jwks = createLocalJWKSet({ keys: keys.map(({ publicJwk }) => publicJwk) })
    const { payload } = await jwtVerify(assertion, jwks, { audience: [provider.issuer, token] })
    return await begin(provider, personOf(payload), client, form.get('scope'), false)
  } catch {
    return refusal(400, 'invalid_grant', 'Invalid signature')
  }
}

/** A login without a browser. */
function begin(
  provider: ScriptedProvider,
  person: Person,
  { id: clientId }: AskingClient,
  scope: string | null,
  hasRefreshToken = true,
): Promise<Record<string, unknown>> {
  const family = provider.families.begin(person, randomUUID())
  const granted = [...new Set([...words(scope), 'profile', 'email'])].join(' ')
  const grant = { family, clientId, scope: granted, hasRefreshToken }
  machineGrants.set(family, grant)
  return makeMachineTokens(provider, grant)
}

/** The device endpoint. */
export function beginDevice(provider: ScriptedProvider, call: Call): TokenAnswer {
  const client = authenticate(provider, call)
  if ('status' in client) return client
  const refused = findRefusal(provider, GRANTS.device, client)
  return refused ?? provider.device.begin(provider.issuer, client.id, call.form)
}

/** The claims of an access token that the provider signed and that is still good. */
export async function activeClaims(
  provider: ScriptedProvider,
  token: string,
): Promise<JWTPayload | undefined> {
  const keys = provider.keys.map(({ publicJwk }) => publicJwk)
  try {
    const { issuer } = provider
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { issuer })
    const login = provider.families.of(personOf(payload)).find(({ sid }) => sid === payload['sid'])
    return login?.isRevoked === true || payload['typ'] !== 'Bearer' ? undefined : payload
  } catch {
    return undefined
  }
}

export function audienceOf({ aud = [] }: JWTPayload): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud
}

/** Whom a token is about: what it says, but for what belongs to the token itself. */
function personOf(claims: JWTPayload): Person {
  const ofToken = ['iss', 'aud', 'azp', 'typ', 'iat', 'nbf', 'exp', 'jti', 'scope', 'sid']
  const rest = Object.entries(claims).filter(([name]) => !ofToken.includes(name))
  return { ...Object.fromEntries(rest), sub: claims.sub ?? '' }
}

function words(scope: string | null): readonly string[] {
  return (scope ?? '').split(' ').filter((word) => word !== '')
}
