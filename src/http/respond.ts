import type { Request, Response } from 'express'
import type { AppError } from '../errors.js'
import type { Log } from '../log.js'
import { wantsPage } from './navigation.js'

/**
 * Answers a request that ended in one of our errors: a page for a person, JSON for a program. On a route for programs
 * alone, `mayBePage` is `false`, and `Accept` is not asked.
 */
export type Respond = (error: AppError, req: Request, res: Response, mayBePage?: boolean) => void

/** Renders the page about an error. */
export type ErrorPage = (error: AppError, req: Request, res: Response) => void

export interface RespondOptions {
  readonly log: Log
  readonly page: ErrorPage
  /** The `WWW-Authenticate` value for a 401. */
  readonly challenge: (error: AppError) => string
}

/** The one place where our errors become answers and log lines; the wire sees the code and our own words only. */
export function createRespond({ log, page, challenge }: RespondOptions): Respond {
  return (error, req, res, mayBePage = true) => {
    logError(log, error, req)
    // Somebody's time-out may have answered meanwhile; an answer that was begun cannot be mended.
    if (res.headersSent) {
      if (!res.writableEnded) res.destroy()
      return
    }
    res.status(error.status).set('Cache-Control', 'no-store')
    if (error.retryAfter !== undefined) res.set('Retry-After', String(error.retryAfter))
    if (error.status === 401) res.set('WWW-Authenticate', challenge(error))
    if (mayBePage && wantsPage(req)) page(error, req, res)
    else res.json({ error: error.code, error_description: error.description })
  }
}

/** One line about an error that was answered. */
export function logError(log: Log, error: AppError, req: Request): void {
  const fields = {
    code: error.code,
    status: error.status,
    reason: error.message,
    hint: error.hint,
    method: req.method,
    path: pathOf(req),
  }
  if (error.status >= 500) log.error(fields, 'request failed')
  else log.warn(fields, 'request refused')
}

/** The path as it was sent, without its query, at a bearable length. */
export function pathOf(req: Request): string {
  return (req.originalUrl.split(/[?#]/, 1)[0] ?? '').slice(0, 200)
}
