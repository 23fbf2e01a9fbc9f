import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import type { TokenFileTask } from './token-file-program.js'
import { until } from './until.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = 'test/support/token-file-program'

/** Somebody else, whom root can become. */
export const NOBODY = 65534

export interface TokenFileResult {
  readonly token?: string
  readonly code?: string
  readonly message?: string
}

interface Start {
  readonly uid?: number
  /** Units of 512 bytes that its files may have. */
  readonly fileLimit?: number
}

/** Compiles what such a process needs, and no more, to where any user can read it. */
export class TokenFileProgram {
  readonly #folder = fs.mkdtempSync(path.join(tmpdir(), 'token-file-program-'))
  readonly #started: TokenFileProcess[] = []

  constructor() {
    fs.chmodSync(this.#folder, 0o755)
    fs.writeFileSync(path.join(this.#folder, 'package.json'), '{"type":"module"}')
    const tokens = fs.readdirSync(path.join(ROOT, 'src/tokens')).filter((file) => file.endsWith('.ts'))
    this.#compile('src/errors')
    for (const file of tokens) this.#compile(`src/tokens/${path.basename(file, '.ts')}`)
    this.#compile(PROGRAM)
  }

  start(task: TokenFileTask, options: Start = {}): TokenFileProcess {
    const started = new TokenFileProcess(path.join(this.#folder, `${PROGRAM}.js`), task, options)
    this.#started.push(started)
    return started
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map((started) => started.kill()))
    fs.rmSync(this.#folder, { recursive: true })
  }

  #compile(module: string): void {
    const source = fs.readFileSync(path.join(ROOT, `${module}.ts`), 'utf8')
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    })
    const file = path.join(this.#folder, `${module}.js`)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, outputText)
  }
}

/** A process that does one thing with a token file. */
export class TokenFileProcess {
  readonly child: ChildProcess
  readonly #ended: Promise<void>
  #output = ''

  constructor(program: string, task: TokenFileTask, { uid, fileLimit }: Start) {
    const limit = fileLimit === undefined ? '' : `ulimit -f ${fileLimit}; `
    const command = ['-c', `${limit}exec "$@"`, 'sh', process.execPath, program, JSON.stringify(task)]
    this.child = spawn('sh', command, { stdio: ['pipe', 'pipe', 'inherit'], ...(uid && { uid, gid: uid }) })
    this.child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    this.#ended = new Promise((resolve) => this.child.once('close', () => resolve()))
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get hasWorked(): boolean {
    return this.#output.includes('working\n')
  }

  /** Waits until it holds the lock and is in the middle of its refresh. */
  async working(): Promise<void> {
    await until(() => this.hasWorked || undefined)
  }

  goOn(): void {
    this.child.stdin?.write('go on\n')
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL')
    await this.#ended
  }

  /** What came of it. */
  async result(): Promise<TokenFileResult> {
    await this.#ended
    return JSON.parse(this.#output.replace('working\n', '')) as TokenFileResult
  }
}
