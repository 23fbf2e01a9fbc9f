import type { Request } from 'express'

/**
 * Whether a person's browser asks for a page and would follow a redirect to one. Anything else (scripts, prefetches,
 * `HEAD`, forms) gets a status it can act upon.
 *
 * @see {@link https://www.w3.org/TR/fetch-metadata/#sec-fetch-mode-header | Fetch Metadata §2.2}
 */
export function isNavigation(req: Request): boolean {
  return req.method === 'GET' && !isPrefetch(req) && asksForPage(req)
}

/** Whether an answer may be a page: a navigation, or a form that was sent by one. */
export function wantsPage(req: Request): boolean {
  return (req.method === 'GET' || req.method === 'POST') && asksForPage(req)
}

function asksForPage(req: Request): boolean {
  const mode = req.headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return req.accepts(['json', 'html']) === 'html'
}

function isPrefetch(req: Request): boolean {
  const purpose = [req.headers['sec-purpose'], req.headers['purpose'], req.headers['x-moz']].join(' ')
  return /prefetch|prerender/i.test(purpose)
}
