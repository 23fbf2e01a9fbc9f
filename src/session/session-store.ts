import { Store, type CookieOptions, type Session, type SessionData } from 'express-session'
import type { Request } from 'express'
import { ContentsCodec, parse, type Contents, type OwnPart } from './contents.js'
import { digest } from './digest.js'
import { inBatches, type Done } from './in-batches.js'
import type { Records, StoredRecord } from './records.js'
import { settle } from './settle.js'

export interface SessionStoreOptions<Own extends object> {
  readonly records: Records
  readonly own: OwnPart<Own>
  /** Seconds; see SESSION_IDLE_TIMEOUT, SESSION_ABSOLUTE_TIMEOUT. */
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  /** Attributes of the session cookie, for an app that sends it again. */
  readonly cookie?: CookieOptions
  readonly now?: () => number
}

/** A session as the store has it. */
export interface FoundSession<Own extends object> {
  /** Names it to the store, and to nobody else: it is no cookie. */
  readonly id: string
  readonly own: Own
  /** When it was last used, to a tenth of the idle time; in milliseconds. */
  readonly seenAt: number
}

/** One session's own part, and the record in which it was found. */
export interface HeldSession<Own extends object> {
  readonly own: Own
  readonly record: StoredRecord
}

interface Life {
  readonly createdAt: number
  readonly endsAt: number
}

/** Every session, for counting them. */
const ALL = 'sessions:all'
/** Attempts to change a record that others change at the same time. */
const ATTEMPTS = 20

/**
 * express-session's store. A session is one record: what Latchkey keeps of it, and what the app does. The first is
 * written when the session begins and by {@link replaceOwn} alone, so no request that was under way puts an old token
 * set over a newer one. A session that has ended stays so: only a new one is ever created.
 *
 * It has no `touch`: express-session would call that for every request, and not every request is use.
 */
export class SessionStore<Own extends object> extends Store {
  readonly #records: Records
  readonly #keysOf: OwnPart<Own>['keysOf']
  readonly #codec: ContentsCodec<Own>
  readonly #idle: number
  readonly #absolute: number
  readonly #now: () => number
  /** Sessions that are in the store: they are changed there, never created. */
  readonly #stored = new WeakSet<object>()
  readonly #creations = new WeakMap<object, Promise<void>>()
  readonly #lives = new WeakMap<object, Life>()

