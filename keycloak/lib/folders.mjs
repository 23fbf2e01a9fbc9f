import { lstatSync, mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { Failure, messageOf } from './failure.mjs'

/** Where the fetched and built server lives, for all its runs. */
export const cacheFolder = () => trusted(base('XDG_CACHE_HOME', '.cache'), 'XDG_CACHE_HOME')

/** Where runs keep what has to be there next time. */
export const stateFolder = () => trusted(base('XDG_STATE_HOME', '.local/state'), 'XDG_STATE_HOME')

/**
 * @param {string} variable
 * @param {string} fallback below the home folder
 */
function base(variable, fallback) {
  const named = process.env[variable]
  return named !== undefined && isAbsolute(named) ? named : join(homedir(), fallback)
}

/**
 * @param {string} parent
 * @param {string} variable
 */
function trusted(parent, variable) {
  const elsewhere = `or let ${variable} name another folder`
  // Keycloak's start script puts its own path between apostrophes.
  if (parent.includes("'")) {
    throw new Failure(`${parent} has an apostrophe, which Keycloak cannot run with. Rename it, ${elsewhere}.`)
  }
  ensure(parent)
  // Whoever may write to the parent may put a folder of their own in our place.
  const { mode, uid } = statSync(parent)
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
    throw new Failure(`${parent} is writable for everybody. Run: chmod o-w '${parent}', ${elsewhere}.`)
  }
  if (uid !== 0 && uid !== process.getuid?.()) {
    throw new Failure(`${parent} belongs to another user. Give it to yourself, ${elsewhere}.`)
  }
  return ownFolder(join(parent, 'latchkey'), elsewhere)
}

/**
 * Makes sure that a folder is there, is no link, and is ours alone: what others can write is not run, and
 * what is behind a link is not deleted.
 *
 * @param {string} path
 * @param {string} [elsewhere] what else could be done, for the message
 * @throws {Failure} that names the folder and says what to do
 */
export function ownFolder(path, elsewhere = 'and start again') {
  ensure(path)
  const entry = lstatSync(path)
  if (entry.isSymbolicLink()) {
    throw new Failure(`${path} is a symbolic link, and links are not followed. Remove it, ${elsewhere}.`)
  }
  if (!entry.isDirectory()) throw new Failure(`${path} is not a folder. Remove it, ${elsewhere}.`)
  if (entry.uid !== process.getuid?.()) {
    throw new Failure(`${path} belongs to another user. Remove it, ${elsewhere}.`)
  }
  if ((entry.mode & 0o022) !== 0) {
    throw new Failure(
      `${path} is writable for others, who may have changed what is in it. Remove it, ${elsewhere}.`,
    )
  }
  return path
}

/** @param {string} path */
function ensure(path) {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Failure(`${dirname(path)} cannot be used: ${messageOf(error)}`)
  }
}
