import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { randomUUID } from 'node:crypto'
import { currentRequestId, withRequestId, type Log } from '../log.js'
import { pathOf } from './respond.js'

/** Gives every request an id, under which everything about it is logged; a line for each request at level debug. */
export function requestLog(log: Log): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    if (currentRequestId() !== undefined) {
      next()
      return
    }
    const requestId = nameRequest(res)
    const begun = performance.now()
    withRequestId(requestId, () => {
      res.on('finish', () => {
        const ms = Math.round(performance.now() - begun)
        withRequestId(requestId, () => {
          log.debug(
            { code: 'request', method: req.method, path: pathOf(req), status: res.statusCode, ms },
            'answered',
          )
        })
      })
      next()
    })
  }
}

/** An id that the app around us has given already is kept. */
function nameRequest(res: Response): string {
  const given = res.getHeader('x-request-id')
  const requestId = typeof given === 'string' && given !== '' ? given : randomUUID()
  if (!res.headersSent) res.set('X-Request-Id', requestId)
  return requestId
}

/** The same for a part of ours that is mounted in an app of somebody else, where nobody has named the request yet. */
export function withRequestLog(log: Log, handler: RequestHandler): RequestHandler {
  const named = requestLog(log)
  return (req, res, next) => {
    named(req, res, () => {
      // What a handler rejects with is the app's to answer, in Express 4 too; it never gets loose.
      new Promise((resolve) => {
        resolve(handler(req, res, next))
      }).catch(next)
    })
  }
}
