import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { builtFolder, wantedArchive } from '../../keycloak/lib/distribution.mjs'
import { fetchWithMaven } from '../../keycloak/lib/maven.mjs'
import { KEYCLOAK, Sandbox } from './sandbox.js'

let box: Sandbox
beforeEach(() => {
  box = new Sandbox()
})
afterEach(() => box.remove())

/** The machine's programs that the launcher may use, but for those of the name. */
function onlyOurPrograms(): NodeJS.ProcessEnv {
  for (const name of ['sh', 'tar', 'gzip', 'cp', 'dirname', 'sleep']) {
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
      box.path('bin', name),
    )
  }
  symlinkSync(process.execPath, box.path('bin', 'node'))
  return { PATH: box.bin, KEYCLOAK_ARCHIVE: '' }
}

const java = (version: string) =>
  `printf "java.specification.version = ${version}\\n    java.home = /nowhere\\n" >&2`

describe('what the machine must have', () => {
  test('neither an engine nor Java nor Maven: one message that says what to install', async () => {
    const env = onlyOurPrograms()
    box.forget('bin', 'java')
    const output = await box.fail(KEYCLOAK, env)
    expect(output).toContain('docker info')
    expect(output).toContain('For the second there is no JDK 17 or newer, and no Maven.')
    expect(output).not.toMatch(/^ +at /m)
  })

  test.each(['1.8', '11'])('Java %s is too old', async (version) => {
    const env = onlyOurPrograms()
    box.program('java', java(version))
    box.program('mvn', 'exit 1')
    expect(await box.fail(KEYCLOAK, env)).toContain('there is no JDK 17 or newer.')
  })

  test('JAVA_HOME comes before the PATH', async () => {
    const env = onlyOurPrograms()
    box.program('java', java('11'))
    mkdirSync(box.path('jdk', 'bin'), { recursive: true })
    box.program('../jdk/bin/java', java('25'))
    const output = await box.fail(KEYCLOAK, { ...env, JAVA_HOME: box.path('jdk') })
    expect(output).toContain('there is no Maven.')
  })

  test('a server that was built before needs no Maven, and no network', async () => {
    await startAndStop({})
    const [built = ''] = readdirSync(box.cache)
    renameSync(join(box.cache, built), builtFolder(box.cache, wantedArchive()))
    await startAndStop(onlyOurPrograms())
  })

  test('as root on Debian or Ubuntu what is missing is installed, said first', async () => {
    const env = { ...onlyOurPrograms(), KEYCLOAK_ARCHIVE: box.archive }
    box.forget('bin', 'java')
    box.program('java.installed', java('21'))
    box.program(
      'apt-get',
      `[ "$1" != install ] || cp '${box.path('bin')}/java.installed' '${box.path('bin')}/java'`,
    )
    box.program('apt-cache', '[ "$2" = openjdk-17-jre-headless ]')
    const isRootOnDebian = process.getuid?.() === 0 && existsSync('/etc/debian_version')
    const output = isRootOnDebian ? await startAndStop(env) : await box.fail(KEYCLOAK, env)
    const command = 'Running: apt-get install --yes --no-install-recommends openjdk-17-jre-headless\n'
    expect(output.includes(command)).toBe(isRootOnDebian)
  })
})

async function startAndStop(env: NodeJS.ProcessEnv): Promise<string> {
  const run = box.run(KEYCLOAK, { KEYCLOAK_PORT: '0', KEYCLOAK_MANAGEMENT_PORT: '0', ...env })
  await run.until('Keycloak is ready.')
  run.child.kill('SIGTERM')
  expect(await run.ended()).toBe(0)
  return run.output()
}

describe('fetching with Maven', () => {
  const PATH = process.env['PATH'] ?? ''
  const said: string[] = []
  beforeEach(() => {
    process.env['PATH'] = `${box.bin}:${PATH}`
    said.length = 0
  })
  afterEach(() => {
    process.env['PATH'] = PATH
  })
  const fetchIt = (artifact = 'org.keycloak:keycloak-quarkus-dist:26.7.4:tar.gz') => {
    mkdirSync(box.path('target'))
    return fetchWithMaven(artifact, box.path('target'), (line) => said.push(line))
  }

  test('gives the file that Maven put there', async () => {
    // Java does not find folders with umlauts in the C locale.
    const locale = process.platform === 'linux' ? '[ "$LC_ALL" = C.UTF-8 ] || exit 1' : ''
    box.program('mvn', `${locale}\nprintf "Progress (1): 88/176 MB\\r"; echo archive > keycloak.tar.gz`)
    expect(await fetchIt()).toBe(box.path('target', 'keycloak.tar.gz'))
    expect(said[0]).toContain('Fetching org.keycloak:keycloak-quarkus-dist:26.7.4:tar.gz')
  })

  test.each([
    ['[ERROR] Could not find artifact a:b:tar.gz:9 in central', 'does not have this version'],
    ['[ERROR] Could not transfer artifact a:b: Unknown host repo', 'No Maven repository can be reached'],
    ['[ERROR] write: No space left on device', 'no space left'],
    ['[ERROR] Something new', 'Something new'],
  ])('LA-01 %s: said in words', async (line, message) => {
    box.program('mvn', `echo '${line}'; exit 1`)
    await expect(fetchIt('a:b:9:tar.gz')).rejects.toThrow(message)
  })

  test('a crash of Maven: its message, without the stack', async () => {
    box.program('mvn', 'printf "Exception in thread main\\n\\tat java.lang.Thread\\n"; exit 1')
    await expect(fetchIt()).rejects.toThrow(/Exception in thread main$/)
  })
})
