import { audiences } from '../provider/jwt.js'
import { readKeycloakRoles } from '../provider/keycloak-roles.js'
import { isObject } from '../provider/is-object.js'
import { readJwt, textOf, type Members, type ReadJwt } from './claims.js'

/** What a token says of itself. None of it is checked. */
export interface TokenReport {
  /** Such as `access token`. */
  readonly kind: string
  readonly jwt: ReadJwt | undefined
  /** What is worth reading, in this order: label and text. Text of somebody else. */
  readonly facts: readonly (readonly [string, string])[]
}

const ID_TOKEN = 'ID token: it says who signed in, and is not for calling an API'

/** Keycloak's word for the kind of a token, as claim `typ`. */
const KINDS: Readonly<Record<string, string>> = {
  bearer: 'access token',
  dpop: 'access token, bound to a key (DPoP)',
  id: ID_TOKEN,
  refresh: 'refresh token',
  offline: 'offline refresh token',
  logout: 'logout token',
}

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Says what a token is, whose, for whom and until when. */
export function readToken(token: string, now: number): TokenReport {
  const jwt = readJwt(token)
  if (jwt === undefined) {
    const isEncrypted = token.split('.').length === 5
    return { kind: isEncrypted ? 'encrypted token' : 'opaque token', jwt, facts: [] }
  }
  return { kind: kindOf(jwt), jwt, facts: factsOf(jwt, now) }
}

function kindOf({ header, claims }: ReadJwt): string {
  const type = (textOf(header, 'typ') ?? '').toLowerCase().replace(/^application\//, '')
  if (type === 'logout+jwt' || isLogoutEvent(claims['events'])) return 'logout token'
  return (
    KINDS[(textOf(claims, 'typ') ?? '').toLowerCase()] ??
    (type === 'at+jwt' ? 'access token' : undefined) ??
    kindByClaims(claims)
  )
}

const isLogoutEvent = (events: unknown): boolean => isObject(events) && LOGOUT_EVENT in events

/** Other servers give no kind; what only one kind has tells it. */
function kindByClaims(claims: Members): string {
  if ('nonce' in claims || 'at_hash' in claims) return ID_TOKEN
  return 'scope' in claims ? 'access token' : 'JWT of a kind that it does not tell'
}

function factsOf({ header, claims }: ReadJwt, now: number): readonly (readonly [string, string])[] {
  const facts: (readonly [string, string | undefined])[] = [
    ['subject', textOf(claims, 'sub')],
    ['user name', textOf(claims, 'preferred_username')],
    ['name', textOf(claims, 'name')],
    ['e-mail', textOf(claims, 'email')],
    ['client', textOf(claims, 'azp') ?? textOf(claims, 'client_id')],
    ['audience', listOf(audiences(claims['aud']))],
    ['scopes', textOf(claims, 'scope')],
    ['roles', rolesOf(claims)],
    ['level', textOf(claims, 'acr')],
    ['issuer', textOf(claims, 'iss')],
    ['issued', timeOf(claims['iat'], now)],
    ['not before', timeOf(claims['nbf'], now)],
    ['until', timeOf(claims['exp'], now)],
    ['algorithm', textOf(header, 'alg')],
    ['key', textOf(header, 'kid')],
  ]
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
}

function rolesOf(claims: Members): string | undefined {
  const { realm, client } = readKeycloakRoles(claims)
  const ofClients = Object.entries(client).flatMap(([id, roles]) => roles.map((role) => `${id}/${role}`))
  return listOf([...realm, ...ofClients])
}

const listOf = (words: readonly string[]): string | undefined =>
  words.length === 0 ? undefined : words.join(', ')

/** The last second that a date can have. */
const LAST = 8_640_000_000_000

function timeOf(value: unknown, now: number): string | undefined {
  if (typeof value !== 'number' || Math.abs(value) > LAST) return undefined
  const time = new Date(value * 1000).toISOString().replace('.000Z', 'Z')
  return `${time} (${distance(value * 1000 - now)})`
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** `in 5 minutes`, `3 hours ago`. */
export function distance(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[3]
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
  return seconds === 0 ? 'now' : words.format(Math.round(seconds / size), unit)
}
