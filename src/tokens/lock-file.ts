import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { openPrivateFile, createPrivateFile } from './private-folder.js'

/** So long a holder that lives keeps a lock without a sign of life, in milliseconds: it may be stopped, or busy. */
const LONGEST_SILENCE = 60_000

/** What a released lock file is cut to: for that there is room on a full disk. An empty one is just being written. */
const RELEASED_SIZE = 1

export interface LockLook {
  /** Nobody holds it: it was released, or its holder is gone. */
  readonly free: boolean
  /** Its holder lives for sure, although it may have given no sign for a while. */
  readonly alive: boolean
  /** The holder, if it is known. */
  readonly pid: number | undefined
  /** Another value each time the holder says that it is alive. */
  readonly sign: string
}

/**
 * Writes a new lock file; `undefined` when somebody was faster.
 *
 * @throws the system's error. Then there is no such file.
 */
export async function writeLockFile(file: string): Promise<FileHandle | undefined> {
  const handle = await createPrivateFile(file)
  try {
    await handle?.writeFile(
      JSON.stringify({
        pid: process.pid,
        born: birthOf(process.pid) ?? '',
        place: placeOfProcesses(),
        since: new Date(),
      }),
    )
  } catch (error) {
    await handle?.close()
    fs.rmSync(file, { force: true })
    throw error
  }
  return handle
}

/** Releases a lock file, which may be somebody's past. */
export async function releaseLockFile(handle: FileHandle): Promise<void> {
  try {
    await handle.truncate(RELEASED_SIZE)
  } finally {
    await handle.close()
  }
}

/** Says that the holder is alive. */
export async function touchLockFile(handle: FileHandle): Promise<void> {
  const now = new Date()
  await handle.utimes(now, now)
}

/**
 * Who holds a lock file; `undefined` without one.
 *
 * @throws `TokenError` `store_unusable`
 */
export async function lookAtLockFile(file: string): Promise<LockLook | undefined> {
  const handle = await openPrivateFile(file)
  if (handle === undefined) return undefined
  try {
    const { ino, mtimeMs, size } = await handle.stat()
    const holder = parseHolder(await handle.readFile('utf8'))
    const life = holder === undefined ? undefined : lifeOf(holder)
    return {
      free: size === RELEASED_SIZE || life === 'gone',
      alive: life === 'lives' && Math.abs(Date.now() - mtimeMs) < LONGEST_SILENCE,
      pid: holder?.pid,
      sign: [ino, mtimeMs, size].join(' '),
    }
  } finally {
    await handle.close()
  }
}

interface Holder {
  readonly pid: number
  readonly place: string
  /** When it began, as its system counts; empty where that does not say. */
  readonly born: string
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, place, born } = JSON.parse(text) as Record<string, unknown>
    return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof place === 'string'
      ? { pid: Number(pid), place, born: typeof born === 'string' ? born : '' }
      : undefined
  } catch {
    return undefined
  }
}

/** Of another machine, container or start of this one we know nothing. */
function lifeOf({ pid, place, born }: Holder): 'gone' | 'lives' | undefined {
  if (place !== placeOfProcesses()) return undefined
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone'
  }
  const found = birthOf(pid)
  if (born === '' || found === undefined) return undefined
  // Another process may have its number by now, and one that has ended keeps it until somebody has noticed.
  return found === born ? 'lives' : 'gone'
}

/** When a process began, in ticks since its system did; empty for one that has ended, nothing where nobody says. */
function birthOf(pid: number): string | undefined {
  const stat = ifReadable(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === '') return undefined
  // Its name, which may hold anything, is the second field; the state is the third, the time the 22nd.
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ['Z', 'X'].includes(state) ? '' : (fields[18] ?? '')
}

/** Where process numbers mean the same: containers may share a home and a host name, but not the processes. */
function placeOfProcesses(): string {
  const boot = ifReadable(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = ifReadable(() => fs.readlinkSync('/proc/self/ns/pid'))
  return [hostname(), boot, namespace].join(' ').trim()
}

function ifReadable(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
