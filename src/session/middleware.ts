import type { NextFunction, Request, RequestHandler, Response } from 'express'
import session from 'express-session'
import type { Respond } from '../http/respond.js'
import { cookieAttributes } from './cookies.js'
import { SessionError } from './errors.js'
import { assertOwnSession } from './own-session.js'
import type { SessionStore } from './memory-store.js'

export interface SessionOptions {
  readonly publicUrl: string
  readonly cookieName: string
  /** Newest first: the first signs, all verify. */
  readonly secrets: readonly string[]
  readonly store: SessionStore
  readonly respond: Respond
  /** Requests that look at a session without using it: they do not move its idle end. */
  readonly isUse?: (req: Request) => boolean
}

/** express-session with our store, cookie and times. */
export function createSession({
  publicUrl,
  cookieName,
  secrets,
  store,
  respond,
  isUse = () => true,
}: SessionOptions): RequestHandler {
  const attributes = cookieAttributes(publicUrl)
  const load = session({
    name: cookieName,
    secret: [...secrets],
    store,
    cookie: { ...attributes },
    resave: false,
    saveUninitialized: false,
  })
  return (req: Request, res: Response, next: NextFunction) => {
    // express-session sets a Secure cookie only where it sees TLS itself. What PUBLIC_URL says holds here: the hop
    // behind a proxy is plain http, and whether that proxy is trusted for addresses is another matter.
    if (attributes.secure === true) Object.defineProperty(req, 'secure', { value: true })
    if ((req as Partial<Request>).session !== undefined) {
      // express-session leaves a session alone that is there already.
      assertOwnSession(req, store)
      next()
      return
    }
    load(req, res, (error?: unknown) => {
      if (error !== undefined && error !== null) {
        respond(
          new SessionError('session_store_unavailable', 'a session could not be read', { cause: error }),
          req,
          res,
        )
        return
      }
      if (isUse(req)) store.keepAlive(req.sessionID).then(() => next(), next)
      else next()
    })
  }
}
