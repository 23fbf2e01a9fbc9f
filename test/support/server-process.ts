import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET } from './scripted-provider.js'
import { until } from './until.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Milliseconds that a build may take, the one of somebody else before it included. */
export const BUILD_TIMEOUT = 180_000

/** Builds what is about to be started, when it is older than its sources. */
export async function buildServer(): Promise<void> {
  await promisify(execFile)(process.execPath, ['.ci/build.mjs'], { cwd: ROOT })
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Arguments of Node, before the program. */
  readonly node?: readonly string[]
}

/** The built server as an operator starts it: a process of its own, configured by its environment alone. */
export class ServerProcess {
  readonly port: number
  /** When it has ended. */
  readonly exit: Promise<Exit>
  readonly child: ChildProcess
  stdout = ''
  stderr = ''

  private constructor(port: number, env: Readonly<Record<string, string>>, node: readonly string[]) {
    this.port = port
    this.child = spawn(process.execPath, [...node, 'dist/server.js'], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exit = new Promise((resolve) =>
      this.child.once('close', (code, signal) => resolve({ code, signal })),
    )
  }

  /** Starts it, with nothing but what is given; it may end by itself. */
  static run(env: Readonly<Record<string, string>>, node: readonly string[] = []): ServerProcess {
    return new ServerProcess(Number(env['PORT'] ?? 0), env, node)
  }

  /** Starts it with good settings, and waits until it listens. */
  static async start(
    provider: { readonly issuer: string },
    { env = {}, node = [] }: StartOptions = {},
  ): Promise<ServerProcess> {
    const settings = { ...goodSettings(provider.issuer), PORT: String(await freePort()), ...env }
    const server = ServerProcess.run(settings, node)
    await until(() => {
      if (server.child.exitCode !== null) throw new Error(`it ended: ${server.stderr}`)
      return server.stdout.includes('"code":"listening"') || undefined
    })
    return server
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  /** The log: every line is a JSON object, or this throws. */
  get log(): readonly Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exit
  }
}

export function goodSettings(issuer: string): Readonly<Record<string, string>> {
  return {
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: CLIENT_ID,
    OIDC_CLIENT_SECRET: CLIENT_SECRET,
    API_AUDIENCE: AUDIENCE,
    SESSION_SECRETS: 'a-session-secret-of-the-tests-of-32-characters',
  }
}
