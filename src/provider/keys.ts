import { importJWK, type CryptoKey, type JWK } from 'jose'
import type { Log } from '../log.js'
import type { BackChannel } from './back-channel.js'
import { ProviderError } from './errors.js'
import { singleFlight } from './single-flight.js'
import { isObject } from './is-object.js'

/** A failed fetch is tried again after this long at the latest, whatever the cooldown. */
const FAILURE_MEMORY = 2000

/** What a key must be to verify an algorithm; the list is also the list of algorithms that we accept. */
const KEY_TYPE: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
}

/** Asymmetric signatures only: the public key is never a shared secret, and `none` is no signature. */
export const SIGNATURE_ALGORITHMS: readonly string[] = Object.keys(KEY_TYPE)

export interface KeysOptions {
  /** The address of the key document; asked when needed. */
  readonly jwksUri: () => Promise<string>
  readonly backChannel: BackChannel
  /** Seconds; see JWKS_MAX_AGE, JWKS_COOLDOWN, JWKS_STALE. */
  readonly maxAge: number
  readonly cooldown: number
  readonly stale: number
  readonly log: Log
  readonly now?: () => number
}

export interface Keys {
  /**
   * The key for a JWS header, or nothing when the issuer has none such.
   *
   * @throws {@link ProviderError} when it cannot be decided: no key document, or one that is too old.
   */
  find(header: KeyHeader): Promise<CryptoKey | undefined>
  /**
   * Another key for a header without `kid`, whose key did not fit: the issuer may have replaced it.
   *
   * @throws {@link ProviderError} as `find`.
   */
  findNewer(header: KeyHeader, than: CryptoKey): Promise<CryptoKey | undefined>
}

export interface KeyHeader {
  readonly alg: string
  readonly kid?: string | undefined
}

interface KeySet {
  readonly jwks: readonly JWK[]
  readonly imported: Map<string, Promise<CryptoKey | undefined>>
  readonly fetchedAt: number
}

interface KeySource {
  readonly current: () => KeySet | undefined
  readonly usable: () => Promise<KeySet>
  readonly afterMiss: () => Promise<KeySet | undefined>
}

/**
 * The issuer's signature keys: one fetch for any number of callers, at most one per cooldown for unknown keys, and
 * known keys served for a while when the issuer is away.
 */
export function createKeys(options: KeysOptions): Keys {
  const source = createKeySource(options)
  return {
    async find(header) {
      if (!Object.hasOwn(KEY_TYPE, header.alg)) return undefined
      const before = source.current()
      const set = await source.usable()
      const known = await pick(set, header)
      // What was fetched just now need not be fetched again.
      if (known !== undefined || set !== before) return known
      const newer = await source.afterMiss()
      return newer === undefined ? undefined : pick(newer, header)
    },
    async findNewer(header, than) {
      const newer = await source.afterMiss()
      const key = newer === undefined ? undefined : await pick(newer, header)
      return key === than ? undefined : key
    },
  }
}

/** The key document, when it is fetched and how long it serves. */
function createKeySource(options: KeysOptions): KeySource {
  const { maxAge, cooldown, stale, now = Date.now } = options
  let current: KeySet | undefined
  let failure: { readonly error: unknown; readonly at: number } | undefined
  let missedAt = -Infinity
  let underWay: Promise<KeySet> | undefined

  const refetch = singleFlight(async () => {
    if (failure !== undefined && now() - failure.at < Math.min(cooldown * 1000, FAILURE_MEMORY))
      throw failure.error
    try {
      const jwks = await fetchJwks(options)
      current = { jwks, imported: new Map(), fetchedAt: now() }
      failure = undefined
      return current
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      failure = { error, at: now() }
      options.log.warn(
        { code: error.code, reason: error.message, hint: error.hint },
        'keys could not be fetched',
      )
      throw error
    }
  })

  async function usable(): Promise<KeySet> {
    if (current === undefined) return refetch()
    const age = now() - current.fetchedAt
    if (age <= maxAge * 1000) return current
    const servable = age <= (maxAge + stale) * 1000
    if (failure === undefined || !servable)
      return refetch().catch((error: unknown) => orKnown(error, servable))
    // The issuer was away when last asked: nobody waits for it, and the next answer is taken when it comes.
    void refetch().catch(() => undefined)
    return current
  }

  function orKnown(error: unknown, servable: boolean): KeySet {
    if (servable && current !== undefined) return current
    throw error
  }

  /** The key document anew, for a key that the known one lacks: once in a cooldown, whatever arrives. */
  async function afterMiss(): Promise<KeySet | undefined> {
    if (now() - missedAt >= cooldown * 1000) {
      missedAt = now()
      underWay = refetch().finally(() => {
        underWay = undefined
      })
    }
    if (underWay !== undefined) return underWay
    // After a failure nothing can be decided.
    if (failure !== undefined) throw failure.error
    return undefined
  }

  return { current: () => current, usable, afterMiss }
}

async function fetchJwks({ jwksUri, backChannel }: KeysOptions): Promise<readonly JWK[]> {
  const response = await backChannel(await jwksUri(), { headers: { accept: 'application/json' } })
  if (response.status !== 200) {
    throw new ProviderError('provider_unavailable', `the key document answered ${response.status}`)
  }
  let document: unknown
  try {
    document = await response.json()
  } catch (cause) {
    throw new ProviderError('provider_keys_unusable', 'the key document is not JSON', { cause })
  }
  const keys =
    isObject(document) && Array.isArray(document['keys']) ? document['keys'].filter(isSignatureKey) : []
  if (keys.length === 0)
    throw new ProviderError('provider_keys_unusable', 'the key document holds no signature key')
  return keys
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc7517.html#section-4.2 | RFC 7517 §4.2} */
function isSignatureKey(value: unknown): value is JWK {
  if (!isObject(value)) return false
  if (value['use'] !== undefined && value['use'] !== 'sig') return false
  if (Array.isArray(value['key_ops']) && !value['key_ops'].includes('verify')) return false
  return value['kty'] === 'RSA' || value['kty'] === 'EC' || value['kty'] === 'OKP'
}

async function pick(
  set: KeySet,
  { alg, kid }: { alg: string; kid?: string | undefined },
): Promise<CryptoKey | undefined> {
  const fits = set.jwks.filter((jwk) => isFor(jwk, alg) && (kid === undefined || jwk.kid === kid))
  // > If there are multiple keys in the referenced JWK Set document, a kid value MUST be provided in the JOSE Header.
  const [jwk] = fits
  if (jwk === undefined || (kid === undefined && fits.length > 1)) return undefined
  const id = `${alg} ${set.jwks.indexOf(jwk)}`
  const imported = set.imported.get(id) ?? importKey(jwk, alg)
  set.imported.set(id, imported)
  return imported
}

function isFor(jwk: JWK, alg: string): boolean {
  const type = KEY_TYPE[alg]
  if (type === undefined || jwk.kty !== type.kty) return false
  if (type.crv !== undefined && jwk.crv !== type.crv) return false
  return jwk.alg === undefined || jwk.alg === alg || (isEdwards(jwk.alg) && isEdwards(alg))
}

const isEdwards = (alg: string): boolean => alg === 'EdDSA' || alg === 'Ed25519'

/** A key that cannot be imported is as good as absent; the members we do not need are left behind. */
async function importKey({ kty, n, e, crv, x, y }: JWK, alg: string): Promise<CryptoKey | undefined> {
  const members = Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined)
  try {
    const key = await importJWK(Object.fromEntries(members) as JWK, alg)
    return key instanceof Uint8Array ? undefined : key
  } catch {
    return undefined
  }
}
