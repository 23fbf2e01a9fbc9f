import { AppError } from '../errors.js'

export type SessionErrorCode = 'session_store_unavailable' | 'cross_site_request'

interface Meaning {
  readonly status: number
  readonly description: string
}

/** A new code without a status and words does not compile. */
const MEANING: Readonly<Record<SessionErrorCode, Meaning>> = {
  session_store_unavailable: {
    status: 503,
    description: 'Sessions cannot be read or stored just now',
  },
  cross_site_request: { status: 403, description: 'The request came from another site' },
}

/** Nothing can be decided about a session, or a request may not use it. */
export class SessionError extends AppError<SessionErrorCode> {
  get status(): number {
    return MEANING[this.code].status
  }

  get description(): string {
    return MEANING[this.code].description
  }
}
