import express, { Router, type Request, type RequestHandler, type Response } from 'express'
import { isAppError } from '../errors.js'
import { queryOf } from '../http/query.js'
import { isFromOurPages } from '../http/same-origin.js'
import type { Log } from '../log.js'
import type { Metrics } from '../metrics.js'
import type { Provider } from '../provider/provider.js'
import { cookieAttributes } from '../session/cookies.js'
import { SessionError } from '../session/errors.js'
import { inTime } from '../session/in-time.js'
import { dropSession } from '../session/replace-session.js'
import { LoginError } from './errors.js'
import { loginOf, type LoginSession, type LoginStore } from './login-session.js'
import { endAtProvider, endSessionUrl, type LogoutOptions } from './logout.js'
import type { ProviderLogout } from './provider-logout.js'
import type { LoginPaths } from './login-paths.js'

export interface LogoutPages {
  logout(req: Request, res: Response): void
  /** Signed out here, while the authorization server could not be told. */
  loggedOutHereOnly(req: Request, res: Response): void
}

export interface LogoutRouterOptions {
  readonly publicUrl: string
  readonly cookieName: string
  readonly paths: Pick<LoginPaths, 'logout' | 'afterLogout'>
  readonly provider: Provider
  readonly providerLogout: ProviderLogout
  readonly store: LoginStore
  readonly pages: LogoutPages
  readonly headers: RequestHandler
  readonly log: Log
  readonly metrics: Metrics
}

/** `/logout`, and where the authorization server tells us of those who signed out elsewhere. */
export function createLogoutRouter(options: LogoutRouterOptions): Router {
  const { paths, headers } = options
  const router = Router()
  router.get(paths.logout, headers, (req, res) => options.pages.logout(req, res))
  router.post(paths.logout, headers, logout(options))
  router.post('/backchannel-logout', headers, readForm, receiveToken(options))
  router.all('/backchannel-logout', headers, (_req, res) => {
    res.set('Allow', 'POST').sendStatus(405)
  })
  router.get('/frontchannel-logout', headers, receiveRequest(options))
  return router
}

function logout(options: LogoutRouterOptions): RequestHandler {
  const { publicUrl, paths, store, log, metrics } = options
  return async (req, res) => {
    if (!isFromOurPages(req, publicUrl))
      throw new SessionError('cross_site_request', 'a sign-out that was not sent from our own page')
    const known = loginOf(req, store)
    if (known === undefined) {
      res.redirect(303, paths.afterLogout)
      return
    }
    // Its tokens may have been renewed since this request began.
    const login = (await store.end(req.sessionID)) ?? known
    forget(req, res, options)
    log.info({ code: 'logout', iss: login.issuer, sub: login.subject }, 'signed out')
    metrics.logout('person', 1)
    await goOnAtProvider(req, res, [login], options)
  }
}

/** Ends what the browser and this request know of a session that is gone from the store. */
export function forget(
  req: Request,
  res: Response,
  { publicUrl, cookieName }: Pick<LogoutRouterOptions, 'publicUrl' | 'cookieName'>,
): void {
  dropSession(req)
  res.clearCookie(cookieName, cookieAttributes(publicUrl))
}

/**
 * Ends logins at the authorization server, and leads the browser there with the first of them: it has a session of its
 * own there. When the server cannot be told, a page says so.
 */
export async function goOnAtProvider(
  req: Request,
  res: Response,
  logins: readonly [LoginSession, ...LoginSession[]],
  options: Pick<LogoutRouterOptions, 'publicUrl' | 'paths' | 'provider' | 'log'> & { pages: LogoutPages },
): Promise<void> {
  const { publicUrl, paths, provider, log, pages } = options
  try {
    const logoutOptions: LogoutOptions = {
      ...(await provider.connect()),
      postLogoutRedirectUri: publicUrl + paths.afterLogout,
      log,
    }
    await Promise.all(logins.map((login) => endAtProvider(login, logoutOptions)))
    res.redirect(303, endSessionUrl(logins[0], logoutOptions)?.href ?? paths.afterLogout)
  } catch (error) {
    if (!isAppError(error)) throw error
    log.warn({ code: 'logout_incomplete', reason: error.message, hint: error.hint }, 'signed out here only')
    pages.loggedOutHereOnly(req, res)
  }
}

/** The provider waits for us, and the person for the provider; in milliseconds. */
const RECEIVER_DEADLINE = 1900

const notInTime = (): SessionError =>
  new SessionError('session_store_unavailable', 'a sign-out was not done in time; it goes on')

/** A logout token is a few kilobytes. What is no form at all is left to {@link receiveToken}. */
const readForm = express.urlencoded({ extended: false, limit: '64kb', parameterLimit: 100 })

function receiveToken({ providerLogout, provider, log, metrics }: LogoutRouterOptions): RequestHandler {
  return async (req, res) => {
    const { logout_token: token } = (req.body ?? {}) as { logout_token?: unknown }
    if (typeof token !== 'string')
      throw new LoginError('invalid_logout_token', 'not a form with one logout_token')
    const { ended, subject } = await inTime(providerLogout.byToken(token), RECEIVER_DEADLINE, notInTime)
    log.info(
      { code: 'backchannel_logout', iss: provider.issuer, sub: subject, sessions: ended },
      'signed out by the provider',
    )
    metrics.logout('back_channel', ended)
    res.status(200).end()
  }
}

/**
 * A page of the provider's loads this in a frame. The browser sends no cookie of ours into it: the session is found by
 * the provider's name for it.
 */
function receiveRequest({ providerLogout, provider, log, metrics }: LogoutRouterOptions): RequestHandler {
  const policy = `default-src 'none'; frame-ancestors ${new URL(provider.issuer).origin}`
  return async (req, res) => {
    res.set('Content-Security-Policy', policy).removeHeader('X-Frame-Options')
    const ended = await providerLogout.byRequest(queryOf(req))
    log.info(
      { code: 'frontchannel_logout', iss: provider.issuer, sessions: ended },
      'signed out by the provider',
    )
    metrics.logout('front_channel', ended)
    res.status(200).end()
  }
}
