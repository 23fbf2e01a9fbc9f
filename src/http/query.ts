import type { Request } from 'express'

/** The query as it was sent: Express's parser would lose what is there twice. */
export function queryOf(req: Request): URLSearchParams {
  const at = req.originalUrl.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : req.originalUrl.slice(at + 1))
}
