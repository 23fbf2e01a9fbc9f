import { isAppError, type AppError } from '../errors.js'
import type { Log } from '../log.js'
import type { Metrics } from '../metrics.js'
import type { Locks } from '../session/lock.js'
import type { HeldSession } from '../session/session-store.js'
import { renewedLogin, withRefreshToken, type LoginSession, type LoginStore } from './login-session.js'
import type { Renewal } from './refresh-grant.js'
import { awaitTurn } from './renewal-turn.js'
import { isDue } from './token-life.js'
import { createUnstored, type Unstored } from './unstored.js'

export interface RenewalOptions {
  readonly store: Pick<LoginStore, 'hold' | 'replaceOwn' | 'endHeld' | 'idOf'>
  readonly locks: Locks
  /** Redeems the refresh token of a login. */
  readonly renew: (login: LoginSession) => Promise<Renewal>
  /** Gives up tokens that came when their session had ended. Never rejects. */
  readonly abandon: (login: LoginSession) => Promise<void>
  /** Seconds; see REFRESH_BEFORE. */
  readonly refreshBefore: number
  /** Seconds; see UPSTREAM_TIMEOUT. */
  readonly upstreamTimeout: number
  readonly log: Log
  readonly metrics: Metrics
  readonly now?: () => number
}

/** What a renewal needs in its course. */
interface Context extends RenewalOptions {
  readonly unstored: Unstored
  readonly now: () => number
}

type Held = HeldSession<LoginSession>
type Outcome = LoginSession | undefined

/** After a failure it is tried again after so many milliseconds, while the access token lasts. */
export const REST = 2000
/** Codes that mean: the login is over. */
const OVER: readonly string[] = ['refresh_refused', 'id_token_invalid']

/**
 * Makes the function that renews a session's tokens, once for all processes: under a lock, from what the store has at
 * that moment.
 *
 * It returns the login as it is then, or nothing when the session has ended, and throws what kept it from renewing.
 */
export function createRenewal(options: RenewalOptions): (sid: string, isUrgent: boolean) => Promise<Outcome> {
  const { store, refreshBefore, metrics, now = Date.now } = options
  const context: Context = { ...options, unstored: createUnstored(store), now }
  const isFresh = ({ tokens }: LoginSession): boolean => !isDue(tokens, refreshBefore, now())

  function shared(login: Outcome): Outcome {
    metrics.refresh('shared')
    return login
  }

  async function underLock(sid: string): Promise<Outcome> {
    const held = await store.hold(sid)
    if (held === undefined) return undefined
    return isFresh(held.own) ? shared(held.own) : call(sid, held, context)
  }

  return async (sid, isUrgent) => {
    await context.unstored.settle(sid)
    const turn = await awaitTurn(sid, isUrgent, { ...options, isFresh })
    if (turn.lock === undefined) return shared(turn.login)
    let ended = false
    try {
      const login = await underLock(sid)
      ended = true
      return login
    } finally {
      await (ended ? turn.lock.release() : turn.lock.rest(REST))
    }
  }
}

async function call(sid: string, held: Held, context: Context): Promise<Outcome> {
  const { renew, log, metrics, now } = context
  const { issuer: iss, subject: sub } = held.own
  let renewal: Renewal
  try {
    renewal = await renew(held.own)
  } catch (error) {
    if (!isAppError(error)) throw error
    if (OVER.includes(error.code)) return afterRefusal(sid, held, error, context)
    metrics.refresh('failed')
    log.warn({ code: error.code, iss, sub, reason: error.message, hint: error.hint }, 'tokens not renewed')
    throw error
  }
  if ('unjudged' in renewal) {
    metrics.refresh('failed')
    await keep(sid, held, withRefreshToken(held.own, renewal.unjudged.refreshToken), context)
    throw renewal.unjudged.error
  }
  const login = await keep(sid, held, renewedLogin(held.own, renewal.login, now()), context)
  metrics.refresh('renewed')
  log.info({ code: 'refresh', iss, sub }, 'tokens renewed')
  return login
}

/** Stores what was renewed. A session that ended meanwhile stays so. */
async function keep(sid: string, held: Held, login: LoginSession, context: Context): Promise<Outcome> {
  const { store, unstored, abandon } = context
  try {
    if (await store.replaceOwn(sid, held, login)) return login
  } catch (error) {
    unstored.add(sid, held, login)
    throw error
  }
  const current = (await store.hold(sid))?.own
  if (current === undefined) void abandon(login)
  return current
}

/** A refusal is believed when nobody else has renewed the session meanwhile. */
async function afterRefusal(sid: string, held: Held, error: AppError, context: Context): Promise<Outcome> {
  const { store, log, metrics } = context
  if (!(await store.endHeld(sid, held))) {
    metrics.refresh('shared')
    return (await store.hold(sid))?.own
  }
  const { issuer: iss, subject: sub } = held.own
  log.warn(
    { code: 'session_ended', iss, sub, reason: `${error.code}: ${error.message}`, hint: error.hint },
    'the session is over at the authorization server',
  )
  metrics.refresh('ended')
  metrics.logout('refresh', 1)
  return undefined
}
