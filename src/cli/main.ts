#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { createInterruption } from './interruption.js'
import { runProgram } from './program.js'
import { createTokenFolder } from './token-folder.js'

interface Package {
  readonly version: string
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as Package
const signal = createInterruption({
  process,
  exit: (code) => process.exit(code),
  now: () => performance.now(),
})
const folder = createTokenFolder({ env: process.env, platform: process.platform, home: homedir, signal })

process.exitCode = await runProgram(process.argv.slice(2), {
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

if (process.exitCode > 128) {
  // A refresh token that is spent at this moment has a successor, which must not be lost.
  await folder.settled()
  process.exit()
}
