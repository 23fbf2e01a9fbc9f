import { createWriteStream, rmSync } from 'node:fs'

/**
 * Begins a log anew. The old file is removed, not emptied: where it was a link, what is behind it stays.
 *
 * @param {string} path
 * @returns {(line: string) => void}
 */
export function openLog(path) {
  rmSync(path, { force: true })
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  // A full disk costs the log, not the run.
  stream.on('error', () => {})
  return (line) => void stream.write(`${line}\n`)
}
