import { AsyncLocalStorage } from 'node:async_hooks'
import { pino } from 'pino'

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

/** Characters that JSON lets through and that a terminal or a log viewer may act upon. */
const NOT_PRINTABLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

export function escapeNotPrintable(line: string): string {
  return line.replace(NOT_PRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** One JSON object a line on standard output, written when it happens. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const requestId = currentRequestId()
        return requestId === undefined ? {} : { request_id: requestId }
      },
      hooks: { streamWrite: escapeNotPrintable },
    },
    pino.destination({ dest: 1, sync: true }),
  )
}

/** For tests and for apps that want none. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
