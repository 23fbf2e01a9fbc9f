import { digest } from '../session/digest.js'
import type { Records } from '../session/records.js'
import type { LoginSession } from './login-session.js'
import { endedKey, sessionKeys, type Ended } from './session-keys.js'

/** How long a logout is remembered that may have overtaken the login which it ends, in milliseconds. */
const OVERTAKING = 300_000

/** What must be known of logouts after they were answered; by all processes. */
export interface LogoutMemory {
  /** Whether a logout token has been used. */
  hasHeard(jti: string): Promise<boolean>
  /** @param life milliseconds for which the token could be used again. */
  hear(jti: string, life: number): Promise<void>
  /**
   * Remembers that something ended.
   *
   * @param issuedAt seconds by the provider's clock, when it said so; else it ends by our word, now.
   */
  note(ended: Ended, issuedAt?: number): Promise<void>
  /** Whether a login that has just been finished was ended meanwhile. */
  hasOvertaken(login: LoginSession, begunAt: number): Promise<boolean>
}

interface Noted {
  /** Milliseconds by our clock. */
  readonly at: number
  /** Seconds by the provider's. */
  readonly issuedAt?: number
  readonly sub?: string
  /** The provider's session never comes back; a person may have signed in again since. */
  readonly isForGood: boolean
}

export function createLogoutMemory(records: Records, now: () => number = Date.now): LogoutMemory {
  const heardKey = (jti: string): string => `logout-token:${digest(jti)}`
  const notedKey = (key: string): string => `logout:${digest(key)}`

  async function write(key: string, value: string, life: number): Promise<void> {
    if ((await records.replace(key, undefined, value, life)) !== undefined) return
    // Whoever is quicker now has written as much.
    await records.replace(key, await records.get(key), value, life)
  }

  return {
    hasHeard: async (jti) => (await records.get(heardKey(jti))) !== undefined,
    hear: (jti, life) => write(heardKey(jti), '', life),
    note(ended, issuedAt) {
      const { sid, sub } = ended
      const noted: Noted = {
        at: now(),
        isForGood: sid !== undefined,
        ...(issuedAt !== undefined && { issuedAt }),
        ...(sub !== undefined && { sub }),
      }
      return write(notedKey(endedKey(ended)), JSON.stringify(noted), OVERTAKING)
    },
    async hasOvertaken(login, begunAt) {
      const found = await Promise.all(sessionKeys(login).map((key) => records.get(notedKey(key))))
      return found.some((record) => {
        if (record === undefined) return false
        const noted = JSON.parse(record.value) as Noted
        const isMeant = noted.sub === undefined || noted.sub === login.subject
        return isMeant && (noted.isForGood || isLater(noted, login, begunAt))
      })
    },
  }
}

/** By the provider's clock, where it tells them apart: two processes of ours may differ. */
function isLater({ at, issuedAt }: Noted, { claims }: LoginSession, begunAt: number): boolean {
  if (issuedAt === undefined || issuedAt === claims.iat) return at >= begunAt
  return issuedAt > claims.iat
}
