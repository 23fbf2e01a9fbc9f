import { createHash, createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { importJWK, type CryptoKey, type JWK } from 'jose'
import { CredentialError } from './credential-file.js'
import { isObject } from './is-object.js'

/** A key that signs our assertions. */
export interface ClientKey {
  readonly kid: string
  readonly alg: string
  /** RFC 7638: tells one key from another, whatever they are called. */
  readonly thumbprint: string
  /** What the key document shows of it. */
  readonly publicJwk: JWK
  /** For openid-client; imported when first needed. */
  readonly forSigning: () => Promise<CryptoKey>
}

const RSA_ALGORITHMS: readonly string[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const EC_ALGORITHM: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
}
const MIN_RSA_BITS = 2048

const refuse = (reason: string): CredentialError => new CredentialError('clientKeyFile', reason)

/**
 * The private keys of a file, in its order: PEM blocks (PKCS#8, PKCS#1, SEC1), a JWK or a JWK Set. The first is to sign.
 *
 * @throws {@link CredentialError}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517.html#section-5 | RFC 7517 §5}
 */
export function readClientKeys(content: string): readonly ClientKey[] {
  if (content.trim() === '') throw refuse('names an empty file')
  const keys = content.trimStart().startsWith('{')
    ? readJwks(content).map(fromJwk)
    : privateKeyBlocks(content).map((key) => toClientKey(key))
  const thumbprints = new Map<string, string>()
  for (const { kid, thumbprint } of keys) {
    if ((thumbprints.get(kid) ?? thumbprint) !== thumbprint) throw refuse('holds two keys with one kid')
    thumbprints.set(kid, thumbprint)
  }
  return keys.filter(({ kid }, index) => keys.findIndex((other) => other.kid === kid) === index)
}

/**
 * The private keys among the PEM blocks of a text; what else is there, such as certificates, is left out.
 *
 * @throws {@link CredentialError}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7468.html#section-10 | RFC 7468 §10}
 */
export function privateKeyBlocks(content: string): readonly KeyObject[] {
  const blocks = content.match(/-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----[\s\S]*?-----END \1-----/g) ?? []
  if (blocks.length === 0) throw refuse('holds no private key in PEM')
  return blocks.map((block) => {
    if (/-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(block))
      throw refuse('holds a key that is encrypted; a passphrase cannot be given')
    return importPrivate(block)
  })
}

/** What node says of a key that it cannot read may repeat a part of it. */
function importPrivate(key: string | { readonly key: JsonWebKey; readonly format: 'jwk' }): KeyObject {
  try {
    return createPrivateKey(key)
  } catch {
    throw refuse('holds a private key that cannot be read')
  }
}

function readJwks(content: string): readonly Readonly<Record<string, unknown>>[] {
  let document: unknown
  try {
    document = JSON.parse(content)
  } catch {
    throw refuse('is neither PEM nor JSON')
  }
  const keys: unknown = isObject(document) && 'keys' in document ? document['keys'] : [document]
  if (Array.isArray(keys) && keys.length === 0) throw refuse('holds a JWK Set without a key')
  if (!Array.isArray(keys) || !keys.every(isObject)) throw refuse('is JSON, but neither a JWK nor a JWK Set')
  return keys
}

function fromJwk(jwk: Readonly<Record<string, unknown>>): ClientKey {
  const { kty, kid, alg, use } = jwk
  if (kty !== 'RSA' && kty !== 'EC') throw refuse(WRONG_KIND)
  if (use !== undefined && use !== 'sig') throw refuse('holds a key that is not for signatures')
  if (typeof jwk['d'] !== 'string') throw refuse('holds a key that is not private')
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    throw refuse('holds a key whose kid is not a text')
  return toClientKey(importPrivate({ key: jwk, format: 'jwk' }), { kid, alg })
}

const WRONG_KIND = `holds a key of another kind than RSA (${MIN_RSA_BITS} bits or more) and EC (P-256, P-384, P-521)`

interface Given {
  readonly kid?: string | undefined
  readonly alg?: unknown
}

function toClientKey(key: KeyObject, given: Given = {}): ClientKey {
  const type = key.asymmetricKeyType
  if (type !== 'rsa' && type !== 'ec') throw refuse(WRONG_KIND)
  const jwk = exportJwk(key)
  const alg = algorithmOf(key, jwk, given.alg)
  const { kty, n, e, crv, x, y } = jwk
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }
  // Its members are in the order that RFC 7638 wants.
  const thumbprint = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
  const kid = given.kid ?? thumbprint
  let imported: Promise<CryptoKey> | undefined
  return {
    kid,
    alg,
    thumbprint,
    publicJwk: { ...members, kid, alg, use: 'sig' } as JWK,
    forSigning: () => (imported ??= importJWK(jwk as JWK, alg) as Promise<CryptoKey>),
  }
}

function exportJwk(key: KeyObject): JsonWebKey {
  try {
    return key.export({ format: 'jwk' })
  } catch {
    // A curve that has no name there.
    throw refuse(WRONG_KIND)
  }
}

function algorithmOf(key: KeyObject, { kty, crv = '' }: JsonWebKey, given: unknown): string {
  if (kty === 'RSA') {
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) throw refuse(WRONG_KIND)
    const alg = RSA_ALGORITHMS.find((known) => known === (given ?? 'RS256'))
    if (alg === undefined) throw refuse('holds an RSA key whose alg is not one of RSA signatures')
    return alg
  }
  const alg = EC_ALGORITHM[crv]
  if (alg === undefined) throw refuse(WRONG_KIND)
  if (given !== undefined && given !== alg) throw refuse('holds an EC key whose alg does not fit its curve')
  return alg
}
