import { Store, type CookieOptions, type SessionData } from 'express-session'
import { BoundedMap } from './bounded-map.js'
import { SessionIndex } from './session-index.js'

export interface MemoryStoreOptions {
  /** Seconds; see SESSION_IDLE_TIMEOUT, SESSION_ABSOLUTE_TIMEOUT. */
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  /** Attributes of the session cookie, for an app that sends it again. */
  readonly cookie?: CookieOptions
  /** Under which keys a session is found beside its id. */
  readonly keysOf?: (data: Omit<SessionData, 'cookie'>) => readonly string[]
  readonly maxEntries?: number
  readonly maxBytes?: number
  readonly now?: () => number
}

/** A request that was under way when its session ended is over by then, in milliseconds. */
const ENDED_MEMORY = 600_000

interface StoredSession {
  readonly data: Omit<SessionData, 'cookie'>
  readonly createdAt: number
}

/** What a session store of ours can do beyond express-session's three calls. */
export interface SessionStore extends Store {
  /** Moves the idle end of a session that is in use. */
  keepAlive(sid: string): Promise<void>
  /** Ends the sessions under a key that `isMeant` picks, and says how many they were. */
  endAll(key: string, isMeant: (data: Omit<SessionData, 'cookie'>) => boolean): Promise<number>
  /** When the session ends if it is not used any more, in milliseconds. */
  endsAt(sid: string): Promise<number | undefined>
}

/**
 * Sessions of one process. Values are kept as they are: a request reads and writes them without a copy, so what a
 * session holds is replaced, never changed in place.
 *
 * It has no `touch`: express-session would call that for every request, and not every request is use.
 */
export class MemoryStore extends Store implements SessionStore {
  readonly #sessions: BoundedMap<StoredSession>
  readonly #index = new SessionIndex()
  readonly #ended: BoundedMap<true>
  readonly #keysOf: (data: Omit<SessionData, 'cookie'>) => readonly string[]
  readonly #cookie: CookieOptions
  readonly #idle: number
  readonly #absolute: number
  readonly #now: () => number

  constructor(options: MemoryStoreOptions) {
    super()
    const {
      idleTimeout,
      absoluteTimeout,
      maxEntries = 100_000,
      maxBytes = 512 * 1024 * 1024,
      keysOf = () => [],
      cookie = {},
      now = Date.now,
    } = options
    this.#keysOf = keysOf
    this.#cookie = cookie
    const onRemove = (sid: string, { data }: StoredSession): void => this.#index.remove(sid, keysOf(data))
    this.#sessions = new BoundedMap({ maxEntries, maxBytes, now, onRemove })
    this.#ended = new BoundedMap({ maxEntries, maxBytes, now })
    this.#idle = idleTimeout * 1000
    this.#absolute = absoluteTimeout * 1000
    this.#now = now
  }

  get size(): number {
    return this.#sessions.size
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const stored = this.#sessions.get(sid)
    // express-session makes a Cookie of what is in it.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    const cookie: SessionData['cookie'] = { ...this.#cookie, originalMaxAge: null }
    callback(null, stored === undefined ? null : { ...stored.data, cookie })
  }

  override set(sid: string, session: SessionData, callback?: (error?: unknown) => void): void {
    // A request that was under way when the session ended does not bring it back.
    if (this.#ended.get(sid) === true) {
      callback?.()
      return
    }
    const data: Partial<SessionData> = { ...session }
    delete data.cookie
    const createdAt = this.#sessions.get(sid)?.createdAt ?? this.#now()
    this.#sessions.set(sid, { data, createdAt }, sizeOf(data), this.#endOf(createdAt))
    // One that is larger than all there is room for is gone already.
    if (this.#sessions.get(sid) !== undefined) this.#index.add(sid, this.#keysOf(data))
    callback?.()
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    this.#remove(sid)
    callback?.()
  }

  endAll(key: string, isMeant: (data: Omit<SessionData, 'cookie'>) => boolean): Promise<number> {
    const meant = this.#index.find(key).filter((sid) => {
      const stored = this.#sessions.get(sid)
      return stored !== undefined && isMeant(stored.data)
    })
    for (const sid of meant) this.#remove(sid)
    return Promise.resolve(meant.length)
  }

  #remove(sid: string): void {
    if (this.#sessions.delete(sid)) this.#ended.set(sid, true, sid.length + 64, this.#now() + ENDED_MEMORY)
  }

  keepAlive(sid: string): Promise<void> {
    const stored = this.#sessions.get(sid)
    if (stored !== undefined) this.#sessions.touch(sid, this.#endOf(stored.createdAt))
    return Promise.resolve()
  }

  endsAt(sid: string): Promise<number | undefined> {
    return Promise.resolve(this.#sessions.expiresAt(sid))
  }

  #endOf(createdAt: number): number {
    return Math.min(this.#now() + this.#idle, createdAt + this.#absolute)
  }
}

/** Measured when a session is written, not when it is read. Strings dominate, so a rough count will do. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 16
  return Object.entries(value).reduce((sum, [key, member]) => sum + key.length + sizeOf(member), 64)
}
