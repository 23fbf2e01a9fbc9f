import { JwtError } from '../provider/errors.js'
import { BoundedMap } from '../session/bounded-map.js'
import type { SessionStore } from '../session/memory-store.js'
import { LoginError } from './errors.js'
import type { IdTokenOptions } from './id-token.js'
import type { LoginSession } from './login-session.js'
import { verifyLogoutToken, type LogoutToken } from './logout-token.js'

/** How long a logout is remembered that may have overtaken the login which it ends, in milliseconds. */
const OVERTAKING = 300_000

export interface LogoutReceiverOptions extends IdTokenOptions {
  readonly store: Pick<SessionStore, 'endAll'>
}

export interface LogoutReceiver {
  /**
   * Ends the sessions that a logout token names, and says how many they were.
   *
   * @throws {@link LoginError} `invalid_logout_token`; `ProviderError` when there is no key to judge by.
   */
  receive(token: string): Promise<{ readonly ended: number; readonly subject: string | undefined }>
  /** Whether a login that has just been finished was ended meanwhile. */
  hasOvertaken(login: LoginSession, begunAt: number): boolean
}

/** The session index's keys of a login: its sign-on session at the provider, and its person. */
export function sessionKeys({ issuer, subject, claims }: LoginSession): readonly string[] {
  const { sid } = claims
  return [
    personKey(issuer, subject),
    ...(typeof sid === 'string' && sid !== '' ? [signOnKey(issuer, sid)] : []),
  ]
}

const personKey = (issuer: string, sub: string): string => JSON.stringify(['sub', issuer, sub])
const signOnKey = (issuer: string, sid: string): string => JSON.stringify(['sid', issuer, sid])

/** @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions | Back-Channel Logout 1.0 §2.7} */
export function createLogoutReceiver(options: LogoutReceiverOptions): LogoutReceiver {
  const { issuer, store, clockTolerance, now = Date.now } = options
  const heard = new BoundedMap<true>({ maxEntries: 100_000, maxBytes: 32 * 1024 * 1024, now })
  const endedAt = new BoundedMap<{ readonly at: number; readonly sub: string | undefined }>({
    maxEntries: 100_000,
    maxBytes: 32 * 1024 * 1024,
    now,
  })

  async function check(token: string): Promise<LogoutToken> {
    try {
      return await verifyLogoutToken(token, options)
    } catch (cause) {
      if (!(cause instanceof JwtError)) throw cause
      const message = `the logout token failed a check (${cause.check}: ${cause.message})`
      throw new LoginError('invalid_logout_token', message, { cause, hint: cause.hint })
    }
  }

  return {
    async receive(token) {
      const { jti, exp, sid, sub } = await check(token)
      if (heard.get(jti) === true)
        throw new LoginError('invalid_logout_token', 'a logout token that was used already')
      const key = sid === undefined ? personKey(issuer, sub ?? '') : signOnKey(issuer, sid)
      endedAt.set(key, { at: now(), sub }, key.length + 128, now() + OVERTAKING)
      // A session and a person that do not belong together end nobody's session.
      const ended = await store.endAll(
        key,
        ({ latchkey: login }) => sub === undefined || login?.subject === sub,
      )
      heard.set(jti, true, jti.length + 64, (exp + clockTolerance) * 1000)
      return { ended, subject: sub }
    },
    hasOvertaken: (login, begunAt) =>
      sessionKeys(login).some((key) => {
        const ended = endedAt.get(key)
        if (ended === undefined || (ended.sub !== undefined && ended.sub !== login.subject)) return false
        // The provider's session never comes back; a person may have signed in again since.
        return key.startsWith('["sid"') || ended.at >= begunAt
      }),
  }
}
