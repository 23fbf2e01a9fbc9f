import { createHmac } from 'node:crypto'

/** A session cookie's value as express-session writes it. */
export function signedCookie(id: string, secret: string): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${id}.${signature}`)
}

/** The session id in such a value. */
export function sessionIdOf(value: string | undefined): string {
  return /^s:([^.]+)\./.exec(decodeURIComponent(value ?? ''))?.[1] ?? ''
}
