import { PassThrough } from 'node:stream'
import type { Context } from '../../../src/cli/context.js'
import { runProgram } from '../../../src/cli/program.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'
import type { TokenStore } from '../../../src/tokens/token-store.js'

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly isTTY?: boolean
  readonly loadTokens?: Context['loadTokens']
  readonly store?: TokenStore
  readonly signal?: AbortSignal
  readonly now?: () => number
}

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command line in this process, with streams of its own. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { env = {}, input = '', isTTY, signal = new AbortController().signal, now = Date.now } = options
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()].map((stream) =>
    Object.assign(stream, { isTTY }),
  ) as [Context['stdin'] & PassThrough, PassThrough, PassThrough]
  stdin.end(input)
  const [out, err] = [collect(stdout), collect(stderr)]
  const code = await runProgram(argv, {
    env,
    stdin,
    stdout,
    stderr,
    now,
    signal,
    version: '1.2.3',
    loadTokens: options.loadTokens ?? (() => import('../../../src/tokens.js')),
    loadFolder: () => Promise.resolve({ path: '/the/folder', store: () => options.store ?? memoryStore() }),
  })
  return { code, stdout: out(), stderr: err() }
}

function collect(stream: PassThrough): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return () => text
}

/** A place for tokens in memory. */
export function memoryStore(kept?: TokenSet): TokenStore {
  let now = kept
  return {
    read: () => Promise.resolve(now),
    async update(work) {
      now = await work(now)
      return now
    },
  }
}
