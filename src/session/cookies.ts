import type { CookieOptions } from 'express'

/** The session cookie's name: with https the browser itself keeps other hosts and paths from setting it. */
export function sessionCookieName(publicUrl: string, name: string): string {
  return publicUrl.startsWith('https:') ? `__Host-${name}` : name
}

/**
 * The attributes of every cookie of ours, at setting and at deletion alike.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6265.html#section-5.3 | RFC 6265 §5.3}
 */
export function cookieAttributes(publicUrl: string): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: publicUrl.startsWith('https:') }
}
