import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, hasCode } from './failure.mjs'
import { ownFolder } from './folders.mjs'

/**
 * @typedef {object} Known
 * @property {string} realm what the realm was made from, as a digest
 * @property {string} adminPassword
 * @property {string} sessionSecret
 *
 * @typedef {object} Memory
 * @property {string} folder
 * @property {string} home for the server
 * @property {boolean} forget whether what the home holds does not count
 * @property {string} adminPassword
 * @property {string} sessionSecret
 * @property {() => void} keep lets what the home holds count next time; call it when the server is ready
 */

/**
 * Opens what a launcher remembers under a name. A realm is imported once, so a memory counts as long as the
 * realm is the one it was made from, and only when that start got to the end.
 *
 * @param {string} folder the name, as folders below the state folder
 * @param {object} options
 * @param {string} options.realmFile
 * @param {NodeJS.ProcessEnv} options.placeholders
 * @param {boolean} options.fresh forgets it
 * @param {(line: string) => void} options.say
 * @returns {Memory}
 */
export function openMemory(folder, { realmFile, placeholders, fresh, say }) {
  const file = join(ownFolder(folder), 'memory.json')
  const realm = digestOf(realmFile, placeholders)
  const known = fresh ? undefined : read(file)
  const forget = known?.realm !== realm
  if (known !== undefined && forget) {
    say('The realm is not the one of the last start; starting afresh. People who registered are forgotten.')
  }
  if (forget) rmSync(file, { force: true })
  const next = forget || known === undefined ? invent(realm) : known
  return {
    folder,
    home: join(folder, 'keycloak'),
    forget,
    adminPassword: next.adminPassword,
    sessionSecret: next.sessionSecret,
    keep: () => replace(file, JSON.stringify(next)),
  }
}

/**
 * @param {string} realm
 * @returns {Known}
 */
const invent = (realm) => ({
  realm,
  adminPassword: randomBytes(12).toString('base64url'),
  sessionSecret: randomBytes(32).toString('base64url'),
})

/**
 * @param {string} realmFile
 * @param {NodeJS.ProcessEnv} placeholders
 */
function digestOf(realmFile, placeholders) {
  const text = readFileSync(realmFile, 'utf8')
  const names = new Set([...text.matchAll(/\$\{(LATCHKEY_\w+)/g)].map(([, name]) => name ?? ''))
  const values = [...names].sort().map((name) => [name, placeholders[name]])
  return createHash('sha256').update(text).update(JSON.stringify(values)).digest('hex')
}

/**
 * @param {string} file
 * @returns {Known | undefined}
 */
function read(file) {
  try {
    return /** @type {Known} */ (JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw new Failure(`${file} cannot be read. Start with -- --fresh to forget what was remembered.`)
  }
}

/**
 * @param {string} file
 * @param {string} content
 */
function replace(file, content) {
  const next = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(next, content, { flag: 'wx', mode: 0o600 })
  renameSync(next, file)
}
