import type { Request } from 'express'
import type { SessionData } from 'express-session'
import { isAppError } from '../errors.js'
import { SessionError } from './errors.js'

/**
 * Gives the browser a new session id; the record under the old id is gone. What the app keeps in the session moves
 * along when `keep` says so, and what is ours never does.
 */
export async function regenerateSession(req: Request, keep: readonly string[] = []): Promise<void> {
  const old = req.session as unknown as Record<string, unknown>
  const kept = Object.fromEntries(keep.map((name) => [name, old[name]]))
  await settled('renewed', (done) => req.session.regenerate(done))
  Object.assign(req.session, kept)
}

/** Stores the session. Awaited before every redirect: the next request may be quicker than the store. */
export function saveSession(req: Request): Promise<void> {
  return settled('stored', (done) => req.session.save(done))
}

/** Ends the session, here and in the store. */
export function destroySession(req: Request): Promise<void> {
  return settled('ended', (done) => req.session.destroy(done))
}

/** The names under which the app keeps something in a session. */
export function namesOfApp(session: SessionData, ours: string): readonly string[] {
  return Object.keys(session).filter((name) => name !== 'cookie' && name !== ours)
}

function settled(what: string, run: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === undefined || error === null) resolve()
      else if (isAppError(error)) reject(error)
      else
        reject(
          new SessionError('session_store_unavailable', `a session could not be ${what}`, { cause: error }),
        )
    })
  })
}
