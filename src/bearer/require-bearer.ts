import type { Request, RequestHandler, Response } from 'express'
import { isAppError, type AppError } from '../errors.js'
import type { Auth } from '../http/auth.js'
import { queryOf } from '../http/query.js'
import { logError } from '../http/respond.js'
import type { Log } from '../log.js'
import { lacksStrength, readStrength, strengthParameters } from '../provider/strength.js'
import type { Strength, StrengthOptions } from '../provider/strength.js'
import type { AccessTokenVerifier } from './access-token.js'
import { bearerChallenge, oauthError, type ChallengeOptions } from './challenge.js'
import { readBearerToken } from './credentials.js'
import { BearerError } from './errors.js'
import { assertRequirements, checkRequirements, type Requirements } from './requirements.js'

/** What a guard for programs asks of a token. */
export interface RequireBearerOptions extends Requirements, StrengthOptions {
  /** What the token's `aud` must contain; by default API_AUDIENCE. */
  readonly audience?: string
}

export interface RequireBearerServices {
  readonly verifier: AccessTokenVerifier
  readonly audience: string
  readonly challenge: ChallengeOptions
  /** Seconds. */
  readonly clockTolerance: number
  readonly log: Log
  readonly now?: () => number
}

/** Makes the guard for programs: sets `req.auth`, or answers with a bearer challenge. */
export function createRequireBearer(services: RequireBearerServices) {
  return function requireBearer(options: RequireBearerOptions = {}): RequestHandler {
    const { audience = services.audience, ...requirements } = options
    checkOptions(options)
    const strength = readStrength('requireBearer', options)
    return async (req, res, next) => {
      try {
        const token = readBearerToken(req.headers, queryOf(req))
        const auth = await services.verifier.verify(token, audience)
        checkStrength(auth, strength, services)
        checkRequirements(auth, requirements)
        req.auth = auth
      } catch (error) {
        // A bug is a 500, never a 401.
        if (!isAppError(error)) throw error
        refuse(error, req, res, services)
        return
      }
      if (res.headersSent) return
      res.set('Cache-Control', 'no-store')
      next()
    }
  }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc9470.html#section-6.1 | RFC 9470 §6.1} */
function checkStrength(auth: Auth, strength: Strength, services: RequireBearerServices): void {
  const { clockTolerance, now = Date.now } = services
  const lacks = lacksStrength(auth.claims, strength, { clockTolerance, now })
  if (lacks === undefined) return
  throw new BearerError('insufficient_user_authentication', `the token does not have the ${lacks}`, {
    challenge: strengthParameters(strength),
  })
}

/** Always JSON: who calls an API is a program, whatever `Accept` says. */
function refuse(
  error: AppError,
  req: Request,
  res: Response,
  { challenge, log }: RequireBearerServices,
): void {
  logError(log, error, req)
  // Somebody's time-out may have answered meanwhile.
  if (res.headersSent) return
  res.status(error.status).set('Cache-Control', 'no-store')
  if (error.retryAfter !== undefined) res.set('Retry-After', String(error.retryAfter))
  if (error instanceof BearerError) {
    res.set('WWW-Authenticate', bearerChallenge(error, challenge)).json(oauthError(error))
  } else {
    res.json({ error: error.code, error_description: error.description })
  }
}

/** An option that nobody knows is a guard that nobody meant: a misspelt one must not let everybody in. */
function checkOptions(options: RequireBearerOptions): void {
  const known = ['audience', 'scope', 'realmRole', 'clientRole', 'acr', 'maxAge']
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new TypeError(`requireBearer: unknown option ${unknown.join(', ')}`)
  const unset = Object.entries(options).filter(([, value]) => value === undefined)
  if (unset.length > 0)
    throw new TypeError(`requireBearer: ${unset.map(([name]) => name).join(', ')} is undefined`)
  if (options.audience === '') throw new TypeError('requireBearer: audience is empty')
  assertRequirements(options)
}
