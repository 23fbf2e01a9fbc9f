import { Store, type SessionData } from 'express-session'
import { BoundedMap } from './bounded-map.js'

export interface MemoryStoreOptions {
  /** Seconds; see SESSION_IDLE_TIMEOUT, SESSION_ABSOLUTE_TIMEOUT. */
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  readonly maxEntries?: number
  readonly maxBytes?: number
  readonly now?: () => number
}

interface StoredSession {
  readonly data: Omit<SessionData, 'cookie'>
  readonly createdAt: number
}

/** What a session store of ours can do beyond express-session's three calls. */
export interface SessionStore extends Store {
  /** Moves the idle end of a session that is in use. */
  keepAlive(sid: string): Promise<void>
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
      now = Date.now,
    } = options
    this.#sessions = new BoundedMap({ maxEntries, maxBytes, now })
    this.#idle = idleTimeout * 1000
    this.#absolute = absoluteTimeout * 1000
    this.#now = now
  }

  get size(): number {
    return this.#sessions.size
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const stored = this.#sessions.get(sid)
    // express-session makes a Cookie of it. That one is never sent again: the browser has it.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    callback(null, stored === undefined ? null : { ...stored.data, cookie: { originalMaxAge: null } })
  }

  override set(sid: string, session: SessionData, callback?: (error?: unknown) => void): void {
    const data: Partial<SessionData> = { ...session }
    delete data.cookie
    const createdAt = this.#sessions.get(sid)?.createdAt ?? this.#now()
    this.#sessions.set(sid, { data, createdAt }, sizeOf(data), this.#end(createdAt))
    callback?.()
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    this.#sessions.delete(sid)
    callback?.()
  }

  keepAlive(sid: string): Promise<void> {
    const stored = this.#sessions.get(sid)
    if (stored !== undefined) this.#sessions.touch(sid, this.#end(stored.createdAt))
    return Promise.resolve()
  }

  endsAt(sid: string): Promise<number | undefined> {
    return Promise.resolve(this.#sessions.expiresAt(sid))
  }

  #end(createdAt: number): number {
    return Math.min(this.#now() + this.#idle, createdAt + this.#absolute)
  }
}

/** Measured when a session is written, not when it is read. Strings dominate, so a rough count will do. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 16
  return Object.entries(value).reduce((sum, [key, member]) => sum + key.length + sizeOf(member), 64)
}
