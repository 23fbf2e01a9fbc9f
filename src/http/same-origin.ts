import type { Request } from 'express'

/**
 * Whether a request that changes something comes from a page of our own. A client that is no browser sends neither
 * header and carries no one's cookies by accident.
 *
 * @see {@link https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header | Fetch Metadata §2.3}
 */
export function isFromOurPages(req: Request, publicUrl: string): boolean {
  const site = req.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin } = req.headers
  return origin === undefined || origin === new URL(publicUrl).origin
}