  constructor(options: SessionStoreOptions<Own>) {
    super()
    const { records, own, idleTimeout, absoluteTimeout, cookie = {}, now = Date.now } = options
    this.#records = records
    this.#keysOf = own.keysOf
    this.#codec = new ContentsCodec(own, cookie)
    this.#idle = idleTimeout * 1000
    this.#absolute = absoluteTimeout * 1000
    this.#now = now
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    settle(this.#load(sid), callback)
  }

  override set(sid: string, session: SessionData, callback?: (error?: unknown) => void): void {
    settle(this.#write(sid, session), (error) => callback?.(error))
  }

  override destroy(sid: string, callback?: (error?: unknown) => void): void {
    settle(this.end(sid), (error) => callback?.(error))
  }

  override createSession(req: Request, data: SessionData): Session & SessionData {
    const session = super.createSession(req, data)
    this.#stored.add(session)
    const life = this.#lives.get(data)
    if (life !== undefined) this.#lives.set(session, life)
    return session
  }

  /** Moves the idle end of a session that is in use, at most once in a tenth of the idle time. */
  async keepAlive({ sessionID, session }: Pick<Request, 'sessionID' | 'session'>): Promise<void> {
    const life = this.#lives.get(session)
    if (life === undefined) return
    const endsAt = this.#endOf(life.createdAt)
    // Another time-out than the one before may be shorter.
    if (Math.abs(endsAt - life.endsAt) <= this.#idle / 10) return
    const id = digest(sessionID)
    const own = this.#codec.ownOf(session)
    // First: a session that lives on is one that a logout finds.
    if (own !== undefined) await this.#enter(id, own)
    await this.#records.prolong(recordKey(id), endsAt - this.#now())
    this.#lives.set(session, { ...life, endsAt })
  }

  /** When a request's session ends if it is not used any more, in milliseconds. */
  endsAt({ session }: Pick<Request, 'session'>): number {
    return this.#lives.get(session)?.endsAt ?? this.#endOf(this.#now())
  }

  /** The own part of a session as it is in the store now; nothing when it has ended. */
  async hold(sid: string): Promise<HeldSession<Own> | undefined> {
    const record = await this.#records.get(recordKey(digest(sid)))
    const own = record && this.#read(record)?.own
    return record !== undefined && own !== undefined ? { own, record } : undefined
  }

  /**
   * Puts another own part in place of the one that is held.
   *
   * @returns `false` when the session has ended, or somebody else was quicker.
   */
  async replaceOwn(sid: string, held: HeldSession<Own>, own: Own): Promise<boolean> {
    const key = recordKey(digest(sid))
    if (!this.#codec.isUnderSameKeys(own, held.own)) await this.#enter(digest(sid), own)
    // Where only the app's part has changed meanwhile, that change is kept.
    return this.#attempt(key, held.record, (contents) =>
      contents.own !== undefined && this.#codec.isSame(contents.own, held.own)
        ? { ...contents, own }
        : undefined,
    )
  }

  /**
   * Ends a session whose own part still is the one that is held.
   *
   * @returns `false` when it has ended already, or is another one.
   */
  async endHeld(sid: string, held: HeldSession<Own>): Promise<boolean> {
    const id = digest(sid)
    let record: StoredRecord | undefined = held.record
    for (let attempt = 0; attempt < ATTEMPTS && record !== undefined; attempt++) {
      const own = this.#codec.read(record)?.own
      if (own === undefined || !this.#codec.isSame(own, held.own)) return false
      if ((await this.#records.remove(recordKey(id), record)) !== undefined) {
        await this.#leave(id, own)
        return true
      }
      record = await this.#records.get(recordKey(id))
    }
    return false
  }

  /** Ends a session; its own part as it was at the end. */
  async end(sid: string): Promise<Own | undefined> {
    return this.endFound(digest(sid))
  }

  /** The same by the store's name for it. */
  async endFound(id: string): Promise<Own | undefined> {
    const removed = await this.#records.remove(recordKey(id))
    const own = removed && this.#codec.read(removed)?.own
    if (own !== undefined) await this.#leave(id, own)
    return own
  }

  /** Ends several by the store's names: those that could be, and the error about those that could not. */
  async endEach(ids: readonly string[]): Promise<Done<Own | undefined>> {
    return inBatches(ids, (id) => this.endFound(id))
  }

  /** The sessions under a key of {@link OwnPart.keysOf}. */
  async find(key: string): Promise<readonly FoundSession<Own>[]> {
    const members = await this.#records.members(indexKey(key))
    const { results, error } = await inBatches(members, async ({ name: id, at: seenAt }) => {
      const record = await this.#records.get(recordKey(id))
      const own = record && this.#read(record)?.own
      // Who can write to the store could enter a session under somebody else.
      return own && this.#keysOf(own).includes(key) ? { id, own, seenAt } : undefined
    })
    if (error !== undefined) throw error
    return results
  }

  /** Ends the sessions under a key that `isMeant` picks; what they were. */
  async endAll(key: string, isMeant: (own: Own) => boolean): Promise<readonly Own[]> {
    const meant = (await this.find(key)).filter(({ own }) => isMeant(own))
    const { results, error } = await this.endEach(meant.map(({ id }) => id))
    if (error !== undefined) throw error
    return results
  }

  /** How many sessions of people there are, of all processes. */
  count(): Promise<number> {
    return this.#records.countMembers(ALL, this.#now() - this.#idle)
  }

  /** The store's name for a session, as {@link find} has it. */
  idOf(sid: string): string {
    return digest(sid)
  }

  async #load(sid: string): Promise<SessionData | null> {
    const key = recordKey(digest(sid))
    const record = await this.#records.get(key)
    const contents = record && this.#read(record)
    if (record !== undefined && contents === undefined && parse(record) === undefined)
      await this.#records.remove(key, record)
    if (record === undefined || contents === undefined) return null
    const data = this.#codec.toSession(contents)
    this.#lives.set(data, { createdAt: contents.createdAt, endsAt: record.endsAt })
    return data
  }

  /** A session that is saved twice at once is created once, and changed then. */
  async #write(sid: string, session: SessionData): Promise<void> {
    await this.#creations.get(session)?.catch(() => undefined)
    if (this.#stored.has(session)) return this.#change(sid, session)
    const creation = this.#create(sid, session)
    this.#creations.set(session, creation)
    return creation
  }

  async #create(sid: string, session: SessionData): Promise<void> {
    const id = digest(sid)
    const createdAt = this.#now()
    const own = this.#codec.ownOf(session)
    const contents = { own, data: this.#codec.dataOf(session), createdAt }
    const endsAt = this.#endOf(createdAt)
    // Before the record: a logout that comes between finds what it has to end.
    if (own !== undefined) await this.#enter(id, own)
    await this.#records.replace(recordKey(id), undefined, this.#codec.write(contents), endsAt - this.#now())
    this.#stored.add(session)
    this.#lives.set(session, { createdAt, endsAt })
  }

  async #change(sid: string, session: SessionData): Promise<void> {
    const key = recordKey(digest(sid))
    const data = this.#codec.dataOf(session)
    const record = await this.#records.get(key)
    if (record !== undefined) await this.#attempt(key, record, (contents) => ({ ...contents, data }))
  }

  /** Changes a record, from the version that is known and, where that is not the one any more, from the one that is. */
  async #attempt(
    key: string,
    known: StoredRecord,
    change: (contents: Contents<Own>) => Contents<Own> | undefined,
  ): Promise<boolean> {
    let record: StoredRecord | undefined = known
    for (let attempt = 0; attempt < ATTEMPTS && record !== undefined; attempt++) {
      const contents = this.#codec.read(record)
      const changed = contents && change(contents)
      if (changed === undefined) return false
      if ((await this.#records.replace(key, record, this.#codec.write(changed))) !== undefined) return true
      record = await this.#records.get(key)
    }
    return false
  }

  async #enter(id: string, own: Own): Promise<void> {
    await Promise.all(
      this.#indexKeys(own).map((key) => this.#records.addMember(key, id, 1.1 * this.#idle, this.#patience)),
    )
  }

  #indexKeys(own: Own): readonly string[] {
    return [ALL, ...this.#keysOf(own).map(indexKey)]
  }

  /** What stays in the index leaves it by itself, and the session is over in any case. */
  async #leave(id: string, own: Own): Promise<void> {
    await Promise.allSettled(this.#indexKeys(own).map((key) => this.#records.removeMember(key, id)))
  }

  /** Nothing for a session beyond its absolute end, which its record may have missed. */
  #read(record: StoredRecord): Contents<Own> | undefined {
    const contents = this.#codec.read(record)
    return contents !== undefined && contents.createdAt + this.#absolute > this.#now() ? contents : undefined
  }

  /** Longer than a session can go without use, by any process's clock. */
  get #patience(): number {
    return 2 * this.#idle + 60_000
  }

  #endOf(createdAt: number): number {
    return Math.min(this.#now() + this.#idle, createdAt + this.#absolute)
  }
}

const recordKey = (id: string): string => `session:${id}`
const indexKey = (key: string): string => `sessions:${digest(key)}`
