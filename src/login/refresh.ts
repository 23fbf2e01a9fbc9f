import { isAppError } from '../errors.js'
import { ProviderError } from '../provider/errors.js'
import { BoundedMap } from '../session/bounded-map.js'
import type { LoginSession } from './login-session.js'
import { createRenewal, REST, type RenewalOptions } from './renewal.js'
import { endOfToken, isDue } from './token-life.js'

/** Keeps the tokens of sessions fresh: one refresh per session at a time, whatever the number of requests. */
export interface Refresher {
  /**
   * A session's login, its tokens renewed if they are due.
   *
   * @returns nothing when the session has ended.
   * @throws `ProviderError`, `LoginError` `client_refused` or `token_response_invalid`, or `SessionError`, when the
   *   access token is over and no other can be had just now. The session stays.
   */
  fresh(sid: string, login: LoginSession): Promise<LoginSession | undefined>
}

export function createRefresher(options: RenewalOptions): Refresher {
  const { store, refreshBefore, now = Date.now } = options
  const renewal = createRenewal(options)
  const flights = new Map<string, Promise<LoginSession | undefined>>()
  const failed = new BoundedMap<true>({ maxEntries: 10_000, maxBytes: Infinity, now })

  /** One flight for all requests of this process. */
  function join(sid: string, isUrgent: boolean): Promise<LoginSession | undefined> {
    const known = flights.get(sid)
    if (known !== undefined) return known
    const flight = renewal(sid, isUrgent).finally(() => flights.delete(sid))
    flights.set(sid, flight)
    return flight
  }

  return {
    async fresh(sid, login) {
      if (!isDue(login.tokens, refreshBefore, now())) return login
      const isGood = (): boolean => endOfToken(login.tokens) > now()
      const id = store.idOf(sid)
      // Not every request waits for a server in trouble: the token that is there is good for a while.
      if (isGood() && failed.get(id) === true) return login
      try {
        const fresh = await join(sid, !isGood())
        // What somebody else made of it meanwhile may be no use either.
        if (fresh !== undefined && endOfToken(fresh.tokens) <= now())
          throw new ProviderError('provider_unavailable', 'the tokens of the session are over')
        return fresh
      } catch (error) {
        if (!isAppError(error)) throw error
        failed.set(id, true, 0, now() + REST)
        if (!isGood()) throw error
        return login
      }
    },
  }
}
