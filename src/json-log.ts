import { pino } from 'pino'
import { currentRequestId, type Log, type LogLevel } from './log.js'
import { escapeNotPrintable } from './printable.js'

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
