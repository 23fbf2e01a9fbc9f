import type { Request, RequestHandler, Response } from 'express'
import type { SessionData } from 'express-session'
import { isAppError } from '../errors.js'
import { queryOf } from '../http/query.js'
import type { Log } from '../log.js'
import type { Metrics } from '../metrics.js'
import type { Provider } from '../provider/provider.js'
import { lacksStrength } from '../provider/strength.js'
import { assertOwnSession } from '../session/own-session.js'
import type { Proofs } from '../session/proofs.js'
import { replaceSession } from '../session/replace-session.js'
import { readActionOutcome } from './action-outcome.js'
import { finishLogin, readState } from './authorization-response.js'
import { loginCookieName } from './begin-login.js'
import { readBrowser } from './browser-cookie.js'
import { readDevice } from './device.js'
import { LoginError } from './errors.js'
import { createLoginSession, loginOf, type LoginSession, type LoginStore } from './login-session.js'
import type { LogoutMemory } from './logout-memory.js'
import type { PendingLogin, PendingLogins, TakenLogin } from './pending-logins.js'
import { withParameters } from './return-to.js'
import type { LoginPaths } from './login-paths.js'

export interface CallbackOptions {
  readonly publicUrl: string
  readonly cookieName: string
  readonly paths: Pick<LoginPaths, 'callback'>
  readonly scope: string
  readonly provider: Provider
  readonly pendingLogins: PendingLogins
  readonly logoutMemory: LogoutMemory
  readonly store: LoginStore
  readonly proofs: Proofs
  readonly clockTolerance: number
  readonly log: Log
  readonly metrics: Metrics
  readonly now?: () => number
}

/** The redirect URI: finishes a login, once. */
export function createCallback(options: CallbackOptions): RequestHandler {
  const { pendingLogins, store, metrics } = options
  const cookie = loginCookieName(options.cookieName)
  return async (req, res) => {
    const query = queryOf(req)
    assertOwnSession(req, store)
    try {
      const state = readState(query)
      const browser = readBrowser(req.headers.cookie, cookie)
      const taken: TakenLogin =
        browser === undefined ? { kind: 'unknown' } : await pendingLogins.take(browser, state)
      if (taken.kind === 'unknown') throw unknownLogin(browser)
      if (taken.kind !== 'pending') {
        goOn(taken, loginOf(req, store) !== undefined, res)
        return
      }
      res.redirect(303, await finish(req, query, taken.login, options))
      metrics.login('ok')
    } catch (error) {
      metrics.login(isAppError(error) ? error.code : 'internal_error')
      throw error
    }
  }
}

/** @returns where to go on. */
async function finish(
  req: Request,
  query: URLSearchParams,
  pending: PendingLogin,
  options: CallbackOptions,
): Promise<string> {
  const { returnTo, action } = pending
  try {
    await signIn(req, query, pending, options)
  } catch (error) {
    throw isAppError(error) ? error.returningTo(returnTo) : error
  }
  const outcome = readActionOutcome(query, action)
  if (action === undefined || outcome === undefined) return returnTo
  return withParameters(returnTo, {
    kc_action: action,
    kc_action_status: outcome,
    proof: options.proofs.make(req.sessionID, `${action} ${outcome}`),
  })
}

async function signIn(
  req: Request,
  query: URLSearchParams,
  { strength, ...pending }: PendingLogin,
  options: CallbackOptions,
): Promise<void> {
  const { publicUrl, provider, store, clockTolerance, now = Date.now } = options
  const begunAt = now()
  const { metadata, client } = await provider.connect()
  const finished = await finishLogin(query, pending, {
    ...options,
    issuer: provider.issuer,
    clientId: provider.clientId,
    keys: provider.keys,
    clientHint: provider.clientHint,
    configuration: client.configuration,
    metadata,
    redirectUri: publicUrl + options.paths.callback,
  })
  const lacks = strength && lacksStrength(finished.claims, strength, { clockTolerance, now })
  const weak =
    lacks && new LoginError('login_too_weak', `the login came back without the ${lacks} that was asked for`)
  // Who is signed in stays so: a login that was not what it should be takes nobody's place.
  if (weak !== undefined && loginOf(req, store) !== undefined) throw weak
  const device = readDevice(req.headers['user-agent'])
  await keep(req, createLoginSession(finished, { issuer: provider.issuer, device, now: now() }), {
    ...options,
    begunAt,
  })
  if (weak !== undefined) throw weak
}

/** Makes a login the browser's session, unless it was ended meanwhile. Whatever fails, the browser has what it had. */
async function keep(
  req: Request,
  login: LoginSession,
  { store, logoutMemory, log, begunAt }: CallbackOptions & { readonly begunAt: number },
): Promise<void> {
  const before = loginOf(req, store)
  const isOther = before !== undefined && (before.subject !== login.subject || before.issuer !== login.issuer)
  const replaced = await replaceSession(req, (session, old) => {
    // What the app keeps for a visitor, or for the same person, moves along; what it keeps for another does not.
    if (!isOther) Object.assign(session, ofApp(old))
    session.latchkey = login
  })
  try {
    if (await logoutMemory.hasOvertaken(login, begunAt))
      throw new LoginError('logged_out_meanwhile', 'a logout token for this login was quicker')
    await replaced.endOld()
  } catch (error) {
    await replaced.undo()
    throw error
  }
  log.info({ code: 'login', iss: login.issuer, sub: login.subject }, 'signed in')
}

function ofApp(session: Partial<SessionData>): Partial<SessionData> {
  return Object.fromEntries(
    Object.entries(session).filter(([name]) => name !== 'cookie' && name !== 'latchkey'),
  )
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
