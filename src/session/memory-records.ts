import { BoundedMap } from './bounded-map.js'
import { kindOf, type Member, type Records, type StoredRecord } from './records.js'

export interface Bounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

const MEBIBYTE = 1024 * 1024

/** Each kind has room of its own: visitors who only open `/login` push out no one who is signed in. */
const BOUNDS: Readonly<Record<string, Bounds>> = {
  session: { maxEntries: 100_000, maxBytes: 512 * MEBIBYTE },
  login: { maxEntries: 10_000, maxBytes: 16 * MEBIBYTE },
}
const OTHERS: Bounds = { maxEntries: 100_000, maxBytes: 32 * MEBIBYTE }

/** A session is found by its person and by its sign-on session. */
const MAX_SETS = 250_000
/** What a record costs beside its text. */
const OVERHEAD = 200

export interface MemoryRecordsOptions {
  readonly bounds?: Readonly<Record<string, Bounds>>
  readonly now?: () => number
}

interface Written {
  readonly value: string
}

/** The records of one process. They end with it. */
export class MemoryRecords implements Records {
  readonly #kinds = new Map<string, BoundedMap<Written>>()
  readonly #sets: BoundedMap<Map<string, number>>
  readonly #bounds: Readonly<Record<string, Bounds>>
  readonly #now: () => number

  constructor({ bounds = {}, now = Date.now }: MemoryRecordsOptions = {}) {
    this.#bounds = { ...BOUNDS, ...bounds }
    this.#now = now
    this.#sets = new BoundedMap({ maxEntries: MAX_SETS, maxBytes: Infinity, now })
  }

  get(key: string): Promise<StoredRecord | undefined> {
    return Promise.resolve(this.#find(key))
  }

  replace(
    key: string,
    before: StoredRecord | undefined,
    value: string,
    life?: number,
  ): Promise<StoredRecord | undefined> {
    const found = this.#find(key)
    if (found?.version !== before?.version) return Promise.resolve(undefined)
    const endsAt = life === undefined ? (found?.endsAt ?? 0) : this.#now() + life
    this.#room(key).set(key, { value }, OVERHEAD + key.length + value.length, endsAt)
    // One that is larger than all there is room for is gone already.
    return Promise.resolve(this.#find(key))
  }

  remove(key: string, before?: StoredRecord): Promise<StoredRecord | undefined> {
    const found = this.#find(key)
    if (found === undefined || (before !== undefined && found.version !== before.version))
      return Promise.resolve(undefined)
    this.#room(key).delete(key)
    return Promise.resolve(found)
  }

  prolong(key: string, life: number): Promise<void> {
    this.#room(key).touch(key, this.#now() + life)
    return Promise.resolve()
  }

  addMember(key: string, name: string, life: number, patience = life): Promise<void> {
    const now = this.#now()
    const set = this.#sets.get(key) ?? new Map<string, number>()
    for (const [member, at] of set) {
      // The oldest come first.
      if (at > now - patience) break
      set.delete(member)
    }
    set.delete(name)
    set.set(name, now)
    this.#sets.set(key, set, 0, Math.max(now + life, this.#sets.expiresAt(key) ?? 0))
    return Promise.resolve()
  }

  removeMember(key: string, name: string): Promise<void> {
    const set = this.#sets.get(key)
    set?.delete(name)
    if (set?.size === 0) this.#sets.delete(key)
    return Promise.resolve()
  }

  members(key: string): Promise<readonly Member[]> {
    const set = this.#sets.get(key) ?? new Map<string, number>()
    return Promise.resolve([...set].map(([name, at]) => ({ name, at })))
  }

  async countMembers(key: string, since: number): Promise<number> {
    return (await this.members(key)).filter(({ at }) => at >= since).length
  }

  probe(): Promise<boolean> {
    return Promise.resolve(true)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** How many records of a kind there are. */
  size(kind: string): number {
    return this.#kinds.get(kind)?.size ?? 0
  }

  #find(key: string): StoredRecord | undefined {
    const room = this.#room(key)
    const written = room.get(key)
    if (written === undefined) return undefined
    return { value: written.value, version: written, endsAt: room.expiresAt(key) ?? 0 }
  }

  #room(key: string): BoundedMap<Written> {
    const kind = kindOf(key)
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    const room = new BoundedMap<Written>({ ...(this.#bounds[kind] ?? OTHERS), now: this.#now })
    this.#kinds.set(kind, room)
    return room
  }
}
