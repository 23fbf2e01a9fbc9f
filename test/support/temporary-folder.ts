import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const made: string[] = []

/** A new folder. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'latchkey-test-'))
  made.push(folder)
  return folder
}

/** Removes those of this file. */
export function removeTemporaryFolders(): void {
  for (const folder of made.splice(0)) fs.rmSync(folder, { recursive: true, force: true })
}

/** The mode of a file or folder, in the digits of `chmod`. */
export function modeOf(file: string): string {
  return (fs.lstatSync(file).mode & 0o777).toString(8)
}
