#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { Interrupted } from './errors.js'
import { EXIT } from './exit-codes.js'
import { runProgram } from './program.js'
import { createTokenFolder } from './token-folder.js'

interface Package {
  readonly version: string
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as Package
const interruption = new AbortController()
const folder = createTokenFolder({ env: process.env, platform: process.platform, home: homedir() })

process.on('SIGINT', () => {
  // Whoever presses twice does not want to wait for anything.
  if (interruption.signal.aborted) process.exit(EXIT.interrupted)
  interruption.abort(new Interrupted())
})

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  signal: interruption.signal,
  version,
  loadTokens: () => import('../tokens.js'),
  loadFolder: folder.load,
})

if (process.exitCode === EXIT.interrupted) {
  // A refresh token that is spent at this moment has a successor, which must not be lost.
  await folder.settled()
  process.exit()
}
