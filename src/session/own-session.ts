import type { Request } from 'express'
import type { Store } from 'express-session'

/** Whether the session of a request is one of this store, and not one of another middleware that came first. */
export function hasOwnSession(req: Request, store: Store): boolean {
  // The type promises a session; an app that did not mount the middleware has none.
  const { session, sessionStore } = req as { session?: unknown; sessionStore?: unknown }
  return session !== undefined && sessionStore === store
}

/** @throws `Error` that tells the author of an app what is mounted wrongly. */
export function assertOwnSession(req: Request, store: Store): void {
  if (hasOwnSession(req, store)) return
  throw new Error(
    'latchkey.session must be mounted before latchkey.routes and the guards, and no other session middleware before it on the same path',
  )
}
