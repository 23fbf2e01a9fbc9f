import type { NextFunction, Request, RequestHandler, Response } from 'express'
import session, { type Store } from 'express-session'
import { parseCookie } from 'cookie'
import { isFromOurPages } from '../http/same-origin.js'
import { pathOf, type Respond } from '../http/respond.js'
import { cookieAttributes } from './cookies.js'
import { SessionError } from './errors.js'
import { assertOwnSession } from './own-session.js'

export interface SessionOptions {
  readonly publicUrl: string
  readonly cookieName: string
  /** Newest first: the first signs, all verify. */
  readonly secrets: readonly string[]
  readonly store: Store & { keepAlive(req: Request): Promise<void> }
  readonly respond: Respond
  /** Whether requests that change something are refused when they come from another site. */
  readonly refuseCrossSite: boolean
  /** Requests that look at a session without using it: they do not move its idle end. */
  readonly isUse?: (req: Request) => boolean
}

export interface SessionMiddleware {
  /** express-session with our store, cookie and times; 503 while the store cannot be asked. */
  readonly required: RequestHandler
  /** The same for a page that anybody may see: without an answer of the store, nobody is signed in. */
  readonly optional: RequestHandler
}

export function createSession(options: SessionOptions): SessionMiddleware {
  const { publicUrl, cookieName, secrets, store, respond } = options
  const { isUse = () => true, refuseCrossSite } = options
  const attributes = cookieAttributes(publicUrl)
  const express = session({
    name: cookieName,
    secret: [...secrets],
    store,
    cookie: { ...attributes },
    resave: false,
    saveUninitialized: false,
  })

  function load(req: Request, res: Response, next: NextFunction, onError: (cause: unknown) => void): void {
    // express-session sets a Secure cookie only where it sees TLS itself. What PUBLIC_URL says holds here: the hop
    // behind a proxy is plain http, and whether that proxy is trusted for addresses is another matter.
    if (attributes.secure === true) Object.defineProperty(req, 'secure', { value: true, configurable: true })
    express(req, res, (error?: unknown) => {
      if (error !== undefined && error !== null) attempt(() => onError(error), next)
      // A session that was read is good, also when its end could not be moved.
      else if (isUse(req))
        store.keepAlive(req).then(
          () => next(),
          () => next(),
        )
      else next()
    })
  }

  return {
    required(req, res, next) {
      if (refuseCrossSite && isForged(req, publicUrl, cookieName)) {
        respond(
          new SessionError(
            'cross_site_request',
            'a request that changes something, not sent by a page of ours',
          ),
          req,
          res,
        )
        return
      }
      if ((req as Partial<Request>).session !== undefined) {
        // express-session leaves a session alone that is there already.
        assertOwnSession(req, store)
        next()
        return
      }
      load(req, res, next, (cause) =>
        respond(
          new SessionError('session_store_unavailable', 'a session could not be read', { cause }),
          req,
          res,
        ),
      )
    },
    optional: (req, res, next) => load(req, res, next, () => next()),
  }
}

/** The store calls back where nobody catches what a page of the app may throw. */
function attempt(work: () => void, next: NextFunction): void {
  try {
    work()
  } catch (error) {
    next(error)
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Whether a request may be one that another site makes a person's browser send. It is one under a session, so it has
 * the cookie; whoever calls without is asked for other credentials.
 */
function isForged(req: Request, publicUrl: string, cookieName: string): boolean {
  if (SAFE.has(req.method) || isFromOurPages(req, publicUrl)) return false
  // Its credential is the logout token.
  if (/^\/backchannel-logout\/*$/i.test(pathOf(req))) return false
  return parseCookie(req.headers.cookie ?? '')[cookieName] !== undefined
}
