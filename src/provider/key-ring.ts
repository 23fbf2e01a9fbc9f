import type { JWK } from 'jose'
import type { Log } from '../log.js'
import { readClientKeys, type ClientKey } from './client-keys.js'
import { createCredentialFiles, CredentialError } from './credential-file.js'

/**
 * A new key signs so long after it was first seen, in milliseconds. An authorization server that meets an unknown kid
 * fetches our key document anew, but Keycloak at most once in ten seconds.
 */
const BEFORE_SIGNING = 10_000
/** A key that has gone from the file stays in the key document so long after its last use, in milliseconds. */
const AFTER_USE = 600_000

export interface KeyRingOptions {
  readonly path: string
  readonly log: Log
  /** Milliseconds. */
  readonly now: () => number
}

/** Our keys, and which of them signs: they change with their file. */
export interface KeyRing {
  /** The key that signs now. */
  readonly signing: () => ClientKey
  /** The public halves of all keys that somebody may need: those of the file, and those that were there a while ago. */
  readonly published: () => readonly JWK[]
}

interface Held {
  readonly key: ClientKey
  readonly firstSeen: number
  /** When it was last in the file, or signed. */
  lastNeeded: number
}

/**
 * Reads the file at each call: of two processes with one file, each shows the other's new key as soon as it is there.
 *
 * @throws `CredentialError` when the file is of no use from the beginning.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys | OpenID Connect Core §10.1.1}
 */
export function createKeyRing({ path, log, now }: KeyRingOptions): KeyRing {
  const held = new Map<string, Held>()
  const file = createCredentialFiles({
    files: [['clientKeyFile', path]],
    parse: (content = '') => refuseOthers(readClientKeys(content), held),
    log,
  })
  let inFile: readonly ClientKey[] = []
  let signer: string | undefined

  function look(): number {
    const time = now()
    const before = inFile
    inFile = file()
    // Another process may have signed with what has gone until now.
    if (before !== inFile) for (const { kid } of before) need(kid, time)
    for (const key of inFile) {
      const known = held.get(key.kid)
      // Those of the beginning need not wait: nobody else signs for this process.
      const firstSeen = signer === undefined ? -Infinity : time
      held.set(key.kid, { firstSeen, ...known, key, lastNeeded: time })
    }
    forget(time)
    const [first] = inFile
    if (first !== undefined && (signer === undefined || isOld(first.kid, time))) signer = first.kid
    return time
  }

  function forget(time: number): void {
    for (const [kid, { lastNeeded }] of held)
      if (kid !== signer && time - lastNeeded > AFTER_USE) held.delete(kid)
  }

  function need(kid: string, time: number): void {
    const known = held.get(kid)
    if (known !== undefined) known.lastNeeded = time
  }

  const isOld = (kid: string, time: number): boolean =>
    time - (held.get(kid)?.firstSeen ?? time) >= BEFORE_SIGNING

  look()
  return {
    signing() {
      const time = look()
      const current = held.get(signer ?? '')
      if (current === undefined) throw new Error('no key signs')
      need(current.key.kid, time)
      return current.key
    },
    published() {
      look()
      const current = inFile.map(({ kid }) => kid)
      const others = [...held.keys()].filter((kid) => !current.includes(kid))
      return [...current, ...others].flatMap((kid) => held.get(kid)?.key.publicJwk ?? [])
    },
  }
}

/** An authorization server that knows a kid does not fetch its key again. */
function refuseOthers(keys: readonly ClientKey[], held: ReadonlyMap<string, Held>): readonly ClientKey[] {
  const isTaken = ({ kid, alg, thumbprint }: ClientKey): boolean => {
    const known = held.get(kid)?.key
    return known !== undefined && (known.thumbprint !== thumbprint || known.alg !== alg)
  }
  if (keys.some(isTaken))
    throw new CredentialError(
      'clientKeyFile',
      'holds another key under a kid that is in use: give it a new one',
    )
  return keys
}
