// `npm test`: provides what the suite needs, runs it, and ends with one line that counts.
// `npm test -- unit http` runs those folders alone; what follows a second `--` goes to jest.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKeycloak } from '../keycloak/lib/server.mjs'
import { buildIfNeeded } from './build.mjs'
import { provideCommand } from './provide.mjs'
import { writeTestRealms } from './test-realms.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const ALONE = ['unit', 'http', 'launcher']
const WITH_KEYCLOAK = ['e2e', 'browser']
const LAST = ['journey']
const ALL = [...ALONE, ...WITH_KEYCLOAK, ...LAST]
const WITH_REDIS = ALL.filter((name) => name !== 'launcher')
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'latchkey-test-'))

/** What `npm test` was asked for. */
function readArguments() {
  const given = process.argv.slice(2)
  const end = given.indexOf('--')
  const folders = end === -1 ? given : given.slice(0, end)
  const unknown = folders.filter((name) => !ALL.includes(name))
  if (unknown.length > 0) throw new Error(`there is no test folder ${unknown.join(', ')}`)
  return {
    folders: folders.length > 0 ? folders : ALL,
    forJest: end === -1 ? [] : given.slice(end + 1),
  }
}

/**
 * Runs the tests of some folders and counts them.
 * @param {string[]} folders
 * @param {string[]} forJest
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ passed: number, failed: number }>}
 */
async function run(folders, forJest, env = {}) {
  if (folders.length === 0) return { passed: 0, failed: 0 }
  const results = path.join(scratch, `${folders.join('-')}.json`)
  const jest = path.join(root, 'node_modules/jest/bin/jest.js')
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const options = [
    '--selectProjects',
    ...folders,
    '--json',
    `--outputFile=${results}`,
    // A handle that somebody forgot must not hold up everything.
    '--forceExit',
    '--silent=false',
    ...forJest,
  ]
  const child = spawn(process.execPath, [...node, jest, ...options], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise((resolve) => child.on('exit', resolve))
  if (!fs.existsSync(results)) return { passed: 0, failed: 1 }
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests } = JSON.parse(
    fs.readFileSync(results, 'utf8'),
  )
  // A file that does not load, and a test that is skipped, have proven nothing; unless only some were asked for.
  const skipped = forJest.length > 0 ? 0 : numPendingTests
  const failed = numFailedTests + numRuntimeErrorTestSuites + skipped
  return { passed: numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed }
}

/** One real server for the whole run, with fresh keys and people. */
async function startRealServer() {
  const realms = writeTestRealms(scratch)
  const keycloak = await startKeycloak({
    realmFiles: realms.files,
    env: { ...process.env, ...realms.environment },
    log: (line) => fs.appendFileSync(path.join(scratch, 'keycloak.log'), `${line}\n`),
  })
  const { url, admin } = keycloak
  return {
    keycloak,
    settings: JSON.stringify({ url, admin, realm: realms.realm, otpRealm: realms.otpRealm }),
  }
}

/** @param {string[]} folders @param {string[]} forJest */
async function runWithKeycloak(folders, forJest) {
  if (folders.length === 0) return { passed: 0, failed: 0 }
  const { keycloak, settings } = await startRealServer()
  try {
    // The two cores carry one real server and one browser: files run one after the other.
    return await run(folders, ['--runInBand', ...forJest], { LATCHKEY_TEST_KEYCLOAK: settings })
  } finally {
    await keycloak.stop()
  }
}

/** What runs in another process group must not outlive an interrupted run: the launcher's own guard sees to that. */
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }))

try {
  const { folders, forJest } = readArguments()
  if (folders.some((name) => WITH_KEYCLOAK.includes(name)))
    process.env['LATCHKEY_TEST_CHROMIUM'] = provideCommand('chromium', [
      'chromium',
      'chromium-browser',
      'google-chrome',
    ])
  if (folders.some((name) => WITH_REDIS.includes(name)))
    process.env['LATCHKEY_TEST_REDIS'] ||= provideCommand('redis-server', ['redis-server', 'valkey-server'])
  await buildIfNeeded()
  const alone = await run(
    folders.filter((name) => ALONE.includes(name)),
    // On two cores jest would run one file after the other, and most files wait more than they work.
    [`--maxWorkers=${Math.max(2, os.availableParallelism() - 1)}`, ...forJest],
  )
  const real = await runWithKeycloak(
    folders.filter((name) => WITH_KEYCLOAK.includes(name)),
    forJest,
  )
  const last = await run(
    folders.filter((name) => LAST.includes(name)),
    forJest,
  )
  const counts = [alone, real, last]
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
