import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Exit } from './server-process.js'
import { temporaryFolder } from './temporary-folder.js'
import { until } from './until.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export type Env = Readonly<Record<string, string>>

export interface RunOptions {
  readonly env?: Env
  /** What comes in by the pipe; without it standard input is closed. */
  readonly input?: string
  readonly stdio?: StdioOptions
  /** Arguments of Node, before the program. */
  readonly node?: readonly string[]
}

/** One run of `latchkey`, as a script starts it: pipes everywhere, and nothing of the machine's own environment. */
export class CliProcess {
  readonly child: ChildProcess
  readonly exit: Promise<Exit>
  stdout = ''
  stderr = ''

  constructor(command: string, args: readonly string[], { env = {}, input, stdio }: RunOptions) {
    this.child = spawn(command, args, {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: stdio ?? [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    const { stdin, stdout, stderr } = this.child
    stdin?.on('error', () => undefined)
    if (input) stdin?.write(input)
    stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exit = new Promise((resolve) =>
      this.child.once('close', (code, signal) => resolve({ code, signal })),
    )
  }

  static start(args: readonly string[], options: RunOptions = {}): CliProcess {
    const started = new CliProcess(process.execPath, [...(options.node ?? []), MAIN, ...args], options)
    if (options.input !== undefined) started.child.stdin?.end()
    return started
  }

  /** Starts it on a pseudo-terminal of its own; what both streams show there is `stdout`. */
  static onTerminal(args: string, { env = {} }: { readonly env?: Env } = {}): CliProcess {
    const command = `exec '${process.execPath}' '${MAIN}' ${args}`
    if (spawnSync('script', ['--version']).status !== 0)
      throw new Error('script (of util-linux) is missing: these tests need a pseudo-terminal')
    return new CliProcess('script', ['-qec', command, '/dev/null'], {
      env: { TERM: 'xterm', SHELL: '/bin/sh', ...env },
      input: '',
    })
  }

  /** Waits until something is shown. */
  async shows(text: string | RegExp): Promise<void> {
    await until(() => {
      const all = this.stdout + this.stderr
      const found = typeof text === 'string' ? all.includes(text) : text.test(all)
      if (!found && this.child.exitCode !== null) throw new Error(`it ended: ${all}`)
      return found || undefined
    })
  }

  type(text: string): void {
    this.child.stdin?.write(text)
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exit
  }
}

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs it to its end. */
export async function latchkey(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const started = CliProcess.start(args, options)
  const { code } = await started.exit
  return { code, stdout: started.stdout, stderr: started.stderr }
}

/** Environment of a user with an empty home of their own. */
export function newHome(): Home {
  return { HOME: temporaryFolder() }
}

interface Home {
  readonly HOME: string
}

const tokenPath = ({ HOME }: Home): string => path.join(HOME, '.config/latchkey/tokens.json')

/** Everything that is kept in a home. */
export function tokenFile(home: Home): string {
  return readFileSync(tokenPath(home), 'utf8')
}

/** Makes every access token that is kept in a home one that is over. */
export function makeDue(home: Home): void {
  writeFileSync(tokenPath(home), tokenFile(home).replace(/("expiresAt": )\d+/g, '$11000'))
}

/** Whether there is anything that a terminal acts upon, but for line breaks. */
export function actsOnTerminals(text: string): boolean {
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll('\n', ''))
}
