import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { BUILD_OPTIONS, buildKey, VERSION } from './build.mjs'
import { Failure, hasCode } from './failure.mjs'
import { ownFolder } from './folders.mjs'
import { waitForLock } from './lock.mjs'
import { fetchWithMaven } from './maven.mjs'
import { spawnGuarded } from './processes.mjs'

/**
 * @typedef {(line: string) => void} Say tells the person at the terminal
 *
 * @typedef {object} Archive
 * @property {string} version
 * @property {string} sha1
 * @property {boolean} needsMaven
 * @property {(folder: string, say: Say) => Promise<string>} fetch puts the archive into a folder and returns its path
 */

/**
 * The archive to run: Keycloak's own by Maven, or the one that `KEYCLOAK_ARCHIVE` names, for machines that
 * cannot reach a Maven repository.
 *
 * @returns {Archive}
 */
export function wantedArchive() {
  const { KEYCLOAK_ARCHIVE: file, KEYCLOAK_ARCHIVE_SHA1: sha1 } = process.env
  if (!file) {
    return {
      version: VERSION,
      sha1: 'd07b35dac25ca9d200882e2456ec58148b32fabf',
      needsMaven: true,
      fetch: (folder, say) =>
        fetchWithMaven(`org.keycloak:keycloak-quarkus-dist:${VERSION}:tar.gz`, folder, say),
    }
  }
  if (!sha1)
    throw new Failure('KEYCLOAK_ARCHIVE_SHA1 must hold the SHA-1 of the archive KEYCLOAK_ARCHIVE names.')
  return {
    version: VERSION,
    sha1: sha1.toLowerCase(),
    needsMaven: false,
    fetch: () => Promise.resolve(resolve(file)),
  }
}

/**
 * Where the built server is, or will be: the name says all that the build depends on.
 *
 * @param {string} cache
 * @param {Archive} archive
 */
export const builtFolder = (cache, { version, sha1 }) => join(cache, `keycloak-${version}-${buildKey(sha1)}`)

/**
 * Fetches, checks, unpacks and builds the server. All of it happens in a work folder that is renamed at the
 * very end, so what has the final name is whole. A work folder that is still there tells of a start that did
 * not get to the end; after a failure an empty one is left to say so.
 *
 * @param {{ cache: string, archive: Archive, env: NodeJS.ProcessEnv, say: Say }} options `env` is for the build
 * @returns {Promise<string>} the folder of the built server
 */
export async function provideDistribution({ cache, archive, env, say }) {
  const built = builtFolder(cache, archive)
  const work = join(cache, 'unfinished')
  const lock = await waitForLock(join(cache, 'lock'), {
    onWait: () => say('Another start is fetching Keycloak; waiting for it.'),
  })
  try {
    if (await isFolder(built)) return ownFolder(built)
    if (await isFolder(work)) say('A previous download was not finished; starting again.')
    await rm(work, { recursive: true, force: true })
    // A folder of its own inside: whatever an earlier start left running for another second does not write here.
    const unpacked = await build(await mkdtemp(join(ownFolder(work), 'try-')), { archive, env, say })
    await rename(unpacked, built)
    await rm(work, { recursive: true })
    return built
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    await mkdir(work, { mode: 0o700 }).catch(() => {})
    throw hasCode(error, 'ENOSPC') ? noSpace(cache) : error
  } finally {
    lock?.release()
  }
}

/** @param {string} path */
const isFolder = (path) =>
  readdir(path).then(
    () => true,
    () => false,
  )

/**
 * @param {string} folder
 * @param {{ archive: Archive, env: NodeJS.ProcessEnv, say: Say }} options
 */
async function build(folder, { archive, env, say }) {
  const file = await archive.fetch(folder, say)
  await checkSum(file, archive.sha1)
  say('Unpacking Keycloak.')
  await run('tar', ['-xzf', file, '-C', folder], { folder })
  const unpacked = join(folder, `keycloak-${archive.version}`)
  say('Building Keycloak, once; this takes half a minute.')
  await run(join(unpacked, 'bin', 'kc.sh'), ['build', ...BUILD_OPTIONS], { folder, env })
  return unpacked
}

/**
 * @param {string} file
 * @param {string} expected
 */
async function checkSum(file, expected) {
  const hash = createHash('sha1')
  await pipeline(createReadStream(file), hash).catch((error) => {
    throw hasCode(error, 'ENOENT') ? new Failure(`There is no archive at ${file}.`) : error
  })
  const found = hash.digest('hex')
  if (found === expected) return
  throw new Failure(
    `${file} is not the archive it should be: its SHA-1 is ${found}, expected is ${expected}.\n` +
      'Nothing of it was used. If it comes from a local Maven repository, delete it there; then start again.',
  )
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ folder: string, env?: NodeJS.ProcessEnv }} options
 */
async function run(command, args, { folder, env = process.env }) {
  const step = spawnGuarded(command, args, { env })
  const { code } = await step.ended
  if (code === 0) return
  const lines = step.lastLines().slice(-10)
  if (lines.some((line) => line.includes('No space left on device'))) throw noSpace(folder)
  throw new Failure([`${[command, ...args].join(' ')} failed:`, ...lines].join('\n'))
}

/** @param {string} folder */
const noSpace = (folder) =>
  new Failure(`There is no space left for ${folder}. Keycloak needs 700 MB there; make room and start again.`)
