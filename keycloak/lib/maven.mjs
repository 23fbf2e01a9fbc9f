import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from './failure.mjs'
import { UTF8_LOCALE } from './locale.mjs'
import { spawnGuarded } from './processes.mjs'

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
const PROGRESS = /([\d.]+)\/([\d.]+) (kB|MB)/
const LEAST_MB = 20
const QUIET_MS = 5_000

/** What Maven says when it fails, and what that means. */
const CAUSES = /** @type {const} */ ([
  [/No space left on device/, 'There is no space left on the disk. Make room and start again.'],
  [
    /Unknown host|UnknownHost|Connection refused|timed out|Network is unreachable|Could not transfer|offline mode/i,
    'No Maven repository can be reached. Check the network connection, or the proxy in ~/.m2/settings.xml.',
  ],
  [
    /Could not find artifact|was not found in|Could not resolve/,
    'The Maven repository does not have this version.',
  ],
  [
    /JAVA_HOME|Unsupported ?Class/i,
    'Maven does not run with this Java. Let JAVA_HOME name a JDK 17 or newer.',
  ],
])

/**
 * Fetches one artifact with Maven, which knows the person's proxy, mirrors and local repository.
 *
 * @param {string} artifact `group:name:version:type`
 * @param {string} folder
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the path of the file
 */
export async function fetchWithMaven(artifact, folder, say) {
  say(`Fetching ${artifact} with Maven.`)
  const onLine = progress(say)
  const maven = spawnGuarded(
    'mvn',
    [
      '-Dstyle.color=never',
      '--strict-checksums',
      COPY,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${folder}`,
      '-Dmdep.useBaseVersion=true',
    ],
    { cwd: folder, env: { ...process.env, ...UTF8_LOCALE }, onLine },
  )
  const { code } = await maven.ended
  if (code !== 0) throw failure(artifact, maven.lastLines())
  const [name] = await readdir(folder)
  if (name === undefined) throw new Failure(`Maven ended well, but ${artifact} is not in ${folder}.`)
  return join(folder, name)
}

/**
 * @param {string} artifact
 * @param {string[]} lines
 */
function failure(artifact, lines) {
  const errors = lines.filter((line) => line.startsWith('[ERROR]'))
  const text = errors.join('\n')
  const cause = CAUSES.find(([pattern]) => pattern.test(text))?.[1]
  const detail =
    cause ??
    (errors.length > 0 ? errors : lines)
      .filter((line) => !/^\s+at /.test(line))
      .slice(0, 3)
      .join('\n')
  return new Failure(`Maven could not fetch ${artifact}. ${detail}`)
}

/**
 * Shows how far the download is: in place on a terminal, else a line now and then.
 *
 * @param {(line: string) => void} say
 * @returns {(line: string) => void}
 */
function progress(say) {
  let last = Date.now()
  let shown = ''
  return (line) => {
    const [, done = '', total, unit] = PROGRESS.exec(line) ?? []
    // Maven may fetch a plugin first; those are small, and not what one waits for.
    if (unit !== 'MB' || Number(total) < LEAST_MB || done === shown) return
    shown = done
    if (process.stderr.isTTY) {
      process.stderr.write(`\r  ${done} of ${total} MB${done === total ? '\n' : ''}`)
    } else if (Date.now() - last > QUIET_MS) {
      last = Date.now()
      say(`  ${done} of ${total} MB`)
    }
  }
}
