import express, { Router, type Request, type RequestHandler, type Response } from 'express'
import { wantsPage } from '../http/navigation.js'
import type { Proofs } from '../session/proofs.js'
import type { AccountSessions, EndedSessions } from './account-sessions.js'
import { LoginError } from './errors.js'
import { loginOf } from './login-session.js'
import { forget, goOnAtProvider, type LogoutPages, type LogoutRouterOptions } from './logout-router.js'

export interface AccountRouterOptions extends Omit<LogoutRouterOptions, 'providerLogout' | 'headers'> {
  readonly accountPath: string
  readonly accountSessions: AccountSessions
  readonly proofs: Proofs
  readonly requireLogin: RequestHandler
  readonly pages: LogoutPages
}

/** What a person can do to their sessions from `/account`. */
export function createAccountRouter(options: AccountRouterOptions): Router {
  const { accountPath, requireLogin } = options
  const router = Router()
  router.post(`${accountPath}/sessions/end`, requireLogin, readForm, endSessions(options))
  router.post(`${accountPath}/logout-everywhere`, requireLogin, logoutEverywhere(options))
  return router
}

const readForm = express.urlencoded({ extended: false, limit: '4kb', parameterLimit: 10 })

function endSessions(options: AccountRouterOptions): RequestHandler {
  const { accountSessions, metrics } = options
  return async (req, res) => {
    const login = loginOf(req, options.store)
    if (login === undefined) throw new LoginError('unauthorized', 'a request without a session')
    const { handle, others } = (req.body ?? {}) as { handle?: unknown; others?: unknown }
    const ended =
      others === undefined
        ? await accountSessions.endOne(req.sessionID, login, typeof handle === 'string' ? handle : '')
        : await accountSessions.endOthers(req.sessionID, login)
    metrics.logout('account', ended.ended)
    answer(req, res, ended, options)
  }
}

function answer(
  req: Request,
  res: Response,
  { ended, leftAtProvider }: EndedSessions,
  { accountPath, proofs }: AccountRouterOptions,
): void {
  const proof = proofs.make(req.sessionID, `${ended} ${leftAtProvider}`)
  if (wantsPage(req)) res.redirect(303, `${accountPath}?ended=${ended}&left=${leftAtProvider}&proof=${proof}`)
  else res.json({ ended, left_at_provider: leftAtProvider })
}

function logoutEverywhere(options: AccountRouterOptions): RequestHandler {
  const { accountSessions, store, log, metrics } = options
  return async (req, res) => {
    const login = loginOf(req, store)
    if (login === undefined) throw new LoginError('unauthorized', 'a request without a session')
    const ended = await accountSessions.endEverywhere(req.sessionID, login)
    forget(req, res, options)
    log.info(
      { code: 'logout_everywhere', iss: login.issuer, sub: login.subject, sessions: ended.length },
      'signed out everywhere',
    )
    metrics.logout('account', ended.length)
    await goOnAtProvider(req, res, ended, options)
  }
}
