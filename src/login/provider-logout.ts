import { JwtError } from '../provider/errors.js'
import { LoginError } from './errors.js'
import type { IdTokenOptions } from './id-token.js'
import type { LogoutMemory } from './logout-memory.js'
import type { LoginStore } from './login-session.js'
import { verifyLogoutToken, type LogoutToken } from './logout-token.js'
import { endedKey, personKey, signOnKey, signOnOf } from './session-keys.js'

export interface ProviderLogoutOptions extends IdTokenOptions {
  readonly store: Pick<LoginStore, 'endAll'>
  readonly memory: LogoutMemory
}

/** Sessions that end because the provider says so. */
export interface ProviderLogout {
  /**
   * Ends the sessions that a logout token names, and says how many they were.
   *
   * @throws {@link LoginError} `invalid_logout_token`; `ProviderError` when there is no key to judge by;
   *   `SessionError` when the store is away. The token may be sent again then.
   * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions | Back-Channel Logout 1.0 §2.7}
   */
  byToken(token: string): Promise<{ readonly ended: number; readonly subject: string | undefined }>
  /**
   * Ends the session that a front-channel request names, and says how many they were.
   *
   * @throws {@link LoginError} `invalid_logout_request`; `SessionError` when the store is away.
   * @see {@link https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout | Front-Channel Logout 1.0 §2}
   */
  byRequest(query: URLSearchParams): Promise<number>
}

export function createProviderLogout(options: ProviderLogoutOptions): ProviderLogout {
  const { issuer, store, memory, clockTolerance, now = Date.now } = options

  async function check(token: string): Promise<LogoutToken> {
    try {
      return await verifyLogoutToken(token, options)
    } catch (cause) {
      if (!(cause instanceof JwtError)) throw cause
      const message = `the logout token failed a check (${cause.check}: ${cause.message})`
      throw new LoginError('invalid_logout_token', message, { cause, hint: cause.hint })
    }
  }

  async function end({ sid, sub, iat }: LogoutToken): Promise<number> {
    const ended = { issuer, sid, sub }
    // First noted: a login that is stored after the search below sees it.
    await memory.note(ended, iat)
    // A session and a person that do not belong together end nobody's session.
    const logins = await store.endAll(endedKey(ended), (login) => sub === undefined || login.subject === sub)
    if (sid === undefined || sub === undefined) return logins.length
    // Of a session whose ID token did not say which it is part of, only the person is known.
    const unnamed = await store.endAll(personKey(issuer, sub), (login) => signOnOf(login) === undefined)
    return logins.length + unnamed.length
  }

  return {
    async byToken(token) {
      const read = await check(token)
      const { jti, exp, sub } = read
      if (await memory.hasHeard(jti))
        throw new LoginError('invalid_logout_token', 'a logout token that was used already')
      const ended = await end(read)
      await memory.hear(jti, (exp + clockTolerance) * 1000 - now())
      return { ended, subject: sub }
    },
    async byRequest(query) {
      const [iss, ...moreIss] = query.getAll('iss')
      const [sid, ...moreSid] = query.getAll('sid')
      if (moreIss.length + moreSid.length > 0 || iss !== issuer || !sid)
        throw new LoginError('invalid_logout_request', 'not exactly one iss of ours and one sid')
      // Nothing is remembered of it: anybody may send one, with any name of a session.
      return (await store.endAll(signOnKey(issuer, sid), () => true)).length
    },
  }
}
