import { constants, createHmac, createPublicKey, KeyObject, sign, type JsonWebKey } from 'node:crypto'
import type { SigningKey } from './signing.js'

/** A part of a JWS: JSON of a value, or a text or bytes as they are. */
export type Part = string | Uint8Array | object

/** base64url of a part. */
export function encode(part: Part): string {
  return Buffer.from(
    typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part),
  ).toString('base64url')
}

/**
 * Signs anything under any header, also what no library would sign. `alg` is how it is signed, whatever the header
 * says.
 */
export function forge(header: Part, payload: Part, key: SigningKey, alg = key.alg): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signature(input, key, alg).toString('base64url')}`
}

/** The header that the provider's own tokens have, with changes. */
export function headerOf(key: SigningKey, changes: object = {}): object {
  return { alg: key.alg, typ: 'JWT', kid: key.kid, ...changes }
}

export function signature(input: string | Uint8Array, key: SigningKey, alg = key.alg): Buffer {
  const privateKey = KeyObject.from(key.privateKey)
  const data = Buffer.from(input)
  const hash = `sha${alg.slice(-3)}`
  if (alg.startsWith('RS')) return sign(hash, data, privateKey)
  if (alg.startsWith('PS')) {
    const padding = constants.RSA_PKCS1_PSS_PADDING
    return sign(hash, data, { key: privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
  }
  if (alg.startsWith('ES')) return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return sign(null, data, privateKey)
}

/** A JWS under a shared secret. */
export function forgeHmac(header: object, payload: Part, secret: string | Uint8Array): string {
  const alg = 'alg' in header && typeof header.alg === 'string' ? header.alg : 'HS256'
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac(`sha${alg.slice(-3)}`, secret)
    .update(input)
    .digest('base64url')}`
}

/** Every text or byte string that somebody may take for "the public key", by name. */
export function renderings(key: SigningKey): readonly (readonly [string, string | Uint8Array])[] {
  const { publicJwk } = key
  const object = createPublicKey({ key: publicJwk as JsonWebKey, format: 'jwk' })
  const pem = object.export({ type: 'spki', format: 'pem' }).toString()
  const pkcs1 = object.export({ type: 'pkcs1', format: 'pem' }).toString()
  const der = object.export({ type: 'spki', format: 'der' })
  return [
    ['PEM', pem],
    ['PEM without its last line break', pem.trimEnd()],
    ['PEM with a space behind', `${pem} `],
    ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
    ['PEM without line breaks', pem.replaceAll('\n', '')],
    ['PKCS #1 PEM', pkcs1],
    ['DER', der],
    ['PKCS #1 DER', object.export({ type: 'pkcs1', format: 'der' })],
    ['DER in Base64', der.toString('base64')],
    ['JWK', JSON.stringify(publicJwk)],
    ['JWK with spaces', JSON.stringify(publicJwk, null, 2)],
    ['the modulus', publicJwk.n ?? ''],
    ['the bytes of the modulus', Buffer.from(publicJwk.n ?? '', 'base64url')],
    ['nothing', ''],
  ]
}
