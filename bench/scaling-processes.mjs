// The processes that are measured: the built server, and a real Redis. Both end with this one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import { nextFreePort } from '../keycloak/lib/ports.mjs'
import { AUDIENCE, CLIENT } from './scaling-provider.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const START_TIMEOUT = 10_000

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {import('node:child_process').ChildProcess}
 */
function own(child) {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/**
 * @param {string} what
 * @param {() => boolean | Promise<boolean>} isReady
 */
async function ready(what, isReady) {
  const deadline = Date.now() + START_TIMEOUT
  while (!(await isReady())) {
    if (Date.now() > deadline) throw new Error(`${what} does not start`)
    await sleep(20)
  }
}

/** @typedef {{ cpu: number, kept: number, rss: number }} Usage seconds of processor, bytes, bytes */

export class ServerUnderTest {
  /** @type {import('node:child_process').ChildProcess} */
  #child
  /** @type {number} */
  port

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {number} port
   */
  constructor(child, port) {
    this.#child = child
    this.port = port
  }

  /**
   * @param {string} issuer
   * @param {Record<string, string>} [env]
   */
  static async start(issuer, env = {}) {
    const port = await nextFreePort(0)
    const settings = {
      PORT: String(port),
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: CLIENT.id,
      OIDC_CLIENT_SECRET: CLIENT.secret,
      API_AUDIENCE: AUDIENCE,
      SESSION_SECRETS: 'a-session-secret-of-the-measurement-alone',
      LOG_LEVEL: 'warn',
      ...env,
    }
    const probe = path.join(root, 'bench/scaling-probe.mjs')
    const child = own(
      spawn(process.execPath, ['--expose-gc', '--import', probe, 'dist/server.js'], {
        cwd: root,
        env: { PATH: process.env['PATH'], ...settings },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      }),
    )
    const server = new ServerUnderTest(child, port)
    await ready('the server', async () => {
      if (child.exitCode !== null) throw new Error('the server ended')
      return fetch(`http://localhost:${port}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      )
    })
    return server
  }

  /**
   * @param {{ sweep?: boolean }} [question]
   * @returns {Promise<Usage>}
   */
  async usage(question = {}) {
    const answer = once(this.#child, 'message')
    this.#child.send(question)
    const [usage] = await answer
    return usage
  }

  async stop() {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}

export class RedisUnderTest {
  /** @type {import('node:child_process').ChildProcess} */
  #child
  #client
  #folder
  url

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} url
   * @param {string} folder
   */
  constructor(child, url, folder) {
    this.#child = child
    this.#folder = folder
    this.url = url
    this.#client = createClient({ url, RESP: 2 })
    this.#client.on('error', () => undefined)
  }

  static async start() {
    const port = await nextFreePort(0)
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-'))
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const program = process.env['LATCHKEY_TEST_REDIS'] || 'redis-server'
    const child = own(spawn(program, args, { stdio: 'ignore' }))
    child.once('error', (error) => {
      process.stderr.write(`This needs a Redis; LATCHKEY_TEST_REDIS names its program: ${error.message}\n`)
      process.exit(1)
    })
    const redis = new RedisUnderTest(child, `redis://127.0.0.1:${port}`, folder)
    await redis.#client.connect()
    return redis
  }

  /** @param {string[]} args */
  command(...args) {
    return this.#client.sendCommand(args)
  }

  /**
   * A number of `INFO`.
   *
   * @param {string} section
   * @param {RegExp} form
   */
  async info(section, form) {
    return Number(form.exec(String(await this.command('INFO', section)))?.[1] ?? 0)
  }

  async version() {
    return /redis_version:(\S+)/.exec(String(await this.command('INFO', 'server')))?.[1] ?? 'unknown'
  }

  memory() {
    return this.info('memory', /^used_memory:(\d+)/m)
  }

  /** Seconds of processor. */
  async cpu() {
    return (
      (await this.info('cpu', /^used_cpu_user:([\d.]+)/m)) +
      (await this.info('cpu', /^used_cpu_sys:([\d.]+)/m))
    )
  }

  /** Operations of Latchkey: each is one script. */
  operations() {
    return this.info('commandstats', /^cmdstat_eval:calls=(\d+)/m)
  }

  /**
   * Keys and bytes by kind.
   *
   * @returns {Promise<Map<string, { keys: number, bytes: number }>>}
   */
  async kinds() {
    const keys = /** @type {string[]} */ (/** @type {unknown} */ (await this.command('KEYS', '*')))
    const kinds = new Map()
    for (const key of keys) {
      const kind = key.split(':')[2] ?? key
      const found = kinds.get(kind) ?? { keys: 0, bytes: 0 }
      found.keys++
      found.bytes += Number(await this.command('MEMORY', 'USAGE', key, 'SAMPLES', '0'))
      kinds.set(kind, found)
    }
    return kinds
  }

  async stop() {
    this.#client.destroy()
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
