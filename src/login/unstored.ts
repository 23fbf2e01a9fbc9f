import { setTimeout as delay } from 'node:timers/promises'
import { isAppError } from '../errors.js'
import type { HeldSession } from '../session/session-store.js'
import type { LoginSession, LoginStore } from './login-session.js'

/** So often, and so long, in milliseconds, it is tried to store what was renewed. */
const PAUSE = 200
const LIMIT = 60_000

/**
 * Logins whose tokens were renewed just when the store went away. The refresh token that the store has is spent; the
 * new one is here only, until the store is back.
 */
export interface Unstored {
  add(sid: string, held: HeldSession<LoginSession>, login: LoginSession): void
  /** Waits until what was renewed of a session is stored. @throws `SessionError` while the store is away. */
  settle(sid: string): Promise<void>
}

export function createUnstored(store: Pick<LoginStore, 'replaceOwn'>): Unstored {
  const waiting = new Map<string, () => Promise<void>>()

  async function storeLater(sid: string, attempt: () => Promise<void>): Promise<void> {
    const end = Date.now() + LIMIT
    while (waiting.get(sid) === attempt && Date.now() < end) {
      await delay(PAUSE, undefined, { ref: false })
      await attempt().catch((error: unknown) => {
        if (!isAppError(error)) throw error
      })
    }
    if (waiting.get(sid) === attempt) waiting.delete(sid)
  }

  return {
    add(sid, held, login) {
      const attempt = async (): Promise<void> => {
        // Stored, or not the session's tokens any more.
        await store.replaceOwn(sid, held, login)
        if (waiting.get(sid) === attempt) waiting.delete(sid)
      }
      waiting.set(sid, attempt)
      void storeLater(sid, attempt)
    },
    settle: async (sid) => waiting.get(sid)?.(),
  }
}
