import type { Request } from 'express'
import { SessionError } from './errors.js'

/** Gives the browser a new session id with an empty session; the record under the old id is gone. */
export function regenerateSession(req: Request): Promise<void> {
  return settled('renewed', (done) => req.session.regenerate(done))
}

/** Stores the session. Awaited before every redirect: the next request may be quicker than the store. */
export function saveSession(req: Request): Promise<void> {
  return settled('stored', (done) => req.session.save(done))
}

export function destroySession(req: Request): Promise<void> {
  return settled('ended', (done) => req.session.destroy(done))
}

function settled(what: string, run: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === undefined || error === null) resolve()
      else
        reject(
          new SessionError('session_store_unavailable', `a session could not be ${what}`, { cause: error }),
        )
    })
  })
}
