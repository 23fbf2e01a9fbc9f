import type { Request, RequestHandler, Router } from 'express'
import type { Respond } from '../http/respond.js'
import type { Log } from '../log.js'
import type { Metrics } from '../metrics.js'
import type { Provider } from '../provider/provider.js'
import { createLocks } from '../session/lock.js'
import { assertOwnSession } from '../session/own-session.js'
import type { Proofs } from '../session/proofs.js'
import type { Records } from '../session/records.js'
import { createAccountRouter } from './account-router.js'
import type { AccountSessions } from './account-sessions.js'
import { createBeginLogin } from './begin-login.js'
import { LoginError } from './errors.js'
import type { LoginPaths } from './login-paths.js'
import { loginOf, type LoginStore } from './login-session.js'
import type { LogoutMemory } from './logout-memory.js'
import type { LogoutPages } from './logout-router.js'
import { revokeElsewhere } from './logout.js'
import { createPendingLogins } from './pending-logins.js'
import { createProviderLogout } from './provider-logout.js'
import { createRefresher } from './refresh.js'
import { renewTokens } from './refresh-grant.js'
import { createRequireLogin, type RequireLoginOptions } from './require-login.js'
import { createLoginRouter } from './router.js'
import { endOfToken } from './token-life.js'

export interface CreateLoginOptions {
  readonly publicUrl: string
  readonly cookieName: string
  readonly paths: LoginPaths
  /** Where the app shows an account, when it does. */
  readonly accountPath?: string | undefined
  readonly scope: string
  readonly languages: readonly string[]
  /** Seconds, all of them. */
  readonly loginTimeout: number
  readonly sessionAbsoluteTimeout: number
  readonly refreshBefore: number
  readonly upstreamTimeout: number
  readonly clockTolerance: number
  readonly loginLimit: number
  readonly records: Records
  readonly store: LoginStore
  readonly accountSessions: AccountSessions
  readonly logoutMemory: LogoutMemory
  readonly proofs: Proofs
  readonly provider: Provider
  readonly pages: LogoutPages
  readonly headers: RequestHandler
  readonly respond: Respond
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
}

/** What the login is to an app. */
export interface Login {
  readonly routes: Router
  /** What a person can do to their sessions. */
  readonly accountRoutes: Router
  requireLogin(options?: RequireLoginOptions): RequestHandler
  /**
   * The access token of a request's session, renewed if it is due.
   *
   * @throws {@link LoginError} `unauthorized` without a session, or when its token is over for good.
   */
  sessionToken(req: Request): Promise<string>
}

/** Puts the login together. */
export function createLogin(options: CreateLoginOptions): Login {
  const { paths, records, store, provider, logoutMemory, now } = options
  const { issuer, clientId, keys } = provider
  const pendingLogins = createPendingLogins({
    records,
    timeout: options.loginTimeout,
    limit: options.loginLimit,
    remember: options.sessionAbsoluteTimeout,
    now,
  })
  const refresher = createRefresher({
    ...options,
    locks: createLocks({ records }),
    renew: (login) => renewTokens(login, options),
    abandon: (login) => revokeElsewhere(login, options),
  })
  const beginLogin = createBeginLogin({ ...options, callbackPath: paths.callback, pendingLogins })
  const requireLogin = createRequireLogin({
    ...options,
    defaultReturnTo: paths.afterLogin,
    refresher,
    beginLogin,
  })
  const providerLogout = createProviderLogout({ ...options, issuer, clientId, keys, memory: logoutMemory })
  return {
    routes: createLoginRouter({ ...options, pendingLogins, providerLogout, beginLogin }),
    accountRoutes: createAccountRouter({
      ...options,
      accountPath: options.accountPath ?? '/account',
      requireLogin: requireLogin(),
    }),
    requireLogin,
    async sessionToken(req) {
      assertOwnSession(req, store)
      const login = loginOf(req, store)
      const fresh = login && (await refresher.fresh(req.sessionID, login))
      if (fresh === undefined) throw new LoginError('unauthorized', 'a request without a session')
      if (endOfToken(fresh.tokens) <= now())
        throw new LoginError('unauthorized', 'the access token is over, and there is no refresh token')
      req.session.latchkey = fresh
      return fresh.tokens.accessToken
    },
  }
}
