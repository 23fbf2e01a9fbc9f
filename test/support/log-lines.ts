import type { Log, LogFields } from '../../src/log.js'

export interface Line extends LogFields {
  readonly level: string
  readonly message: string
}

/** A log that keeps its lines. */
export function keptLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = []
  const write = (level: string) => (fields: LogFields, message: string) => {
    lines.push({ ...fields, level, message })
  }
  return {
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    lines,
  }
}
