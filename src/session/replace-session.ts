import type { Request } from 'express'
import type { SessionData } from 'express-session'
import { isAppError } from '../errors.js'
import { SessionError } from './errors.js'

/**
 * Gives the browser a new session under a new id, filled and stored. The one that it had is left as it is, until
 * {@link ReplacedSession} says what becomes of both.
 *
 * @throws {@link SessionError} when it could not be stored; the request has its old session then.
 */
export async function replaceSession(
  req: Request,
  fill: (session: Partial<SessionData>, before: Partial<SessionData>) => void,
): Promise<ReplacedSession> {
  const { sessionID, session, sessionStore } = req
  const restore = (): void => {
    req.sessionID = sessionID
    req.session = session
  }
  sessionStore.generate(req)
  const id = req.sessionID
  const undo = async (): Promise<void> => {
    restore()
    await destroy(req, id).catch(() => undefined)
  }
  try {
    fill(req.session, session)
    await saveSession(req)
  } catch (error) {
    await undo()
    throw error
  }
  return { undo, endOld: () => destroy(req, sessionID) }
}

export interface ReplacedSession {
  /** The old one is gone for good. @throws {@link SessionError} */
  endOld(): Promise<void>
  /** The request goes on with the old one, as if nothing had been. Never rejects. */
  undo(): Promise<void>
}

/** Stores the session. Awaited before every redirect: the next request may be quicker than the store. */
export function saveSession(req: Request): Promise<void> {
  return settled('stored', (done) => req.session.save(done))
}

/** The request knows no session any more, and sets no cookie; what the store has is another matter. */
export function dropSession(req: Request): void {
  delete (req as Partial<Request>).session
}

function destroy({ sessionStore }: Request, id: string): Promise<void> {
  return settled('ended', (done) => sessionStore.destroy(id, done))
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
