import type { Readable, Writable } from 'node:stream'
import type { Environment } from '../config-source.js'
import type * as TokensModule from '../tokens.js'
import type { TokenStore } from '../tokens/token-store.js'

export type Input = Readable & { readonly isTTY?: boolean | undefined }
export type Output = Writable & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** The part of `latchkey/tokens` that the commands use. */
export type Tokens = Pick<
  typeof TokensModule,
  | 'createClientCredentialsProvider'
  | 'createDeviceCodeProvider'
  | 'createPasswordProvider'
  | 'createRefreshTokenProvider'
>

/** For what a kept login is changed. */
export type Change = 'renewal' | 'sign-out'

/** Where tokens are kept for later commands. */
export interface TokenFolder {
  /** The place for one login. What is done there is a renewal, unless it is said to be something else. */
  store(name: string, patience: number, change?: Change): TokenStore
  /** Where that is, for people. */
  readonly path: string
}

/** What a command works with; nothing else of the process is touched. */
export interface Context {
  readonly env: Environment
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly now: () => number
  /** Aborted by Ctrl-C or another signal that ends the process, with `Interrupted` as its reason. */
  readonly signal: AbortSignal
  /** Ours, for `--version`. */
  readonly version: string
  /** `latchkey/tokens` and the token file, loaded by the commands that need them: the others start quickly. */
  readonly loadTokens: () => Promise<Tokens>
  readonly loadFolder: () => Promise<TokenFolder>
}
