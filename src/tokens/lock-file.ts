import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { openPrivateFile, createPrivateFile } from './private-folder.js'

/** What a released lock file is cut to: for that there is room on a full disk. An empty one is just being written. */
const RELEASED_SIZE = 1

export interface LockLook {
  /** Nobody holds it: it was released, or its holder is gone. */
  readonly free: boolean
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
      JSON.stringify({ pid: process.pid, place: placeOfProcesses(), since: new Date() }),
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
    const free = size === RELEASED_SIZE || (holder !== undefined && isGone(holder))
    return { free, pid: holder?.pid, sign: [ino, mtimeMs, size].join(' ') }
  } finally {
    await handle.close()
  }
}

interface Holder {
  readonly pid: number
  readonly place: string
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, place } = JSON.parse(text) as Record<string, unknown>
    return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof place === 'string'
      ? { pid: Number(pid), place }
      : undefined
  } catch {
    return undefined
  }
}

/** Of another machine, container or start of this one we know nothing. */
function isGone({ pid, place }: Holder): boolean {
  if (place !== placeOfProcesses()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
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
