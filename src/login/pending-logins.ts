import { isObject } from '../provider/is-object.js'
import type { Strength } from '../provider/strength.js'
import { digest } from '../session/digest.js'
import { SessionError } from '../session/errors.js'
import type { Records, StoredRecord } from '../session/records.js'

/** What a login needs to be finished. It never leaves the server. */
export interface PendingLogin {
  readonly nonce: string
  readonly codeVerifier: string
  readonly returnTo: string
  /** Seconds, when the login asked for a recent authentication. */
  readonly maxAge?: number | undefined
  /** What the login must come back with. */
  readonly strength?: Strength | undefined
  /** The action of Keycloak that was asked for. */
  readonly action?: string | undefined
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
  readonly records: Records
  /** Seconds; see LOGIN_TIMEOUT. */
  readonly timeout: number
  /** Per browser; see LOGIN_LIMIT. */
  readonly limit: number
  /** Seconds for which a finished login is recognised when its address is opened again. */
  readonly remember: number
  readonly now?: () => number
}

interface Begun {
  readonly state: string
  readonly expiresAt: number
  readonly returnTo: string
  /** Gone as soon as the login was taken. */
  readonly login?: PendingLogin
}

type Change<T> = (logins: readonly Begun[]) => { readonly result: T; readonly logins?: readonly Begun[] }

/** Attempts to change a record that the same browser changes at the same time. */
const ATTEMPTS = 50

/**
 * One record a browser, kept apart from the sessions. It holds at most the newest `limit` logins, and as many that are
 * over. Only digests are kept of what the browser has: a copy of the store gives nobody a `state` or its cookie.
 */
export function createPendingLogins(options: PendingLoginsOptions): PendingLogins {
  const { records, timeout, limit, remember, now = Date.now } = options

  function trim(logins: readonly Begun[]): readonly Begun[] {
    return [
      ...logins.filter(({ login }) => login === undefined).slice(-limit),
      ...logins.filter(({ login }) => login !== undefined).slice(-limit),
    ]
  }

  /** A login that took too long is recognised for as long again, so that its page can say so and lead on. */
  function lifeOf(logins: readonly Begun[]): number {
    const ends = logins.map(({ expiresAt, login }) => expiresAt + (login === undefined ? 0 : timeout * 1000))
    return Math.max(...ends) - now()
  }

  async function change<T>(browser: string, decide: Change<T>): Promise<T> {
    const key = `login:${digest(browser)}`
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await records.get(key)
      const { result, logins } = decide(read(found))
      if (logins === undefined) return result
      const kept = trim(logins)
      if ((await records.replace(key, found, JSON.stringify(kept), lifeOf(kept))) !== undefined) return result
    }
    throw new SessionError('session_store_unavailable', 'too many logins of one browser at once')
  }

  return {
    add(browser, state, login) {
      const begun = {
        state: digest(state),
        expiresAt: now() + timeout * 1000,
        returnTo: login.returnTo,
        login,
      }
      return change(browser, (logins) => ({ result: undefined, logins: [...logins, begun] }))
    },
    take(browser, state) {
      return change<TakenLogin>(browser, (logins) => {
        const found = logins.find((begun) => begun.state === digest(state))
        if (found === undefined) return { result: { kind: 'unknown' } }
        const { login, returnTo, expiresAt } = found
        if (login === undefined) return { result: { kind: 'spent', returnTo } }
        if (expiresAt <= now()) return { result: { kind: 'expired', returnTo } }
        const spent = { state: found.state, returnTo, expiresAt: now() + remember * 1000 }
        return {
          result: { kind: 'pending', login },
          logins: [...logins.filter((begun) => begun !== found), spent],
        }
      })
    },
  }
}

/** Nothing for what is no list of ours, as another version may have written. */
function read(found: StoredRecord | undefined): readonly Begun[] {
  const logins = found === undefined ? [] : parseJson(found.value)
  return Array.isArray(logins) ? logins.filter(isBegun) : []
}

function isBegun(value: unknown): value is Begun {
  if (!isObject(value)) return false
  const { state, expiresAt, returnTo, login } = value
  return (
    typeof state === 'string' &&
    typeof expiresAt === 'number' &&
    typeof returnTo === 'string' &&
    (login === undefined || isObject(login))
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
