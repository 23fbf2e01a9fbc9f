import type { Request, RequestHandler, Response } from 'express'
import { isNavigation } from '../http/navigation.js'
import type { Respond } from '../http/respond.js'
import type { SessionStore } from '../session/memory-store.js'
import { assertOwnSession } from '../session/own-session.js'
import { LoginError } from './errors.js'
import { loginOf, sessionAuth } from './login-session.js'
import { loginLink, readReturnTo } from './return-to.js'

/** How a guard for people answers those who have no session. */
export interface RequireLoginOptions {
  /** `false` for routes that answer programs: 401 and JSON even for a navigation. */
  readonly redirect?: boolean
}

export interface RequireLoginServices {
  readonly publicUrl: string
  readonly defaultReturnTo: string
  readonly store: SessionStore
  readonly respond: Respond
}

/** Makes the guard for people: sets `req.auth` from the session, else leads a navigation to the login, else 401. */
export function createRequireLogin(services: RequireLoginServices) {
  return function requireLogin(options: RequireLoginOptions = {}): RequestHandler {
    checkOptions(options)
    const { redirect = true } = options
    return async (req, res, next) => {
      assertOwnSession(req, services.store)
      const login = loginOf(req, services.store)
      if (login === undefined) {
        refuse(req, res, redirect, services)
        return
      }
      req.auth = sessionAuth(login, (await services.store.endsAt(req.sessionID)) ?? Date.now())
      if (res.headersSent) return
      res.set('Cache-Control', 'no-store')
      next()
    }
  }
}

function refuse(
  req: Request,
  res: Response,
  redirect: boolean,
  { publicUrl, defaultReturnTo, respond }: RequireLoginServices,
): void {
  if (redirect && isNavigation(req)) {
    res
      .set('Cache-Control', 'no-store')
      .redirect(302, loginLink(readReturnTo(req.originalUrl, publicUrl, defaultReturnTo)))
    return
  }
  respond(new LoginError('unauthorized', 'a request without a session'), req, res, redirect)
}

/** An option that nobody knows is a guard that nobody meant. */
function checkOptions(options: RequireLoginOptions): void {
  const unknown = Object.keys(options).filter((name) => name !== 'redirect')
  if (unknown.length > 0) throw new TypeError(`requireLogin: unknown option ${unknown.join(', ')}`)
}
