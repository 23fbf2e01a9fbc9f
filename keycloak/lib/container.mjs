import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BUILD_OPTIONS, buildKey, VERSION } from './build.mjs'
import { Failure } from './failure.mjs'
import { takeHome } from './home.mjs'
import { spawnGuarded } from './processes.mjs'
import { startArguments } from './start-arguments.mjs'

const IMAGE = `keycloak/keycloak:${VERSION}`
const BUILT = `latchkey-keycloak:${VERSION}-${buildKey(IMAGE)}`
const BUILD_FOLDER = fileURLToPath(new URL('..', import.meta.url))
const INSIDE = { host: '0.0.0.0', port: 8080, managementPort: 9000 }
const DATA = '/opt/keycloak/data'

const execute = promisify(execFile)

/**
 * Runs servers in containers.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<import('./runtime.mjs').Runtime>}
 */
export async function containerRuntime(say) {
  await provideImage(say)
  return {
    appHost: 'host.docker.internal',
    openHome: async (path) => (path === undefined ? undefined : takeHome(path)),
    async forget({ path }) {
      await execute('docker', ['volume', 'rm', '--force', volumeOf(path)])
    },
    command: runCommand,
  }
}

/**
 * Makes an image in which Keycloak is built already.
 *
 * @param {(line: string) => void} say
 */
async function provideImage(say) {
  const inspect = execute('docker', ['image', 'inspect', BUILT])
  const there = await inspect.then(
    () => true,
    () => false,
  )
  if (there) return
  say(`Fetching the image ${IMAGE} and building Keycloak, once; this takes a minute or two.`)
  const values = ['--build-arg', `VERSION=${VERSION}`, '--build-arg', `OPTIONS=${BUILD_OPTIONS.join(' ')}`]
  const step = spawnGuarded('docker', ['build', '--tag', BUILT, ...values, BUILD_FOLDER], { show: true })
  const { code } = await step.ended
  if (code !== 0)
    throw new Failure(`The image ${IMAGE} could not be fetched and built; docker said why above.`)
}

/**
 * The container ends with this command: `docker run` passes signals on, and where it was killed before it
 * could, `afterwards` removes the container.
 *
 * @param {import('./runtime.mjs').Start} start
 * @returns {import('./runtime.mjs').Command}
 */
function runCommand({ home, port, managementPort, url, realmFiles, env }) {
  const name = `latchkey-${port}-${randomUUID().slice(0, 8)}`
  const args = [
    ...['run', '--rm', '--name', name],
    // How the server reaches the app on this machine, for back-channel logout.
    ...['--add-host', 'host.docker.internal:host-gateway'],
    ...['--publish', `127.0.0.1:${port}:${INSIDE.port}`],
    ...['--publish', `127.0.0.1:${managementPort}:${INSIDE.managementPort}`],
    ...(home === undefined ? [] : ['--volume', `${volumeOf(home.path)}:${DATA}`]),
    ...realmFiles.flatMap((file) => ['--mount', mount(file)]),
    // By name: the values stay out of the argument list.
    ...Object.keys(env).flatMap((variable) => ['--env', variable]),
    BUILT,
    ...startArguments({ ...INSIDE, url }),
  ]
  return {
    command: 'docker',
    args,
    env: { ...process.env, ...env },
    afterwards: ['docker', 'rm', '--force', name],
  }
}

/** @param {string} home */
const volumeOf = (home) => `latchkey-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`

/**
 * The option is read as a line of CSV, so that a path with a comma or a quote needs quotes around its field.
 *
 * @param {string} file
 */
const mount = (file) =>
  `type=bind,"source=${file.replaceAll('"', '""')}",target=${DATA}/import/${basename(file)},readonly`
