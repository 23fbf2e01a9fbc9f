import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/**
 * Proofs that we said something to one session: with one in an address, a page of ours can repeat it there, and nobody
 * can make it say what we did not.
 */
export interface Proofs {
  make(sid: string, text: string): string
  holds(sid: string, text: string, proof: string | null): boolean
}

/** @param secrets the session secrets, newest first: the first makes, all hold. */
export function createProofs(secrets: readonly string[]): Proofs {
  const keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'latchkey proof 1', 32)))
  const proofs = (sid: string, text: string): readonly Buffer[] =>
    keys.map((key) =>
      createHmac('sha256', key)
        .update(JSON.stringify([sid, text]))
        .digest()
        .subarray(0, 16),
    )
  return {
    make: (sid, text) => proofs(sid, text)[0]?.toString('base64url') ?? '',
    holds(sid, text, proof) {
      const given = Buffer.from(proof ?? '', 'base64url')
      return proofs(sid, text).some((made) => made.length === given.length && timingSafeEqual(made, given))
    },
  }
}
