import { createHash } from 'node:crypto'
import { BoundedMap } from '../session/bounded-map.js'

/** What a login needs to be finished. It never leaves the server. */
export interface PendingLogin {
  readonly nonce: string
  readonly codeVerifier: string
  readonly returnTo: string
  /** Seconds, when the login asked for a recent authentication. */
  readonly maxAge?: number | undefined
}

export type TakenLogin =
  | { readonly kind: 'pending'; readonly login: PendingLogin }
  | { readonly kind: 'expired' | 'spent'; readonly returnTo: string }
  | { readonly kind: 'unknown' }

/** Logins that were begun and not finished, each bound to the browser that began it. */
export interface PendingLogins {
  add(browser: string, state: string, login: PendingLogin): Promise<void>
  /** Takes a login, once: what follows cannot be repeated with the same `state`. */
  take(browser: string, state: string): Promise<TakenLogin>
}

export interface PendingLoginsOptions {
  /** Seconds; see LOGIN_TIMEOUT. */
  readonly timeout: number
  /** Per browser; see LOGIN_LIMIT. */
  readonly limit: number
  /** Seconds for which a finished login is recognised when its address is opened again. */
  readonly remember: number
  readonly maxEntries?: number
  readonly maxBytes?: number
  readonly now?: () => number
}

interface Begun {
  readonly state: string
  readonly expiresAt: number
  readonly returnTo: string
  /** Gone as soon as the login was taken. */
  readonly login?: PendingLogin
}

/**
 * One record a browser, kept apart from the sessions so that visitors who only open `/login` push out no one who is
 * signed in. A record holds at most the newest `limit` logins, and as many that are over.
 */
export class MemoryPendingLogins implements PendingLogins {
  readonly #browsers: BoundedMap<readonly Begun[]>
  readonly #options: PendingLoginsOptions
  readonly #now: () => number

  constructor(options: PendingLoginsOptions) {
    const { maxEntries = 10_000, maxBytes = 16 * 1024 * 1024, now = Date.now } = options
    this.#options = options
    this.#now = now
    this.#browsers = new BoundedMap({ maxEntries, maxBytes, now })
  }

  get size(): number {
    return this.#browsers.size
  }

  add(browser: string, state: string, login: PendingLogin): Promise<void> {
    const now = this.#now()
    const begun = {
      state: digest(state),
      expiresAt: now + this.#options.timeout * 1000,
      returnTo: login.returnTo,
      login,
    }
    this.#write(digest(browser), [...(this.#browsers.get(digest(browser)) ?? []), begun])
    return Promise.resolve()
  }

  take(browser: string, state: string): Promise<TakenLogin> {
    const key = digest(browser)
    const logins = this.#browsers.get(key) ?? []
    const found = logins.find((begun) => begun.state === digest(state))
    if (found === undefined) return Promise.resolve({ kind: 'unknown' })
    const { login, returnTo, expiresAt } = found
    if (login === undefined) return Promise.resolve({ kind: 'spent', returnTo })
    if (expiresAt <= this.#now()) return Promise.resolve({ kind: 'expired', returnTo })
    const spent = { state: found.state, returnTo, expiresAt: this.#now() + this.#options.remember * 1000 }
    this.#write(key, [...logins.filter((begun) => begun !== found), spent])
    return Promise.resolve({ kind: 'pending', login })
  }

  #write(key: string, logins: readonly Begun[]): void {
    const { limit, timeout } = this.#options
    const kept = [
      ...logins.filter(({ login }) => login === undefined).slice(-limit),
      ...logins.filter(({ login }) => login !== undefined).slice(-limit),
    ]
    // A login that took too long is recognised for as long again, so that its page can say so and lead on.
    const end = Math.max(
      ...kept.map(({ expiresAt, login }) => expiresAt + (login === undefined ? 0 : timeout * 1000)),
    )
    const bytes = kept.reduce(
      (sum, { returnTo, login }) => sum + 300 + returnTo.length + (login === undefined ? 0 : 300),
      200,
    )
    this.#browsers.set(key, kept, bytes, end)
  }
}

/** Only digests are kept: a copy of the store gives nobody a `state` or a browser's cookie. */
function digest(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}
