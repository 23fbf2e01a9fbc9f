import type { Writable } from 'node:stream'
import { OutputError } from './errors.js'

/**
 * Writes, and waits until the system has taken it.
 *
 * @throws {@link OutputError} when the reader is gone or the device is full
 */
export function print(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(new OutputError(codeOf(error)))
    try {
      stream.write(text, (error) => {
        if (error) fail(error)
        else resolve()
      })
    } catch (error) {
      fail(error)
    }
  })
}

/** What is said beside the results. If nobody listens, that is no failure of the command. */
export async function say(stream: Writable, text: string): Promise<void> {
  await print(stream, text).catch(() => undefined)
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'EIO'
}
