import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
/** Another layout of what is sealed gets another name here, and is never taken for this one. */
const PURPOSE = 'latchkey record 1'

export interface Seal {
  /** Seals a text for one place: under another `key` it does not open. */
  close(key: string, text: string): string
  /** The text, or nothing when this was not sealed by one of our secrets, for this place, or was changed. */
  open(key: string, sealed: string): string | undefined
}

/**
 * AES-256-GCM under keys derived from the session secrets: the first seals, all open.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5116.html#section-2.1 | RFC 5116 §2.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5869.html | RFC 5869} for the keys
 */
export function createSeal(secrets: readonly string[]): Seal {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32)))
  const [newest] = keys
  if (newest === undefined) throw new TypeError('without a secret nothing can be sealed')
  return {
    close(key, text) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, newest, iv).setAAD(Buffer.from(key))
      const body = [cipher.update(text, 'utf8'), cipher.final()]
      return Buffer.concat([iv, cipher.getAuthTag(), ...body]).toString('base64url')
    },
    open(key, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      // Other letters for the same bytes are not what was sealed.
      if (bytes.length < IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== sealed) return undefined
      for (const candidate of keys) {
        const text = tryToOpen(candidate, key, bytes)
        if (text !== undefined) return text
      }
      return undefined
    },
  }
}

function tryToOpen(candidate: Buffer, key: string, bytes: Buffer): string | undefined {
  const decipher = createDecipheriv(ALGORITHM, candidate, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(key))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString()
  } catch {
    return undefined
  }
}
