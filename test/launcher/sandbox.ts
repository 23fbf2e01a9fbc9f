import {} from '@jest/globals'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// Endings may take ten seconds, and a test waits for one of them at most.
const FAKES = fileURLToPath(new URL('fakes/', import.meta.url))
export const KEYCLOAK = fileURLToPath(new URL('../../keycloak/keycloak.mjs', import.meta.url))
export const REALM_FILE = fileURLToPath(new URL('../../keycloak/latchkey-realm.json', import.meta.url))
export const DEMO = join(FAKES, 'demo.mjs')

/** A launcher command that runs, or has run. */
export interface Run {
  readonly child: ChildProcess
  /** Everything it has written so far, to both streams. */
  output(): string
  /** Waits until it has written that. */
  until(text: string): Promise<void>
  /** Waits until it has ended: its exit code, or the signal that ended it. */
  ended(): Promise<number | string | null>
}

/** Waits for a condition; fails when it does not come true in ten seconds, which is all an ending may take. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    if (await condition()) return
    await sleep(25)
  }
  throw new Error(`not within ten seconds: ${typeof what === 'string' ? what : what()}`)
}

/** Whether a process runs. One that has ended and waits to be fetched by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self/cmdline') || commandLineOf(pid) !== ''
  } catch {
    return false
  }
}

/** Whether somebody accepts connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

export const sha1Of = (content: Buffer): string => createHash('sha1').update(content).digest('hex')

/** A home folder of its own, with a small archive for the real one and programs that stand in for the machine's. */
export class Sandbox {
  readonly home: string
  readonly bin: string
  readonly archive: string
  readonly #runs: Run[] = []

  constructor(name = 'launcher') {
    this.home = mkdtempSync(join(tmpdir(), `${name} `))
    this.bin = join(this.home, 'bin')
    mkdirSync(this.bin)
    this.program('docker', 'exit 1')
    this.program('java', 'printf "java.specification.version = 21\\n    java.home = /nowhere\\n" >&2')
    this.archive = this.#pack()
  }

  get cache(): string {
    return join(this.home, '.cache', 'latchkey')
  }

  get state(): string {
    return join(this.home, '.local', 'state', 'latchkey')
  }

  get env(): NodeJS.ProcessEnv {
    return {
      HOME: this.home,
      PATH: `${this.bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
      KEYCLOAK_ARCHIVE: this.archive,
      KEYCLOAK_ARCHIVE_SHA1: sha1Of(readFileSync(this.archive)),
    }
  }

  path(...names: string[]): string {
    return join(this.home, ...names)
  }

  /** Puts a program on the PATH, before the machine's own. */
  program(name: string, script: string): void {
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(this.bin, name), 0o755)
  }

  /** Removes a file or folder of the sandbox. */
  forget(...names: string[]): void {
    rmSync(this.path(...names), { recursive: true })
  }

  /** Makes the container engine one that runs. */
  startEngine(): void {
    this.program('docker', `exec node '${join(FAKES, 'docker.mjs')}' "$@"`)
  }

  /** Starts a launcher command. */
  run(script: string, env: NodeJS.ProcessEnv = {}, args: string[] = []): Run {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    const exit = once(child, 'close') as Promise<[number | null, string | null]>
    const run: Run = {
      child,
      output: () => output,
      until: (text) =>
        eventually(
          () => output.includes(text),
          () => `"${text}" in:\n${output}`,
        ),
      ended: async () => {
        const [code, signal] = await exit
        return code ?? signal
      },
    }
    this.#runs.push(run)
    return run
  }

  /** Starts a command that cannot get ready, and waits for its end. */
  async fail(script: string, env: NodeJS.ProcessEnv = {}, args: string[] = []): Promise<string> {
    const run = this.run(script, env, args)
    const code = await run.ended()
    if (code !== 1) throw new Error(`ended with ${String(code)}:\n${run.output()}`)
    return run.output()
  }

  /** Reads what a stand-in wrote down. */
  json(...names: string[]): { pid: number; args: string[]; env: Record<string, string | undefined> } {
    return JSON.parse(readFileSync(this.path(...names), 'utf8')) as ReturnType<Sandbox['json']>
  }

  /** Ends what still runs, and removes everything. */
  async remove(): Promise<void> {
    for (const { child } of this.#runs) child.kill('SIGKILL')
    await Promise.all(this.#runs.map((run) => run.ended()))
    await eventually(() => !this.isUsed(), 'nothing runs in the sandbox')
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Whether a process names the sandbox in its arguments. */
  isUsed(): boolean {
    return commandLines().some((line) => line.includes(this.home))
  }

  #pack(): string {
    const root = join(this.home, 'keycloak-26.7.4')
    for (const folder of ['bin', 'lib', 'providers', 'themes', 'conf'])
      mkdirSync(join(root, folder), { recursive: true })
    cpSync(join(FAKES, 'kc.sh'), join(root, 'bin', 'kc.sh'))
    chmodSync(join(root, 'bin', 'kc.sh'), 0o755)
    cpSync(join(FAKES, 'server.mjs'), join(root, 'lib', 'server.mjs'))
    writeFileSync(join(root, 'conf', 'keycloak.conf'), '')
    const archive = join(this.home, 'archive.tar.gz')
    execFileSync('tar', ['-czf', archive, '-C', this.home, 'keycloak-26.7.4'])
    rmSync(root, { recursive: true })
    return archive
  }
}

/** The argument lists of all processes. */
export function commandLines(): string[] {
  if (!existsSync('/proc/self/cmdline')) {
    return execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLineOf)
}

function commandLineOf(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it has ended meanwhile
  }
}
