import { createHmac } from 'node:crypto'

/**
 * The code of an authenticator app for this moment. The key is the plain text that Keycloak keeps.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6238.html#section-4 | RFC 6238 §4}
 */
export function oneTimePassword(key: string, at = Date.now()): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const hash = createHmac('sha1', key).update(counter).digest()
  const offset = (hash.at(-1) ?? 0) & 0xf
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
