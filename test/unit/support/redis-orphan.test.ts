import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { transformFileSync } from '@swc/core'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../support/until.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const FILES = ['redis-server', 'until']

/** A test run of its own, which can be ended in ways that this one must not be. */
describe('a Redis whose test run is gone', () => {
  let folder: string
  let scratch: string
  let runner: ChildProcess | undefined

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'latchkey-orphan-'))
    scratch = path.join(folder, 'scratch')
    mkdirSync(scratch)
    const support = path.join(folder, 'test/support')
    mkdirSync(support, { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
    for (const name of ['node_modules', 'keycloak'])
      symlinkSync(path.join(ROOT, name), path.join(folder, name))
    for (const name of FILES) {
      const { code } = transformFileSync(path.join(ROOT, 'test/support', `${name}.ts`))
      writeFileSync(path.join(support, `${name}.js`), code)
    }
  })
  afterEach(() => {
    runner?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  /** Runs a script there; `RedisServer` is known to it. Its first line of output. */
  async function run(script: string): Promise<string> {
    const file = path.join(folder, 'run.js')
    writeFileSync(file, `import { RedisServer } from './test/support/redis-server.js'\n${script}\n`)
    runner = spawn(process.execPath, [file], {
      env: { ...process.env, TMPDIR: scratch },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    runner.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    return until(() => /^(.*)\n/.exec(output)?.[1])
  }

  async function isListening(port: number): Promise<boolean> {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }

  const START = 'const redis = await RedisServer.start(); console.log(redis.port);'

  test.each([
    ['killed', `${START} setInterval(() => {}, 1000)`],
    ['killed, Redis being paused', `${START} redis.pause(); setInterval(() => {}, 1000)`],
  ])('%s: it ends, and its folder goes', async (_how, script) => {
    const port = Number(await run(script))
    expect(await isListening(port)).toBe(true)
    expect(readdirSync(scratch)).toHaveLength(1)
    runner?.kill('SIGKILL')
    await until(async () => !(await isListening(port)) || undefined)
    await until(() => readdirSync(scratch).length === 0 || undefined)
  })

  test('ended by itself without stopping it: the run is not kept from ending, and Redis ends', async () => {
    const port = Number(await run(START))
    await until(() => (runner?.exitCode === 0 ? true : undefined))
    await until(async () => !(await isListening(port)) || undefined)
  })

  test('one that never started leaves nothing', async () => {
    const words = await run(
      `await RedisServer.start({ args: ['--no-such-setting', 'yes'] }).catch(() => console.log('failed'))`,
    )
    expect(words).toBe('failed')
    expect(readdirSync(scratch)).toEqual([])
  })
})
