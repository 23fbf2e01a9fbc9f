import { randomUUID } from 'node:crypto'
import type { Records, StoredRecord } from './records.js'

export interface LockOptions {
  readonly records: Records
  /** Milliseconds after which a lock is free whose holder says nothing any more. */
  readonly lease?: number
}

/** A lock that is held. Neither call rejects: if the store is away, the lease ends the lock. */
export interface HeldLock {
  release(): Promise<void>
  /** Gives it up so that nobody takes it for some milliseconds: what it guards has just failed. */
  rest(life: number): Promise<void>
}

/** Locks across all processes that share the store. */
export interface Locks {
  /**
   * Takes the lock of a name. Its lease is renewed until it is released, so that it lasts as long as the work that it
   * guards; that of a process which was killed ends by itself.
   *
   * @param options `alsoResting`: also when what it guards failed a moment ago.
   * @returns why not, when it cannot be had now.
   */
  tryTake(name: string, options?: { readonly alsoResting?: boolean }): Promise<HeldLock | 'taken' | 'resting'>
}

const RESTING = 'resting'

export function createLocks({ records, lease = 3000 }: LockOptions): Locks {
  return {
    async tryTake(name, { alsoResting = false } = {}) {
      const key = `lock:${name}`
      const holder = randomUUID()
      const take = async (before?: StoredRecord): Promise<HeldLock | undefined> => {
        const taken = await records.replace(key, before, holder, lease)
        return taken && holdLock({ records, lease, key, holder }, taken)
      }
      const lock = await take()
      if (lock !== undefined) return lock
      const found = await records.get(key)
      if (found?.value !== RESTING) return 'taken'
      return alsoResting ? ((await take(found)) ?? 'taken') : RESTING
    },
  }
}

interface Lease {
  readonly records: Records
  readonly lease: number
  readonly key: string
  readonly holder: string
}

function holdLock(lease: Lease, taken: StoredRecord): HeldLock {
  const { records, key } = lease
  let mine: StoredRecord | undefined = taken
  let renewing: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    renewing = renewing.then(async () => {
      mine = await renew(lease, mine)
    })
  }, lease.lease / 3).unref()

  async function end(how: (mine: StoredRecord) => Promise<unknown>): Promise<void> {
    clearInterval(timer)
    await renewing
    if (mine !== undefined) await how(mine).catch(() => undefined)
  }

  return {
    release: () => end((last) => records.remove(key, last)),
    rest: (life) => end((last) => records.replace(key, last, RESTING, life)),
  }
}

/**
 * A store that is away for a moment does not take the lock from us, nor does an answer that was lost. When somebody
 * else has it, or nobody, there is nothing left to renew.
 */
async function renew(
  { records, lease, key, holder }: Lease,
  mine: StoredRecord | undefined,
): Promise<StoredRecord | undefined> {
  if (mine === undefined) return undefined
  try {
    const renewed = await records.replace(key, mine, holder, lease)
    if (renewed !== undefined) return renewed
    const found = await records.get(key)
    // It may be gone: Redis lost it, or was away for longer than a lease.
    return found === undefined || found.value === holder
      ? await records.replace(key, found, holder, lease)
      : undefined
  } catch {
    return mine
  }
}
