import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { explainEnd } from './diagnosis.mjs'
import { Failure, messageOf } from './failure.mjs'
import { nextFreePort } from './ports.mjs'
import { spawnGuarded } from './processes.mjs'
import { prepareRuntime } from './runtime.mjs'

/**
 * @typedef {object} Keycloak
 * @property {string} url what browsers and clients use
 * @property {string} issuer of the first realm file
 * @property {string} managementUrl health and metrics
 * @property {{ username: string, password: string }} admin of the realm `master`
 * @property {() => Promise<void>} stop settles when nothing of the server is left
 * @property {Promise<Failure>} exited settles then, too; explains an end that nobody asked for
 *
 * @typedef {object} Options
 * @property {import('./runtime.mjs').Runtime} [runtime] from `prepareRuntime`, which is called when not given
 * @property {number} [port] any free one when not given
 * @property {number} [managementPort] any free one when not given
 * @property {string} [home] the server's own folder, kept; without it the server has one that goes with it
 * @property {boolean} [forget] forgets first what the home remembers
 * @property {string[]} [realmFiles] imported, unless the home knows the realm already
 * @property {NodeJS.ProcessEnv} [env] placeholders of the realm files (`LATCHKEY_…`) and options (`KC_…`)
 * @property {(line: string) => void} [log] gets the server's log
 * @property {(line: string) => void} [say] gets what a person may want to know while waiting
 */

export const REALM_FILE = fileURLToPath(new URL('../latchkey-realm.json', import.meta.url))

const READY_MS = 240_000
const LISTENING = /Listening on: .*Management interface listening on/

/** @param {string} line */
const toTerminal = (line) => void process.stderr.write(`${line}\n`)

/**
 * Starts a real Keycloak and waits until it is ready. It listens on loopback only, and cannot outlive this
 * process.
 *
 * @param {Options} [options]
 * @returns {Promise<Keycloak>}
 * @throws {Failure} when it does not get ready: its last words, and the remedy where that is known
 */
export async function startKeycloak(options = {}) {
  const { runtime, port, managementPort, realmFiles, env: given, log, forget } = await complete(options)
  const url = `http://localhost:${port}`
  const issuer = `${url}/realms/${realmName(realmFiles[0] ?? REALM_FILE)}`
  const admin = adminOf(given)
  const env = {
    ...given,
    KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
    KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
  }
  const home = await runtime.openHome(options.home)
  try {
    if (forget && home !== undefined) await runtime.forget(home)
    const command = runtime.command({ home, port, managementPort, url, realmFiles, env })
    const launched = launch(command, home, log)
    await untilReady(launched, managementPort)
    return {
      url,
      issuer,
      managementUrl: `http://localhost:${managementPort}`,
      admin,
      exited: launched.exited,
      async stop() {
        await launched.server.stop()
        await launched.exited
      },
    }
  } catch (error) {
    home?.release()
    throw error
  }
}

/** @param {Options} options */
async function complete({
  realmFiles = [REALM_FILE],
  env = {},
  log = () => {},
  say = toTerminal,
  ...options
}) {
  return {
    realmFiles,
    env,
    log,
    runtime: options.runtime ?? (await prepareRuntime(say)),
    port: options.port ?? (await nextFreePort(0)),
    managementPort: options.managementPort ?? (await nextFreePort(0)),
    forget: options.forget ?? false,
  }
}

/** @param {NodeJS.ProcessEnv} env */
const adminOf = ({ KC_BOOTSTRAP_ADMIN_USERNAME: username, KC_BOOTSTRAP_ADMIN_PASSWORD: password }) => ({
  username: username ?? 'admin',
  password: password ?? randomBytes(12).toString('base64url'),
})

/**
 * @typedef {object} Launched
 * @property {import('./processes.mjs').GuardedProcess} server
 * @property {Promise<Failure>} exited
 * @property {() => boolean} isListening
 *
 * @param {import('./runtime.mjs').Command} command
 * @param {import('./home.mjs').Home | undefined} home
 * @param {(line: string) => void} log
 * @returns {Launched}
 */
function launch({ command, args, env, afterwards }, home, log) {
  let listening = false
  const server = spawnGuarded(command, args, {
    env,
    afterwards,
    onLine(line) {
      listening ||= LISTENING.test(line)
      log(line)
    },
  })
  home?.handOver(server.guardPid)
  const exited = server.ended.then((ending) => {
    home?.release()
    return explainEnd(ending, server.lastLines())
  })
  return { server, exited, isListening: () => listening }
}

/**
 * Open ports and log lines come ten seconds before the server is ready, so its health is asked. It is asked
 * only when the server has said that it listens: before that, somebody else's answer could come from there.
 *
 * @param {Launched} launched
 * @param {number} managementPort
 */
async function untilReady({ server, exited, isListening }, managementPort) {
  const until = Date.now() + READY_MS
  /** @type {Failure | undefined} */
  let failure
  void exited.then((explanation) => (failure = explanation))
  while (Date.now() < until) {
    if (failure !== undefined) throw failure
    if (isListening() && (await isHealthy(managementPort))) return
    await sleep(100)
  }
  const lines = server.lastLines().slice(-10)
  await server.kill()
  throw new Failure(
    [`Keycloak was not ready after ${READY_MS / 1000} seconds. Its last words:`, ...lines].join('\n'),
  )
}

/** @param {number} managementPort */
const isHealthy = (managementPort) =>
  fetch(`http://127.0.0.1:${managementPort}/health/ready`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ status }) => status === 200,
    () => false,
  )

/** @param {string} file */
function realmName(file) {
  try {
    return /** @type {{ realm: string }} */ (JSON.parse(readFileSync(file, 'utf8'))).realm
  } catch (error) {
    throw new Failure(`The realm file ${file} cannot be read: ${messageOf(error)}`)
  }
}
