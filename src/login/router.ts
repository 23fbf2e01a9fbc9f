import { Router, type RequestHandler } from 'express'
import { createCallback, type CallbackOptions } from './callback-router.js'
import type { LoginPaths } from './login-paths.js'
import { createLogoutRouter, type LogoutRouterOptions } from './logout-router.js'
import { createSessionRouter } from './session-router.js'
import { createStartRouter, type StartRouterOptions } from './start-router.js'

export interface LoginRouterOptions extends StartRouterOptions, CallbackOptions, LogoutRouterOptions {
  readonly paths: LoginPaths
  /** Security headers for what these routes answer. */
  readonly headers: RequestHandler
}

/** `/login`, `/register`, the redirect URI, `/logout` and its receivers, and `/session`. */
export function createLoginRouter(options: LoginRouterOptions): Router {
  const { paths, headers } = options
  const router = Router()
  // A HEAD would begin a login, or redeem a code, and show nobody anything.
  router.head(['/login', '/register', paths.callback], (_req, res) => {
    res.set('Allow', 'GET').sendStatus(405)
  })
  router.use(createStartRouter(options))
  router.get(paths.callback, headers, createCallback(options))
  router.use(createLogoutRouter(options))
  router.use(createSessionRouter(options))
  return router
}
