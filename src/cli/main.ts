#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import type { Interrupted } from './errors.js'
import { createInterruption, FINISHING } from './interruption.js'
import { say } from './output.js'
import { runProgram } from './program.js'
import { endedLine } from './terminal.js'
import { createTokenFolder } from './token-folder.js'

interface Package {
  readonly version: string
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as Package
const signal = createInterruption({
  process,
  exit: (code) => {
    process.stderr.write(endedLine(process))
    process.exit(code)
  },
  now: () => performance.now(),
})
const folder = createTokenFolder({ env: process.env, platform: process.platform, home: homedir, signal })

const code = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  signal,
  version,
  loadTokens: () => import('../tokens.js'),
  loadFolder: folder.load,
})

// A refresh token that is spent at this moment has a successor, which must not be lost.
const change = folder.underWay()
if (signal.aborted && change !== undefined && process.stderr.isTTY)
  await say(process.stderr, `${FINISHING[change]}\n`)
await folder.settled()
// A call that was given up may have left a connection that is still being made: nobody waits for that.
process.exit(signal.aborted ? code : await Promise.race([flushed(), interrupted()]))

/** Everything that was written is out, or can go nowhere. */
async function flushed(): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.destroyed && !stream.writableEnded)
      await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
  return code
}

/** A reader that does not read is not waited for then. */
function interrupted(): Promise<number> {
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve((signal.reason as Interrupted).exitCode)),
  )
}
