import { AppError } from '../errors.js'

export type SessionErrorCode = 'session_store_unavailable'

/** The session store does not answer, so nothing can be decided about a session. */
export class SessionError extends AppError<SessionErrorCode> {
  readonly status = 503
  readonly description = 'Sessions cannot be read or stored just now'
}
