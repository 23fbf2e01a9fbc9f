import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { containerRuntime } from './container.mjs'
import { builtFolder, provideDistribution, wantedArchive } from './distribution.mjs'
import { cacheFolder } from './folders.mjs'
import { furnish, takeHome, throwAwayHome } from './home.mjs'
import { UTF8_LOCALE } from './locale.mjs'
import { hasEngine, provideTools } from './prerequisites.mjs'
import { startArguments } from './start-arguments.mjs'

/**
 * @typedef {import('./home.mjs').Home} Home
 *
 * @typedef {object} Start
 * @property {Home | undefined} home
 * @property {number} port
 * @property {number} managementPort
 * @property {string} url
 * @property {string[]} realmFiles
 * @property {NodeJS.ProcessEnv} env
 *
 * @typedef {object} Command
 * @property {string} command
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} env
 * @property {string[]} [afterwards]
 *
 * @typedef {object} Runtime what servers are started from: a container engine or a built distribution
 * @property {string} appHost the name by which the server reaches this machine
 * @property {(path?: string) => Promise<Home | undefined>} openHome
 * @property {(home: Home) => Promise<void>} forget deletes what the home remembers
 * @property {(start: Start) => Command} command
 */

/**
 * Gets everything that a server needs onto this machine; the second time nothing is left to do.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<Runtime>}
 */
export async function prepareRuntime(say) {
  if (await hasEngine()) return containerRuntime(say)
  const cache = cacheFolder()
  const archive = wantedArchive()
  const maven = archive.needsMaven && !existsSync(builtFolder(cache, archive))
  const env = environment(await provideTools({ maven, say }))
  const built = await provideDistribution({ cache, archive, env, say })
  return {
    appHost: 'localhost',
    openHome: (path) => (path === undefined ? throwAwayHome(cache) : takeHome(path)),
    forget: ({ path }) => rm(join(path, 'data'), { recursive: true, force: true }),
    command({ home, realmFiles, env: additional, ...address }) {
      if (home === undefined) throw new TypeError('a distribution runs in a home')
      furnish(home.path, { built, realmFiles })
      return {
        command: join(home.path, 'bin', 'kc.sh'),
        args: startArguments({ host: '127.0.0.1', ...address }),
        env: { ...env, ...additional },
      }
    },
  }
}

/**
 * The server takes settings from the environment, so it gets a clean one: a KC_DB or DEBUG of this terminal is
 * not meant for it.
 *
 * @param {string} java
 * @returns {NodeJS.ProcessEnv}
 */
function environment(java) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...UTF8_LOCALE, JAVA_HOME: java, JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1' }
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TZ']) if (process.env[name]) env[name] = process.env[name]
  return env
}
