import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from './until.js'

const run = promisify(execFile)
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder of somebody else, in which the packed package is installed and the examples are compiled. */
export class PackedPackage {
  readonly folder: string
  readonly #running: ChildProcess[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async install(): Promise<PackedPackage> {
    const packed = new PackedPackage(mkdtempSync(path.join(tmpdir(), 'latchkey-package-')))
    const { folder } = packed
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    if (tarball === undefined) throw new Error('npm pack made no package')
    writeFileSync(
      path.join(folder, 'package.json'),
      '{"name":"app-of-ones-own","private":true,"type":"module"}',
    )
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', ...quiet, `./${tarball}`, 'express@5'], { cwd: folder })
    return packed
  }

  /** Compiles a folder of TypeScript against the package's own types, strictly. */
  async compile(sources: string): Promise<void> {
    const target = path.join(this.folder, path.basename(sources))
    cpSync(sources, target, { recursive: true })
    const files = readdirSync(target).filter((name) => name.endsWith('.ts'))
    const options = [
      '--strict',
      '--module',
      'NodeNext',
      '--target',
      'ES2023',
      '--types',
      'node',
      '--noUncheckedIndexedAccess',
    ]
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [tsc, ...options, ...files], { cwd: target }).catch((error: unknown) => {
      throw new Error(`the examples do not compile: ${(error as { stdout?: string }).stdout ?? ''}`)
    })
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text)
  }

  /** Starts a script and waits until something answers at `url`. */
  async start(script: string, env: Record<string, string>, url: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, [script], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#running.push(child)
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk))
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${script} ended: ${complaint}`)
      return fetch(url, { redirect: 'manual' }).then(
        () => true,
        () => undefined,
      )
    })
    return child
  }

  /** Runs a command to its end in the folder; fails when it fails. */
  async run(command: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
    return run('sh', ['-c', command], {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.folder,
        NPM_CONFIG_UPDATE_NOTIFIER: 'false',
        ...env,
      },
    })
  }

  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    await gone
  }

  async remove(): Promise<void> {
    for (const child of this.#running) await this.stop(child)
    rmSync(this.folder, { recursive: true, force: true })
  }
}
