import { appendFileSync } from 'node:fs'
import { createTokenFile } from '../../src/tokens/token-file.js'

/** What one process is to do with a token file; its only argument, as JSON. */
export interface TokenFileTask {
  readonly folder: string
  readonly name?: string
  readonly patience?: number
  readonly umask?: number
  /** Where each refresh writes a line. */
  readonly log?: string
  /** Whether a refresh waits until it is told to go on. */
  readonly hold?: boolean
  /** Milliseconds that a refresh takes. */
  readonly takes?: number
  /** Bytes of the new token. */
  readonly size?: number
}

const task = JSON.parse(process.argv[2] ?? '') as TokenFileTask

async function refresh(): Promise<void> {
  if (task.log !== undefined) appendFileSync(task.log, `${process.pid}\n`)
  process.stdout.write('working\n')
  if (task.hold === true) await new Promise((resolve) => process.stdin.once('data', resolve))
  await new Promise((resolve) => setTimeout(resolve, task.takes ?? 0))
}

if (task.umask !== undefined) process.umask(task.umask)
try {
  const { folder, name = 'one', patience } = task
  const tokens = await createTokenFile({ folder, name, patience }).update(async (kept) => {
    if (kept !== undefined && kept.expiresAt > Date.now()) return kept
    const obtainedAt = Date.now()
    await refresh()
    const accessToken = `of ${process.pid} `.padEnd(task.size ?? 0, 'x')
    return { accessToken, tokenType: 'bearer', obtainedAt, expiresAt: obtainedAt + 60_000 }
  })
  process.stdout.write(`${JSON.stringify({ token: tokens?.accessToken })}\n`)
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  process.stdout.write(`${JSON.stringify({ code, message })}\n`)
}
process.stdin.destroy()
