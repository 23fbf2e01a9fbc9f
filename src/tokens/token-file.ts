import { homedir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { configFolder } from './config-folder.js'
import { takeFileLock, type HeldFileLock } from './file-lock.js'
import { findPrivateFolder, makePrivateFolder, openPrivateFile } from './private-folder.js'
import { makeRoomFile } from './room-file.js'
import { loginOf, parseLogins, printLogins, type Logins } from './token-file-contents.js'
import type { TokenSet } from './token-set.js'
import type { TokenStore } from './token-store.js'
import { usingFiles } from './unusable-file.js'

/** Bytes that a file of tokens may grow by for sure. */
const GROWTH = 16 * 1024

/** Options of {@link createTokenFile}. */
export interface TokenFileOptions {
  /** Which sign-in of those in the file: one for each issuer, client and scope. */
  readonly name: string
  /** Where the file is. Default: the user's config folder. */
  readonly folder?: string | undefined
  /** Seconds to wait while one other process changes the file. Default: two calls to the authorization server, and two. */
  readonly patience?: number | undefined
}

/** What `work` was given and has made of it. */
interface Outcome {
  readonly given: TokenSet | undefined
  readonly result: TokenSet | undefined
}

/**
 * Keeps the tokens of a sign-in in a file that only its user can read, and that all processes of the user share. It is
 * replaced whole, and under a lock.
 *
 * @throws `TokenError` `store_unusable` for a user without a home.
 */
export function createTokenFile({
  name,
  folder = configFolder(process.env, process.platform, homedir),
  patience = 12,
}: TokenFileOptions): TokenStore {
  const file = path.join(folder, 'tokens.json')

  /** One turn with the lock; `undefined` when it was lost before the outcome could be written. */
  async function turn(lock: HeldFileLock, run: (kept: TokenSet | undefined) => Promise<Outcome>) {
    const { logins, bytes } = await readLogins(file)
    const kept = loginOf(logins, name, file)
    const room = await makeRoomFile(lock, bytes + GROWTH)
    try {
      const last = latest(await run(kept), kept)
      if (isSame(last, kept)) return { last }
      return (await room.replace(file, printLogins(logins, name, last))) ? { last } : undefined
    } finally {
      await room.remove()
    }
  }

  return {
    async read() {
      if (!(await findPrivateFolder(folder))) return undefined
      return loginOf((await readLogins(file)).logins, name, file)
    },

    async update(work) {
      let outcome: Outcome | undefined
      for (;;) {
        await makePrivateFolder(folder)
        const lock = await takeFileLock({ folder, name: 'tokens', patience })
        try {
          // Who was stopped and lost the lock has new tokens in hand: they are kept in another turn.
          const done = await turn(
            lock,
            async (kept) => (outcome ??= { given: kept, result: await work(kept) }),
          )
          if (done !== undefined) return done.last
        } finally {
          await lock.release()
        }
      }
    },
  }
}

async function readLogins(file: string): Promise<{ readonly logins: Logins; readonly bytes: number }> {
  const handle = await openPrivateFile(file)
  if (handle === undefined) return { logins: new Map(), bytes: 0 }
  const content = await usingFiles(file, async () => {
    try {
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  })
  return { logins: parseLogins(content.toString(), file), bytes: content.length }
}

/** Usually the result. If somebody else has written meanwhile: who signed out stays signed out, else the newest. */
function latest({ given, result }: Outcome, kept: TokenSet | undefined): TokenSet | undefined {
  if (isSame(kept, given)) return result
  if (result === undefined || kept === undefined) return kept
  return result.obtainedAt >= kept.obtainedAt ? result : kept
}

/** Whether the file would say the same. */
function isSame(one: TokenSet | undefined, other: TokenSet | undefined): boolean {
  return isDeepStrictEqual(withoutGaps(one), withoutGaps(other))
}

function withoutGaps(tokens: TokenSet | undefined): unknown {
  return tokens && Object.fromEntries(Object.entries(tokens).filter(([, value]) => value !== undefined))
}
