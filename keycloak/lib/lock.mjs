import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from './failure.mjs'

/**
 * @typedef {object} Lock
 * @property {(pid: number) => void} handOver makes another process the owner
 * @property {() => void} release
 */

/** @type {Set<string>} */
const held = new Set()
process.once('exit', () => {
  for (const path of held) rmSync(path, { force: true })
})

/**
 * Takes a lock file for this process; a lock whose owner is dead does not count.
 *
 * @param {string} path
 * @returns {Lock | undefined} nothing when a living process holds it
 */
export function tryLock(path) {
  const mine = `${path}.${randomUUID()}`
  writeFileSync(mine, identityOf(process.pid) ?? '', { flag: 'wx', mode: 0o600 })
  try {
    if (!takes(mine, path) && !(breaks(path) && takes(mine, path))) return undefined
  } finally {
    rmSync(mine, { force: true })
  }
  held.add(path)
  return {
    handOver(pid) {
      held.delete(path)
      writeFileSync(mine, identityOf(pid) ?? '', { flag: 'wx', mode: 0o600 })
      renameSync(mine, path)
    },
    release() {
      held.delete(path)
      rmSync(path, { force: true })
    },
  }
}

/**
 * Waits until the lock is free, and takes it.
 *
 * @param {string} path
 * @param {{ deadline?: number, onWait?: () => void }} [options] `deadline` in milliseconds from now
 * @returns {Promise<Lock | undefined>} nothing when the deadline passed
 */
export async function waitForLock(path, { deadline = Infinity, onWait = () => {} } = {}) {
  const until = Date.now() + deadline
  for (let lock = tryLock(path), first = true; ; lock = tryLock(path), first = false) {
    if (lock !== undefined || Date.now() > until) return lock
    if (first) onWait()
    await sleep(200)
  }
}

/**
 * Linking is atomic and fails when the name is there, and the content is there from the first moment on.
 *
 * @param {string} mine
 * @param {string} path
 */
function takes(mine, path) {
  try {
    linkSync(mine, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Removes a dead owner's lock. It is moved aside first and looked at again there: of two that break it at the
 * same moment, the slower one may have moved the lock of the faster one, and puts that back.
 *
 * @param {string} path
 */
function breaks(path) {
  if (isHeld(path)) return false
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true
    throw error
  }
  const putBack = isHeld(aside) && takes(aside, path)
  rmSync(aside, { force: true })
  return !putBack
}

/** @param {string} path */
function isHeld(path) {
  const owner = readOwner(path)
  return owner !== '' && owner === identityOf(Number.parseInt(owner, 10))
}

/** @param {string} path */
function readOwner(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  }
}

/**
 * A process id and when that process began, because ids are used again.
 *
 * @param {number} pid
 * @returns {string | undefined} nothing when there is no such process
 */
function identityOf(pid) {
  try {
    return `${pid} ${process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)}`
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function startOnLinux(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in brackets, and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z') throw new Error('ended')
  return fields[19]
}

/** @param {number} pid */
const startByPs = (pid) =>
  execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim()
