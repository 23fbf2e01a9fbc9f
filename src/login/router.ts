import express, { Router, type Request, type RequestHandler, type Response } from 'express'
import { isAppError } from '../errors.js'
import { queryOf } from '../http/query.js'
import { isFromOurPages } from '../http/same-origin.js'
import type { Log } from '../log.js'
import type { Provider } from '../provider/provider.js'
import { cookieAttributes } from '../session/cookies.js'
import type { SessionStore } from '../session/memory-store.js'
import { assertOwnSession } from '../session/own-session.js'
import { destroySession, regenerateSession, saveSession } from '../session/regenerate.js'
import { startLogin } from './authorization-request.js'
import { finishLogin, readState } from './authorization-response.js'
import type { LogoutReceiver } from './backchannel-logout.js'
import { createBrowser, readBrowser } from './browser-cookie.js'
import { LoginError } from './errors.js'
import { readLoginParameters, type LoginParameters } from './login-parameters.js'
import { authenticatedAt, createLoginSession, loginOf } from './login-session.js'
import { endAtProvider, endSessionUrl, type LogoutOptions } from './logout.js'
import type { PendingLogins } from './pending-logins.js'
import { readReturnTo } from './return-to.js'

/** The pages of the login, rendered by whoever owns pages. */
export interface LoginPages {
  logout(req: Request, res: Response): void
  /** Signed out here, while the authorization server could not be told. */
  loggedOutHereOnly(req: Request, res: Response): void
}

export interface LoginRouterOptions {
  readonly publicUrl: string
  /** Name of the session cookie; what a pending login needs beside it begins with the same. */
  readonly cookieName: string
  readonly paths: LoginPaths
  readonly scope: string
  /** Languages of our pages: what a person reads here, Keycloak is asked to show too. */
  readonly languages: readonly string[]
  readonly provider: Provider
  readonly pendingLogins: PendingLogins
  readonly store: SessionStore
  readonly pages: LoginPages
  readonly logoutReceiver: LogoutReceiver
  readonly clockTolerance: number
  /** Security headers for what these routes answer. */
  readonly headers: RequestHandler
  readonly log: Log
  readonly now?: () => number
}

export interface LoginPaths {
  readonly callback: string
  readonly logout: string
  /** Where a login ends that nobody sent elsewhere. */
  readonly afterLogin: string
  /** Where a sign-out ends; needs no login. */
  readonly afterLogout: string
}

/** `/login`, `/register`, the redirect URI, `/logout` and `/session`. */
export function createLoginRouter(options: LoginRouterOptions): Router {
  const router = Router()
  const { paths, headers } = options
  // A HEAD would begin a login, or redeem a code, and show nobody anything.
  router.head(['/login', '/register', paths.callback], (_req, res) => {
    res.set('Allow', 'GET').sendStatus(405)
  })
  router.get(
    '/login',
    headers,
    begin(options, (query) => readLoginParameters(query)),
  )
  router.get('/register', headers, begin(options, register))
  router.get(paths.callback, headers, finish(options))
  router.get(paths.logout, headers, (req, res) => options.pages.logout(req, res))
  router.post(paths.logout, headers, logout(options))
  router.post('/backchannel-logout', headers, readForm, receiveLogout(options))
  router.all('/backchannel-logout', headers, (_req, res) => {
    res.set('Allow', 'POST').sendStatus(405)
  })
  router.get('/session', headers, describeSession(options))
  return router
}

type ReadParameters = (
  query: URLSearchParams,
  options: LoginRouterOptions,
) => Promise<LoginParameters> | LoginParameters

function begin(options: LoginRouterOptions, readParameters: ReadParameters): RequestHandler {
  const { publicUrl, paths, scope, provider, pendingLogins } = options
  const cookie = `${options.cookieName}-login`
  return async (req, res) => {
    const query = queryOf(req)
    const returnTo = readReturnTo(onlyOne(query, 'return_to'), publicUrl, paths.afterLogin)
    assertOwnSession(req, options.store)
    const parameters = await readParameters(query, options)
    const { client } = await provider.connect()
    provider.checkAddresses()
    const request = { configuration: client.configuration, redirectUri: publicUrl + paths.callback, scope }
    const wishes = { ...uiLocales(req, options.languages), ...parameters }
    const { url, state, pending } = await startLogin(request, wishes, returnTo)
    const known = readBrowser(req.headers.cookie, cookie)
    const browser = known ?? createBrowser()
    await pendingLogins.add(browser, state, pending)
    if (known === undefined) res.cookie(cookie, browser, cookieAttributes(publicUrl))
    res.redirect(302, url.href)
  }
}

/** Passed on only where we speak the language that the browser prefers; else the provider may know it better. */
function uiLocales(req: Request, languages: readonly string[]): LoginParameters {
  const preferred = req.acceptsLanguages()[0]?.split('-')[0]?.toLowerCase()
  return preferred !== undefined && languages.includes(preferred) ? { ui_locales: preferred } : {}
}

async function register(query: URLSearchParams, { provider }: LoginRouterOptions): Promise<LoginParameters> {
  const { metadata } = await provider.connect()
  const offered = metadata['prompt_values_supported']
  if (!Array.isArray(offered) || !offered.includes('create')) {
    throw new LoginError('registration_off', 'the authorization server does not offer registration', {
      hint: 'Realm settings → Login → User registration',
    })
  }
  return { ...readLoginParameters(query), prompt: 'create' }
}

