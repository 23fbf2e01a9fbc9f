import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Failure } from './failure.mjs'
import { spawnGuarded } from './processes.mjs'

/** @typedef {(line: string) => void} Say */

const execute = promisify(execFile)
const LEAST_JAVA = 17
const NAMES = { java: `JDK ${LEAST_JAVA} or newer`, maven: 'Maven' }
const ENGINE_ANSWERS_MS = 5_000

/** Whether a container engine is there and running. */
export const hasEngine = () =>
  execute('docker', ['info'], { timeout: ENGINE_ANSWERS_MS, killSignal: 'SIGKILL' }).then(
    () => true,
    () => false,
  )

/**
 * What a server without an engine needs: a Java, and Maven unless the server was fetched before. As root on
 * Debian or Ubuntu what is missing is installed.
 *
 * @param {{ maven: boolean, say: Say }} options
 * @returns {Promise<string>} the folder of the Java
 */
export async function provideTools({ maven, say }) {
  const found = await look(maven)
  if (found.missing.length === 0) return found.java
  if (canInstall()) {
    await install(found.missing, say)
    const { java, missing } = await look(maven)
    if (missing.length === 0) return java
  }
  throw new Failure(
    [
      'Keycloak needs one of these, and neither was found:',
      '  * a running container engine, one that answers `docker info`',
      `  * a JDK ${LEAST_JAVA} or newer (named by JAVA_HOME, or on the PATH) and Maven (mvn on the PATH)`,
      `For the second there is no ${found.missing.map((tool) => NAMES[tool]).join(', and no ')}.`,
      'On Debian or Ubuntu: sudo apt-get install default-jdk-headless maven',
    ].join('\n'),
  )
}

/** @param {boolean} maven whether that is needed */
async function look(maven) {
  const java = await findJava()
  /** @type {(keyof typeof NAMES)[]} */
  const missing = []
  if (java === undefined) missing.push('java')
  if (maven && !onPath('mvn')) missing.push('maven')
  return { java: java ?? '', missing }
}

const canInstall = () => process.getuid?.() === 0 && existsSync('/etc/debian_version') && onPath('apt-get')

/** @param {string} program */
function onPath(program) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

async function findJava() {
  const { JAVA_HOME } = process.env
  for (const program of [...(JAVA_HOME ? [join(JAVA_HOME, 'bin', 'java')] : []), 'java']) {
    const home = await homeOfJava(program)
    if (home !== undefined) return home
  }
  return undefined
}

/**
 * @param {string} program
 * @returns {Promise<string | undefined>} nothing when it is too old or not there
 */
async function homeOfJava(program) {
  const settings = await execute(program, ['-XshowSettings:properties', '-version'], {
    timeout: 20_000,
  }).then(
    ({ stderr }) => stderr,
    () => '',
  )
  const version = /java\.specification\.version = ([\d.]+)/.exec(settings)?.[1]
  const home = /java\.home = (.+)/.exec(settings)?.[1]
  // Java 8 calls itself 1.8.
  return version !== undefined && Number.parseInt(version, 10) >= LEAST_JAVA ? home : undefined
}

/**
 * @param {(keyof typeof NAMES)[]} missing
 * @param {Say} say
 */
async function install(missing, say) {
  await apt(['update'], say)
  const packages = []
  if (missing.includes('java')) packages.push(await newestJava())
  if (missing.includes('maven')) packages.push('maven')
  await apt(['install', '--yes', '--no-install-recommends', ...packages], say)
}

/** Releases of Debian and Ubuntu differ in the versions they have. */
async function newestJava() {
  for (const version of [25, 21, 17]) {
    const name = `openjdk-${version}-jre-headless`
    const known = await execute('apt-cache', ['show', name]).then(
      () => true,
      () => false,
    )
    if (known) return name
  }
  throw new Failure(
    `This release has no package of Java ${LEAST_JAVA} or newer; install one and start again.`,
  )
}

/**
 * @param {string[]} args
 * @param {Say} say
 */
async function apt(args, say) {
  say(`Running: apt-get ${args.join(' ')}`)
  const step = spawnGuarded('apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const { code } = await step.ended
  if (code !== 0) throw new Failure(['apt-get failed:', ...step.lastLines().slice(-5)].join('\n'))
}
