import { Router, type RequestHandler } from 'express'
import { assertOwnSession } from '../session/own-session.js'
import { LoginError } from './errors.js'
import { authenticatedAt, loginOf, type LoginStore } from './login-session.js'
import type { LoginPaths } from './login-paths.js'

export interface SessionRouterOptions {
  readonly store: LoginStore
  readonly paths: Pick<LoginPaths, 'logout'>
  readonly headers: RequestHandler
}

/** `GET /session`: what a script may know of the session. It extends and renews nothing. */
export function createSessionRouter({ store, paths, headers }: SessionRouterOptions): Router {
  const router = Router()
  router.get('/session', headers, (req, res) => {
    assertOwnSession(req, store)
    const login = loginOf(req, store)
    if (login === undefined) throw new LoginError('unauthorized', 'a request without a session')
    const { name, preferred_username: username, email, acr } = login.claims
    res.json({
      subject: login.subject,
      name: name ?? username ?? null,
      username: username ?? null,
      email: email ?? null,
      acr: acr ?? null,
      authenticated_at: new Date(authenticatedAt(login)).toISOString(),
      expires_at: new Date(store.endsAt(req)).toISOString(),
      logout: paths.logout,
    })
  })
  return router
}
