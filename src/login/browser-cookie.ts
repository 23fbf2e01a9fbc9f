import { parseCookie } from 'cookie'
import { randomBytes } from 'node:crypto'

/** 256 random bits, in base64url. */
const FORM = /^[\w-]{43}$/

/** The value that binds pending logins to the browser that began them; nothing when it holds none. */
export function readBrowser(cookieHeader: string | undefined, name: string): string | undefined {
  const value = parseCookie(cookieHeader ?? '')[name]
  return value !== undefined && FORM.test(value) ? value : undefined
}

export function createBrowser(): string {
  return randomBytes(32).toString('base64url')
}
