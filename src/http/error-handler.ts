import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { isAppError } from '../errors.js'
import type { Log } from '../log.js'
import { wantsPage } from './navigation.js'
import { pathOf, type Respond } from './respond.js'

type ProblemCode = 'not_found' | 'internal_error' | 'bad_request'

/** Renders the page about something that is no error of a feature. */
export type ProblemPage = (code: ProblemCode, req: Request, res: Response) => void

export interface ErrorHandlerOptions {
  readonly log: Log
  readonly respond: Respond
  readonly page: ProblemPage
}

const DESCRIPTION: Readonly<Record<ProblemCode, string>> = {
  not_found: 'There is nothing at this address',
  internal_error: 'Something went wrong here',
  bad_request: 'The request is malformed',
}

/** Errors of ours as their class says; what Express itself refuses as 4xx; anything else is a bug of ours: 500. */
export function createErrorHandler(options: ErrorHandlerOptions): ErrorRequestHandler {
  const { log, respond } = options
  // Express tells error handlers by their four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  return (error: unknown, req, res, _next) => {
    if (isAppError(error)) {
      respond(error, req, res)
      return
    }
    const status = statusOf(error)
    if (status >= 500)
      log.error(
        { code: 'internal_error', method: req.method, path: pathOf(req), ...describe(error) },
        'a bug',
      )
    else log.warn({ code: 'bad_request', status, method: req.method, path: pathOf(req) }, 'request refused')
    if (res.headersSent) res.destroy()
    else answer(status >= 500 ? 'internal_error' : 'bad_request', status, req, res, options)
  }
}

/** The errors of our own routers only: what is not ours goes to the app's own handler. */
export function createOwnErrorHandler(respond: Respond): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (isAppError(error)) respond(error, req, res)
    else next(error)
  }
}

export function createNotFound(options: ErrorHandlerOptions): RequestHandler {
  return (req, res) => answer('not_found', 404, req, res, options)
}

function answer(
  code: ProblemCode,
  status: number,
  req: Request,
  res: Response,
  { page }: ErrorHandlerOptions,
): void {
  res.status(status).set('Cache-Control', 'no-store')
  if (wantsPage(req)) page(code, req, res)
  else res.json({ error: code, error_description: DESCRIPTION[code] })
}

/** Express and its parsers mark what they refuse with a 4xx status. */
function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('status' in error)) return 500
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

function describe(error: unknown): { reason: string; stack?: string | undefined } {
  return error instanceof Error
    ? { reason: `${error.name}: ${error.message}`, stack: error.stack }
    : { reason: typeof error }
}
