import { AsyncLocalStorage } from 'node:async_hooks'

/** What a log line may hold besides its message; see docs/operating.md for what may never be in it. */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** The part of a logger that Latchkey uses: pino's, or anything shaped like it. */
export interface Log {
  /** Every answer. */
  debug(fields: LogFields, message: string): void
  /** What happened: somebody signed in or out. */
  info(fields: LogFields, message: string): void
  /** A request that was refused, or what an operator may have to mend. */
  warn(fields: LogFields, message: string): void
  /** A request that failed. */
  error(fields: LogFields, message: string): void
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const requests = new AsyncLocalStorage<{ readonly requestId: string }>()

/** Runs `work` so that everything logged in it names the request. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return requests.run({ requestId }, work)
}

export function currentRequestId(): string | undefined {
  return requests.getStore()?.requestId
}

/** For tests and for apps that want none. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
