import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient } from 'redis'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { until } from './until.js'

const START_TIMEOUT = 10_000
/** A server that is paused does not answer at all. */
const COMMAND_TIMEOUT = 2_000
const PORT_TAKEN = 'Address already in use'
/** Hears from the test run when the server has ended. When it hears nothing more, the test run is gone: then it ends it. */
const GUARD = 'read -r ended || { kill -9 "$1"; sleep 1; rm -rf "$2"; }'

export interface RedisOptions {
  /** Further settings, as on its command line: `['--maxmemory', '2mb']`. */
  readonly args?: readonly string[]
  readonly password?: string
  /** The data outlive `kill` and `restart`: a write is on the disk before it is answered. */
  readonly persistent?: boolean
}

/** A real Redis on a port of its own, which keeps nothing unless asked to. It cannot outlive the test run. */
export class RedisServer {
  readonly port: number
  readonly url: string
  readonly #program: string
  readonly #args: readonly string[]
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'latchkey-redis-'))
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #isRunning = false

  private constructor(program: string, port: number, { args = [], password, persistent }: RedisOptions) {
    this.port = port
    this.#program = program
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}@`
    this.url = `redis://${secret}127.0.0.1:${port}`
    this.#args = [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''],
      ...(persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...args,
    ]
  }

  /** Starts one, and waits until it answers. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const program = findProgram()
    for (let attempt = 1; ; attempt++) {
      const server = new RedisServer(program, await nextFreePort(0), options)
      try {
        await server.#launch()
        return server
      } catch (error) {
        await server.stop()
        // Another process of the test run may have got the port in between.
        if (attempt === 3 || !String(error).includes(PORT_TAKEN)) throw error
      }
    }
  }

  /** One command on a connection of its own, its reply as RESP2 has it. Rejects when there is no answer in time. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({
      url: this.url,
      RESP: 2,
      socket: { reconnectStrategy: false, connectTimeout: COMMAND_TIMEOUT },
    })
    // It is what the promises reject with, too.
    client.on('error', () => undefined)
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_resolve, reject) => {
      const message = `Redis did not answer ${args[0] ?? ''} within ${COMMAND_TIMEOUT} ms`
      timer = setTimeout(() => reject(new Error(message)), COMMAND_TIMEOUT)
    })
    try {
      return await Promise.race([client.connect().then(() => client.sendCommand(args)), tooLate])
    } finally {
      clearTimeout(timer)
      if (client.isOpen) client.destroy()
    }
  }

  /** All keys, sorted. */
  async keys(): Promise<string[]> {
    return ((await this.command('KEYS', '*')) as string[]).sort()
  }

  /** Removes all keys. */
  async flush(): Promise<void> {
    await this.command('FLUSHALL')
  }

  /** Stops it from running: connections stay, new ones are still accepted, nothing is answered. */
  pause(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  /** Ends it as a crash does, and waits for the end. It may be paused, or have ended. */
  async kill(): Promise<void> {
    this.#child?.ref()
    if (this.#isRunning) this.#child?.kill('SIGKILL')
    await this.#ended
  }

  /** Starts it again on its port, after a crash if it still runs. */
  async restart(): Promise<void> {
    await this.kill()
    await this.#launch()
  }

  /** Ends it, and removes what it has written. */
  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #log(): string {
    return path.join(this.#folder, 'redis.log')
  }

  async #launch(): Promise<void> {
    if (!existsSync(this.#folder)) throw new Error('This Redis was stopped for good')
    const log = openSync(this.#log, 'w')
    const child = spawn(this.#program, this.#args, {
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    this.#isRunning = true
    let reason = ''
    this.#ended = new Promise((resolve) => {
      const end = (why: string): void => {
        reason = why
        this.#isRunning = false
        resolve()
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', () => end(`it ended: ${readFileSync(this.#log, 'utf8')}`))
    })
    if (child.pid !== undefined) guard(child.pid, this.#folder, this.#ended)
    // One that a test forgets to stop must not keep the test run from ending.
    child.unref()
    await until(async () => {
      if (!this.#isRunning) throw new Error(`${this.#program} does not start: ${reason}`)
      return (await this.#isReady(child.pid)) || undefined
    }, START_TIMEOUT)
  }

  /** Whether it answers, and not somebody else on its port. */
  async #isReady(pid = 0): Promise<boolean> {
    try {
      if ((await this.command('PING')) !== 'PONG') return false
      return String(await this.command('INFO', 'server')).includes(`\nprocess_id:${pid}\r\n`)
    } catch {
      return false
    }
  }

  #signal(signal: NodeJS.Signals): void {
    // A test that believes it has paused something would show nothing.
    if (!this.#isRunning || this.#child?.kill(signal) !== true) throw new Error('This Redis does not run')
  }
}

/** Jest hides the end of its process from tests, and SIGKILL from everybody; a pipe that closes shows both. */
function guard(pid: number, folder: string, ended: Promise<void>): void {
  const watcher = spawn('/bin/sh', ['-c', GUARD, 'redis-guard', String(pid), folder], {
    // Ctrl-C is for the test run, whose end it then sees.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const { stdin } = watcher
  watcher.on('error', () => undefined)
  stdin.on('error', () => undefined)
  watcher.unref()
  void ended.then(() => stdin.end('ended\n'))
}

function findProgram(): string {
  const named = process.env['LATCHKEY_TEST_REDIS']
  if (named) return named
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    for (const name of ['redis-server', 'valkey-server']) {
      const file = path.join(folder, name)
      if (existsSync(file)) return file
    }
  }
  throw new Error(
    'These tests need a Redis: install the package redis-server (Debian, Ubuntu), ' +
      'or name redis-server or valkey-server in LATCHKEY_TEST_REDIS',
  )
}
