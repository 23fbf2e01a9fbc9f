import type { Request, RequestHandler, Response } from 'express'
import { isAppError } from '../errors.js'
import { isNavigation } from '../http/navigation.js'
import type { Respond } from '../http/respond.js'
import { lacksStrength, readStrength, strengthParameters } from '../provider/strength.js'
import type { Strength, StrengthOptions } from '../provider/strength.js'
import type { Proofs } from '../session/proofs.js'
import { assertOwnSession } from '../session/own-session.js'
import { dropSession } from '../session/replace-session.js'
import type { BeginLogin } from './begin-login.js'
import { LoginError } from './errors.js'
import { loginOf, sessionAuth, type LoginSession, type LoginStore } from './login-session.js'
import type { Refresher } from './refresh.js'
import { readReturnTo } from './return-to.js'
import { strongerLoginLink } from './stronger-login-link.js'

/** What a guard for people asks, and how it answers those who have not got it. */
export interface RequireLoginOptions extends StrengthOptions {
  /** `false` for routes that answer programs: 401 and JSON even for a navigation. */
  readonly redirect?: boolean
}

export interface RequireLoginServices {
  readonly publicUrl: string
  readonly defaultReturnTo: string
  readonly store: LoginStore
  readonly refresher: Refresher
  readonly respond: Respond
  readonly beginLogin: BeginLogin
  readonly proofs: Proofs
  /** Seconds. */
  readonly clockTolerance: number
  readonly now?: () => number
}

/**
 * Makes the guard for people: sets `req.auth` from the session, its tokens renewed before when they were due. Who has no
 * session, or a login that is too weak or too old, is led to the login by a navigation, else 401.
 */
export function createRequireLogin(services: RequireLoginServices) {
  const { store, respond } = services
  return function requireLogin(options: RequireLoginOptions = {}): RequestHandler {
    checkOptions(options)
    const { redirect = true } = options
    const strength = readStrength('requireLogin', options)
    return async (req, res, next) => {
      assertOwnSession(req, store)
      try {
        if (!(await admit(req, res, { ...services, redirect, strength }))) return
      } catch (error) {
        if (!isAppError(error)) throw error
        respond(error, req, res, redirect)
        return
      }
      if (res.headersSent) return
      res.set('Cache-Control', 'no-store')
      next()
    }
  }
}

/** Sets `req.auth`, or answers and says no. */
async function admit(req: Request, res: Response, guard: Guard): Promise<boolean> {
  const { store, strength, clockTolerance, now = Date.now } = guard
  const login = await currentLogin(req, guard)
  if (login === undefined) {
    refuse(req, res, guard)
    return false
  }
  const lacks = lacksStrength(login.claims, strength, { clockTolerance, now })
  if (lacks !== undefined) {
    await askForMore(req, res, lacks, guard)
    return false
  }
  req.auth = sessionAuth(login, store.endsAt(req))
  return true
}

/** The login of a request with fresh tokens; a session that turns out to be over is gone after this. */
async function currentLogin(
  req: Request,
  { store, refresher }: RequireLoginServices,
): Promise<LoginSession | undefined> {
  const login = loginOf(req, store)
  if (login === undefined) return undefined
  const fresh = await refresher.fresh(req.sessionID, login)
  // Its cookie is left alone: another tab may have signed in meanwhile, and then it is that one's.
  if (fresh === undefined) dropSession(req)
  else req.session.latchkey = fresh
  return fresh
}

interface Guard extends RequireLoginServices {
  readonly redirect: boolean
  readonly strength: Strength
}

function refuse(req: Request, res: Response, guard: Guard): void {
  const { redirect, respond, strength } = guard
  if (!redirect || !isNavigation(req)) {
    respond(new LoginError('unauthorized', 'a request without a session'), req, res, redirect)
    return
  }
  // One trip to the authorization server, not two: it is asked at once for what the page needs.
  const link = strongerLoginLink(destinationOf(req, guard), strength, guard.proofs)
  res.set('Cache-Control', 'no-store').redirect(302, link)
}

async function askForMore(req: Request, res: Response, lacks: string, guard: Guard): Promise<void> {
  const { redirect, respond, strength } = guard
  if (redirect && isNavigation(req)) {
    await beginStronger(req, res, guard)
    return
  }
  const error = new LoginError('insufficient_user_authentication', `the login does not have the ${lacks}`, {
    challenge: strengthParameters(strength),
  })
  respond(error, req, res, redirect)
}

/** Begun here and not by a link to `/login`: what is asked for is remembered with the login, where nobody strips it. */
function beginStronger(req: Request, res: Response, guard: Guard): Promise<void> {
  res.set('Cache-Control', 'no-store')
  return guard.beginLogin(req, res, { returnTo: destinationOf(req, guard), strength: guard.strength })
}

function destinationOf(req: Request, { publicUrl, defaultReturnTo }: RequireLoginServices): string {
  return readReturnTo(req.originalUrl, publicUrl, defaultReturnTo)
}

/** An option that nobody knows is a guard that nobody meant. */
function checkOptions(options: RequireLoginOptions): void {
  const unknown = Object.keys(options).filter((name) => !['redirect', 'acr', 'maxAge'].includes(name))
  if (unknown.length > 0) throw new TypeError(`requireLogin: unknown option ${unknown.join(', ')}`)
  const unset = Object.entries(options).filter(([, value]) => value === undefined)
  if (unset.length > 0)
    throw new TypeError(`requireLogin: ${unset.map(([name]) => name).join(', ')} is undefined`)
}
