import { silentLog } from '../log.js'
import { createBackChannel } from '../provider/back-channel.js'
import { clockHint } from '../provider/clock-hint.js'
import { createDiscovery } from '../provider/discovery.js'
import { JwtError, ProviderError } from '../provider/errors.js'
import { audiences, verifyJwt } from '../provider/jwt.js'
import { createKeys } from '../provider/keys.js'
import type { Members, ReadJwt } from './claims.js'
import { distance } from './read-token.js'

/** Whether a token is one of the realm's, and still good. */
export interface Verdict {
  readonly verdict: 'valid' | 'invalid' | 'undecided'
  readonly reason: string
  readonly hint?: string | undefined
}

export interface CheckOptions {
  readonly issuer: string
  readonly internalUrl: string | undefined
  /** Seconds, both. */
  readonly timeout: number
  readonly clockTolerance: number
  readonly now: () => number
}

/** Header types of all tokens of a realm that are signed with its keys. */
const TYPES = ['', 'jwt', 'at+jwt', 'logout+jwt', 'dpop+jwt']

/** Of what is in memory for one run nothing gets old. */
const AGES = { maxAge: 600, cooldown: 5, stale: 3600 }

/** Judges a token by the keys of the realm. Whether its session has been ended meanwhile, only the server knows. */
export async function checkToken(
  token: string,
  jwt: ReadJwt | undefined,
  options: CheckOptions,
): Promise<Verdict> {
  if (jwt === undefined)
    return undecided('only the authorization server can check a token that is not a signed JWT')
  const { issuer, now, clockTolerance } = options
  if (jwt.claims['iss'] !== issuer) return invalid(`it is of another issuer than OIDC_ISSUER, ${issuer}`)
  if (/^HS\d+$/.test(String(jwt.header['alg'])))
    return (
      endedVerdict(jwt.claims, options) ??
      undecided(
        'only the authorization server can check this token (it is signed with a key that nobody else has)',
      )
    )
  try {
    // Whether it is for us is not the question: any audience that it names will do.
    const [audience = ''] = audiences(jwt.claims['aud'])
    await verifyJwt(token, keysOf(options), { issuer, audience, types: TYPES, clockTolerance, now })
  } catch (error) {
    const verdict = verdictOf(error, jwt.claims, options)
    if (verdict !== undefined) return verdict
  }
  return { verdict: 'valid', reason: `signed by ${issuer}, and not over` }
}

function verdictOf(error: unknown, claims: Members, options: CheckOptions): Verdict | undefined {
  if (error instanceof ProviderError) return { ...undecided(error.message), hint: error.hint }
  if (!(error instanceof JwtError)) throw error
  // The signature is good, and so is the issuer; a token need not name an audience. The rest has not been looked at.
  if (error.check === 'aud') return audienceVerdict(claims) ?? claimsVerdict(claims, options)
  // Anybody can write a time; what matters before is whether somebody of the realm has signed it.
  const verdict = JUDGED_HERE.includes(error.check) ? claimsVerdict(claims, options) : undefined
  return verdict ?? { ...invalid(error.message), hint: error.hint }
}

/** Claims that any token of a realm is judged by. */
const JUDGED_HERE: readonly string[] = ['sub', 'exp', 'iat', 'nbf']
/** As long as any server takes; and the last second of the year 9999. */
const [MAX_SUBJECT, MAX_DATE] = [255, 253_402_300_799]

/** Why a token that the realm has signed is not good. Nothing, when it is. */
function claimsVerdict(claims: Members, options: CheckOptions): Verdict | undefined {
  const { sub, exp } = claims
  if (sub !== undefined && !(typeof sub === 'string' && sub !== '' && sub.length <= MAX_SUBJECT))
    return invalid('not a usable subject')
  if (typeof exp !== 'number') return invalid('it does not say until when it is good')
  const dates = ['exp', 'iat', ...('nbf' in claims ? ['nbf'] : [])]
  if (!('iat' in claims)) return invalid('it does not say when it was issued')
  const wrong = dates.find((name) => !isDate(claims[name]))
  if (wrong !== undefined) return invalid(`its ${wrong} is not a date`)
  return endedVerdict(claims, options) ?? futureVerdict(claims, options)
}

/** None is no fault. */
function audienceVerdict({ aud }: Members): Verdict | undefined {
  const isOne = [aud ?? []].flat().every((audience) => typeof audience === 'string')
  return isOne ? undefined : invalid('its aud is not an audience')
}

const isDate = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) <= MAX_DATE

function futureVerdict(claims: Members, { now, clockTolerance }: CheckOptions): Verdict | undefined {
  const seconds = now() / 1000
  const isAhead = (name: string): boolean => Number(claims[name] ?? 0) - clockTolerance > seconds
  if (isAhead('iat'))
    return { ...invalid('issued in the future'), hint: clockHint(claims, seconds, clockTolerance) }
  return isAhead('nbf') ? invalid('not valid yet') : undefined
}

function endedVerdict({ exp }: Members, { now, clockTolerance }: CheckOptions): Verdict | undefined {
  if (typeof exp !== 'number') return undefined
  const left = exp * 1000 - now()
  return left + clockTolerance * 1000 <= 0 ? invalid(`it expired ${distance(left)}`) : undefined
}

function keysOf({ issuer, internalUrl, timeout, now }: CheckOptions) {
  const backChannel = createBackChannel({ issuer, internalUrl, timeout })
  const common = { backChannel, log: silentLog, now }
  const discovery = createDiscovery({
    ...common,
    issuer,
    internal: internalUrl !== undefined,
    maxAge: AGES.maxAge,
  })
  return createKeys({ ...common, ...AGES, jwksUri: async () => (await discovery.metadata()).jwks_uri })
}

const invalid = (reason: string): Verdict => ({ verdict: 'invalid', reason })
const undecided = (reason: string): Verdict => ({ verdict: 'undecided', reason })