function finish(options: LoginRouterOptions): RequestHandler {
  const { publicUrl, pendingLogins, provider, log, now = Date.now } = options
  const cookie = `${options.cookieName}-login`
  return async (req, res) => {
    const query = queryOf(req)
    assertOwnSession(req, options.store)
    const state = readState(query)
    const browser = readBrowser(req.headers.cookie, cookie)
    const taken =
      browser === undefined ? { kind: 'unknown' as const } : await pendingLogins.take(browser, state)
    if (taken.kind !== 'pending') {
      if (taken.kind === 'unknown') throw unknownLogin(browser)
      goOn(taken, loginOf(req, options.store) !== undefined, res)
      return
    }
    const { returnTo } = taken.login
    const begunAt = now()
    try {
      const { metadata, client } = await provider.connect()
      const finished = await finishLogin(query, taken.login, {
        ...options,
        issuer: provider.issuer,
        clientId: provider.clientId,
        keys: provider.keys,
        configuration: client.configuration,
        metadata,
        redirectUri: publicUrl + options.paths.callback,
      })
      await regenerateSession(req)
      const login = createLoginSession(finished, provider.issuer, now())
      req.session.latchkey = login
      await saveSession(req)
      if (options.logoutReceiver.hasOvertaken(login, begunAt)) {
        await destroySession(req)
        throw new LoginError('logged_out_meanwhile', 'a logout token for this login was quicker')
      }
      log.info({ code: 'login', iss: provider.issuer, sub: finished.claims.sub }, 'signed in')
    } catch (error) {
      throw isAppError(error) ? error.returningTo(returnTo) : error
    }
    res.redirect(303, returnTo)
  }
}

function unknownLogin(browser: string | undefined): LoginError {
  const hint =
    'no login cookie came back: was /login opened under http while PUBLIC_URL is https, or under another host name?'
  return new LoginError(
    'unknown_login',
    'a response to no login of this browser',
    browser === undefined ? { hint } : {},
  )
}

/**
 * A login that is over and is opened again: the back button, a second tab, a tab left open too long. With a live
 * session there is nothing to explain.
 */
function goOn(
  taken: { readonly kind: 'spent' | 'expired'; readonly returnTo: string },
  isSignedIn: boolean,
  res: Response,
): void {
  if (isSignedIn) {
    res.redirect(303, taken.returnTo)
    return
  }
  const error =
    taken.kind === 'spent'
      ? new LoginError('login_spent', 'a login that was used already')
      : new LoginError('login_expired', 'a login begun longer ago than LOGIN_TIMEOUT')
  throw error.returningTo(taken.returnTo)
}

function logout(options: LoginRouterOptions): RequestHandler {
  const { publicUrl, paths, provider, log, pages } = options
  return async (req, res) => {
    if (!isFromOurPages(req, publicUrl)) {
      throw new LoginError('cross_site_request', 'a sign-out that was not sent from our own page')
    }
    const login = loginOf(req, options.store)
    if (login === undefined) {
      res.redirect(303, paths.afterLogout)
      return
    }
    await destroySession(req)
    res.clearCookie(options.cookieName, cookieAttributes(publicUrl))
    log.info({ code: 'logout', iss: login.issuer, sub: login.subject }, 'signed out')
    try {
      const logoutOptions: LogoutOptions = {
        ...(await provider.connect()),
        postLogoutRedirectUri: publicUrl + paths.afterLogout,
        log,
      }
      await endAtProvider(login, logoutOptions)
      res.redirect(303, endSessionUrl(login, logoutOptions)?.href ?? paths.afterLogout)
    } catch (error) {
      if (!isAppError(error)) throw error
      log.warn({ code: 'logout_incomplete', reason: error.message, hint: error.hint }, 'signed out here only')
      pages.loggedOutHereOnly(req, res)
    }
  }
}

/** A logout token is a few kilobytes. What is no form at all is left to {@link receiveLogout}. */
const readForm = express.urlencoded({ extended: false, limit: '64kb', parameterLimit: 100 })

function receiveLogout({ logoutReceiver, provider, log }: LoginRouterOptions): RequestHandler {
  return async (req, res) => {
    const { logout_token: token } = (req.body ?? {}) as { logout_token?: unknown }
    if (typeof token !== 'string')
      throw new LoginError('invalid_logout_token', 'not a form with one logout_token')
    const { ended, subject } = await logoutReceiver.receive(token)
    log.info(
      { code: 'backchannel_logout', iss: provider.issuer, sub: subject, sessions: ended },
      'signed out by the provider',
    )
    res.status(200).end()
  }
}

function describeSession({ store, paths }: LoginRouterOptions): RequestHandler {
  return async (req, res) => {
    const login = loginOf(req, store)
    const endsAt = await store.endsAt(req.sessionID)
    if (login === undefined || endsAt === undefined)
      throw new LoginError('unauthorized', 'a request without a session')
    const { name, preferred_username: username, email, acr } = login.claims
    res.json({
      subject: login.subject,
      name: name ?? username ?? null,
      username: username ?? null,
      email: email ?? null,
      acr: acr ?? null,
      authenticated_at: new Date(authenticatedAt(login)).toISOString(),
      expires_at: new Date(endsAt).toISOString(),
      logout: paths.logout,
    })
  }
}

function onlyOne(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name)
  return more.length > 0 ? undefined : value
}
