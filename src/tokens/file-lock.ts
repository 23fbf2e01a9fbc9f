import { randomBytes } from 'node:crypto'
import fs, { type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { lookAtLockFile, releaseLockFile, touchLockFile, writeLockFile, type LockLook } from './lock-file.js'
import { TokenError } from './errors.js'
import { unless, usingFiles } from './unusable-file.js'

/** Milliseconds between two signs of life of a holder. */
const TOUCH = 1000
/**
 * Milliseconds without one after which a lock is taken from a holder of whom nothing else is known. One that is known to
 * live keeps it for a minute, be it stopped or busy: it may have sent the refresh token.
 */
const STALE = 3000
/** Milliseconds between two looks of who waits, at least and at most. */
const LOOK = { min: 25, max: 50 }
/** What a name may be that cannot be removed: gone already, none of ours, or open elsewhere on Windows. */
const IN_THE_WAY = ['ENOENT', 'EISDIR', 'EPERM', 'EACCES', 'EBUSY']

export interface FileLockOptions {
  readonly folder: string
  /** What the names of its files begin with. */
  readonly name: string
  /** Seconds to wait for it while one and the same process holds it. */
  readonly patience: number
}

/** A lock that is held by this process. */
export interface HeldFileLock {
  /** Whether it is still ours: it is taken from who seems dead, such as a process of another machine that was asleep. */
  isOurs(): Promise<boolean>
  /**
   * A path for a temporary file. The next holder removes what is left of it before anything else, so that who has lost
   * the lock can no longer put that file in any place.
   */
  temporary(): string
  release(): Promise<void>
}

/**
 * Takes a lock that all processes of a user share; in one process, too, only one has it.
 *
 * The lock is the file `<name>.lock.<n>` with the highest number. Who finds it free creates the next number, which
 * exactly one can, looks again, and holds it unless there is a higher one by then: in that case it was late. The highest
 * is never removed, so that no number comes twice, and nobody removes what somebody else has just taken.
 *
 * @throws `TokenError` `store_unusable`; `unavailable` when it cannot be had in time.
 */
export async function takeFileLock(options: FileLockOptions): Promise<HeldFileLock> {
  const patience = options.patience * 1000
  let deadline = performance.now() + patience
  let held = 0
  const isStale = watchForSigns()
  const isLeft = (look: LockLook): boolean => look.free || (!look.alive && isStale(look))
  for (;;) {
    const highest = await highestLock(options)
    // Somebody else has it now, so there is progress.
    if (highest !== held) deadline = performance.now() + patience
    held = highest
    const file = lockPath(options, highest)
    const look = highest === 0 ? undefined : await lookAtLockFile(file)
    if (highest === 0 || (look !== undefined && isLeft(look))) {
      const lock = await takeNext(options, highest + 1)
      if (lock !== undefined) return lock
    }
    if (performance.now() > deadline) throw tooLate(file, look, options)
    await pause()
  }
}

async function takeNext(options: FileLockOptions, number: number): Promise<HeldFileLock | undefined> {
  const file = lockPath(options, number)
  return usingFiles(file, async () => {
    const handle = await writeLockFile(file)
    if (handle === undefined) return undefined
    try {
      if ((await highestLock(options)) === number) {
        await removeFormer(options, number)
        return hold(options, number, handle)
      }
      await fs.rm(file, { force: true })
    } catch (error) {
      await releaseLockFile(handle).catch(() => undefined)
      throw error
    }
    await handle.close()
    return undefined
  })
}

function hold(options: FileLockOptions, number: number, handle: FileHandle): HeldFileLock {
  let touching: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    touching = touching.then(() => touchLockFile(handle)).catch(() => undefined)
  }, TOUCH).unref()
  return {
    isOurs: async () => (await highestLock(options)) === number,
    temporary: () =>
      path.join(options.folder, `${options.name}.${number}-${randomBytes(8).toString('hex')}.tmp`),
    async release() {
      clearInterval(timer)
      await touching
      // If it cannot be released, it is taken from us: we say nothing any more.
      await releaseLockFile(handle).catch(() => undefined)
    },
  }
}

async function highestLock({ folder, name }: FileLockOptions): Promise<number> {
  const names = await usingFiles(folder, () => unless(['ENOENT'], () => fs.readdir(folder)))
  return Math.max(0, ...(names ?? []).map((file) => numberOf(file, `${name}.lock.`, /^(\d{1,15})$/)))
}

/** Lower locks, and what their holders left. */
async function removeFormer({ folder, name }: FileLockOptions, number: number): Promise<void> {
  for (const file of await fs.readdir(folder)) {
    const lock = numberOf(file, `${name}.lock.`, /^(\d{1,15})$/)
    const temporary = numberOf(file, `${name}.`, /^(\d{1,15})-[0-9a-f]{16}\.tmp$/)
    const former = Math.max(lock, temporary)
    if (former > 0 && former < number) await unless(IN_THE_WAY, () => fs.unlink(path.join(folder, file)))
  }
}

function numberOf(file: string, start: string, rest: RegExp): number {
  const match = file.startsWith(start) ? rest.exec(file.slice(start.length)) : null
  return Number(match?.[1] ?? 0)
}

function lockPath({ folder, name }: FileLockOptions, number: number): string {
  return path.join(folder, `${name}.lock.${number}`)
}

/**
 * Counts for how long we have seen no sign of life. Clocks are not asked: those of two machines differ, and none says
 * for how long both of us were asleep.
 */
function watchForSigns(): (look: LockLook) => boolean {
  let sign = ''
  let watched = 0
  let last = 0
  return (look) => {
    const now = performance.now()
    watched = look.sign === sign ? watched + Math.min(now - last, 10 * LOOK.max) : 0
    sign = look.sign
    last = now
    return watched >= STALE
  }
}

async function pause(): Promise<void> {
  const time = LOOK.min + Math.random() * (LOOK.max - LOOK.min)
  await new Promise((resolve) => setTimeout(resolve, time))
}

/** Nothing is wrong with the place: later it may be had, and tokens that are kept serve meanwhile. */
function tooLate(file: string, look: LockLook | undefined, { patience }: FileLockOptions): TokenError {
  const holder = look?.pid === undefined ? 'another process' : `process ${look.pid}`
  const message = `${file} was held by ${holder} for all of ${patience} s: wait for that process, or end it`
  return new TokenError('unavailable', message, { status: 503, error: 'temporarily_unavailable' })
}
