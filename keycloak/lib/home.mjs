import { randomUUID } from 'node:crypto'
import { copyFileSync, cpSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Failure, hasCode } from './failure.mjs'
import { ownFolder } from './folders.mjs'
import { tryLock, waitForLock } from './lock.mjs'

// The server before us in the same folder may need this long to end, when its launcher was killed.
const WAIT_MS = 12_000

/**
 * @typedef {object} Home
 * @property {string} path
 * @property {(pid: number) => void} handOver lets the folder count as used until that process is gone
 * @property {() => void} release
 */

/**
 * Takes a folder for one server, and keeps others off it while that server lives.
 *
 * @param {string} path
 * @returns {Promise<Home>}
 */
export async function takeHome(path) {
  ownFolder(path)
  const lock = await waitForLock(`${path}.lock`, { deadline: WAIT_MS })
  if (lock === undefined) throw new Failure(`${path} is in use by another server.`)
  return { path, handOver: lock.handOver, release: lock.release }
}

/**
 * Makes a home that goes when its server ends; those of killed launchers go now.
 *
 * @param {string} cache
 * @returns {Promise<Home>}
 */
export async function throwAwayHome(cache) {
  const folder = ownFolder(join(cache, 'homes'))
  for (const entry of readdirSync(folder)) {
    if (!entry.endsWith('.lock')) continue
    const left = tryLock(join(folder, entry))
    if (left === undefined) continue
    rmSync(join(folder, basename(entry, '.lock')), { recursive: true, force: true })
    left.release()
  }
  const home = await takeHome(join(folder, randomUUID()))
  return {
    ...home,
    release() {
      rmSync(home.path, { recursive: true, force: true })
      home.release()
    },
  }
}

/**
 * Puts the built server and the realms into a home: new at every start, so that nothing an earlier one left
 * counts; what the server remembers (`data`) stays. Programs are hard links, which cost no space and no time;
 * the configuration is a copy, so that a change in one home stays there.
 *
 * @param {string} home
 * @param {{ built: string, realmFiles: string[] }} content
 */
export function furnish(home, { built, realmFiles }) {
  for (const entry of ['bin', 'lib', 'providers', 'themes']) {
    rmSync(join(home, entry), { recursive: true, force: true })
    linkTree(join(built, entry), join(home, entry))
  }
  rmSync(join(home, 'conf'), { recursive: true, force: true })
  cpSync(join(built, 'conf'), join(home, 'conf'), { recursive: true })
  const realms = join(ownFolder(join(home, 'data')), 'import')
  rmSync(realms, { recursive: true, force: true })
  mkdirSync(realms)
  for (const file of realmFiles) copyFileSync(file, join(realms, basename(file)))
}

/**
 * @param {string} from
 * @param {string} to
 */
function linkTree(from, to) {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) linkTree(source, target)
    else linkOrCopy(source, target)
  }
}

/**
 * @param {string} source
 * @param {string} target
 */
function linkOrCopy(source, target) {
  try {
    linkSync(source, target)
  } catch (error) {
    // Other file systems, and those without links.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].some((code) => hasCode(error, code))) throw error
    copyFileSync(source, target)
  }
}
