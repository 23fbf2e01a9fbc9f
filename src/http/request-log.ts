import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { randomUUID } from 'node:crypto'
import { withRequestId, type Log } from '../log.js'
import { pathOf } from './respond.js'

/** Gives every request an id, under which everything about it is logged; a line for each request at level debug. */
export function requestLog(log: Log): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const requestId = randomUUID()
    const begun = performance.now()
    res.set('X-Request-Id', requestId)
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
