import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders } from '../../support/temporary-folder.js'
import { CliProcess, latchkey, newHome, type Env, type Run } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterEach(removeTemporaryFolders)
afterAll(() => stopWorld(world))

const env = (): Env => ({ ...world.env(), ...newHome() })
const TOKEN = ['token', '--grant', 'password']

/** What no output of ours is, whatever happens. */
const STACK = /^\s+at |node:|\.js:\d|Error:/m

/** Runs it in a shell, which connects its streams. */
async function inShell(line: string): Promise<Run> {
  const main = new URL('../../../dist/cli/main.js', import.meta.url).pathname
  const command = line.replaceAll('latchkey', `'${process.execPath}' '${main}'`)
  const started = new CliProcess('bash', ['-c', `set -o pipefail; ${command}`], { env: env() })
  const { code } = await started.exit
  return { code, stdout: started.stdout, stderr: started.stderr }
}

describe('output that nobody takes', () => {
  test('CL-02 whoami --flow all into head -1: the first line, no stack, nothing said', async () => {
    const { code, stdout, stderr } = await inShell('latchkey whoami --flow all | head -1')

    expect([0, 8]).toContain(code)
    expect({ stdout, stderr }).toEqual({ stdout: 'PUBLIC CLIENT <<<\n', stderr: '' })
  })

  test('CL-02 a reader that is gone already: 8 for every command that writes', async () => {
    for (const args of [
      TOKEN,
      ['whoami'],
      ['--help'],
      ['token', '--help'],
      ['--version'],
      ['completion', 'bash'],
    ]) {
      const started = CliProcess.start(args, { env: env() })
      started.child.stdout?.destroy()
      expect({ args, ...(await started.exit) }).toEqual({ args, code: 8, signal: null })
      expect(started.stderr).toBe('')
    }
  })

  test('CL-02 a full device: 8, and one line that says so', async () => {
    const full = openSync('/dev/full', 'w')
    try {
      for (const args of [TOKEN, ['--help']]) {
        const started = CliProcess.start(args, { env: env(), stdio: ['ignore', full, 'pipe'] })
        expect((await started.exit).code).toBe(8)
        expect(started.stderr).toBe('latchkey: the output cannot be written (ENOSPC)\n')
      }
    } finally {
      closeSync(full)
    }
  })

  test('CL-02 standard output or standard error closed: no stack, and the result if there is a place for it', async () => {
    const out = await inShell(`latchkey ${TOKEN.join(' ')} >&-`)
    expect({ code: [0, 8].includes(out.code ?? -1), stdout: out.stdout, stderr: out.stderr }).toEqual({
      code: true,
      stdout: '',
      stderr: '',
    })
    const err = await inShell(`latchkey ${TOKEN.join(' ')} 2>&-`)
    expect({ code: err.code, stdout: err.stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^eyJ\S+\n$/),
    })
    const failed = await inShell('latchkey token 2>/dev/full')
    expect({ code: failed.code, stdout: failed.stdout }).toEqual({ code: 4, stdout: '' })
  })
})

describe('output in a pipe', () => {
  test('CL-02 each command writes its results alone to standard output, and no colours anywhere', async () => {
    const token = (await latchkey(TOKEN, { env: env() })).stdout
    const runs: readonly (readonly [readonly string[], string | undefined, RegExp])[] = [
      [['whoami'], undefined, /^(?:[A-Z ]+ <<<\n\{.*\}\n\{.*\}\n>>>\n){3}$/],
      [TOKEN, undefined, /^eyJ\S+\n$/],
      [['token'], undefined, /^$/],
      [['logout'], undefined, /^$/],
      [['decode'], token, /^access token\n/],
      [['decode', '--json'], token, /^\{.*\}\n$/],
      [['completion', 'bash'], undefined, /^_latchkey/],
    ]
    for (const [args, input, expected] of runs) {
      const run = await latchkey(args, { env: env(), ...(input === undefined ? {} : { input }) })
      expect({ args, stdout: run.stdout }).toEqual({ args, stdout: expect.stringMatching(expected) })
      expect(run.stdout + run.stderr).not.toContain('\u001b')
      expect(run.stderr).not.toMatch(STACK)
    }
  })

  test('CL-02 a token is printed by token alone', async () => {
    for (const args of [['whoami'], ['login'], ['logout']]) {
      const person = world.provider.accounts.get('alice')?.person
      if (person !== undefined) world.provider.device.approve(person)
      world.provider.device.interval = 0.1
      const { code, stdout, stderr } = await latchkey(args, { env: env() })
      expect({ args, code }).toEqual({ args, code: 0 })
      expect(stdout + stderr).not.toMatch(/eyJ|refresh-|device-[0-9a-f]/)
    }
  })

  test('C001-09 the arguments that other processes see hold no secret', async () => {
    world.provider.answers.token = () => undefined
    const started = CliProcess.start(TOKEN, { env: { ...env(), UPSTREAM_TIMEOUT: '1' } })
    const args = readFileSync(`/proc/${started.child.pid ?? 0}/cmdline`, 'utf8').split('\0')
    expect(args.slice(2)).toEqual([...TOKEN, ''])
    expect(args[1]).toMatch(/main\.js$/)
    expect((await started.exit).code).toBe(5)
    expect(started.stderr).toMatch(/time-out/)
  })
})
