import { createHash } from 'node:crypto'

/** What stands for a value in the store's keys: a copy of the store gives nobody a session id or a browser's cookie. */
export function digest(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}
