import { digest } from './digest.js'
import { kindOf, type Member, type Records, type StoredRecord } from './records.js'
import type { RedisLink } from './redis-link.js'
import * as scripts from './redis-scripts.js'
import type { Seal } from './seal.js'

export interface RedisRecordsOptions {
  readonly link: RedisLink
  readonly seal: Seal
  /** What tells our records from those of another app, or another client, in the same Redis. */
  readonly space: string
  readonly now?: () => number
}

/** No lock of ours lives longer, in milliseconds. */
const MAX_LOCK_LIFE = 60_000
/** What is in nothing that is sealed. */
const NOT_SEALED = /[^\w-]/

/** A version is the sealed text: sealing the same value again gives another one. */
interface Sealed {
  readonly sealed: string
}

/** The records of all processes that share a Redis or Valkey. Nothing readable is sent there. */
export class RedisRecords implements Records {
  readonly #link: RedisLink
  readonly #seal: Seal
  readonly #prefix: string
  readonly #now: () => number

  constructor({ link, seal, space, now = Date.now }: RedisRecordsOptions) {
    this.#link = link
    this.#seal = seal
    this.#prefix = `latchkey:${digest(space).slice(0, 12)}`
    this.#now = now
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    return this.#read(key, await this.#run('get', scripts.GET, key))
  }

  async replace(
    key: string,
    before: StoredRecord | undefined,
    value: string,
    life?: number,
  ): Promise<StoredRecord | undefined> {
    const sealed = this.#seal.close(this.#name(key), value)
    const values = [sealedOf(before), sealed, life === undefined ? '' : wholeLife(life)]
    const left = await this.#run('replace', scripts.REPLACE, key, values)
    return typeof left === 'number'
      ? { value, version: { sealed } satisfies Sealed, endsAt: this.#now() + left }
      : undefined
  }

  async remove(key: string, before?: StoredRecord): Promise<StoredRecord | undefined> {
    return this.#open(key, await this.#run('remove', scripts.REMOVE, key, [sealedOf(before)]))
  }

  async prolong(key: string, life: number): Promise<void> {
    await this.#run('prolong', scripts.PROLONG, key, [wholeLife(life)])
  }

  async addMember(key: string, name: string, life: number, patience = life): Promise<void> {
    const values = [this.#now(), name, wholeLife(life), wholeLife(patience)]
    await this.#run('add_member', scripts.ADD_MEMBER, key, values)
  }

  async removeMember(key: string, name: string): Promise<void> {
    await this.#run('remove_member', scripts.REMOVE_MEMBER, key, [name])
  }

  async members(key: string): Promise<readonly Member[]> {
    const flat = await this.#run('members', scripts.MEMBERS, key)
    if (!Array.isArray(flat)) return []
    const members: Member[] = []
    for (let i = 0; i + 1 < flat.length; i += 2)
      members.push({ name: String(flat[i]), at: Number(flat[i + 1]) })
    return members
  }

  async countMembers(key: string, since: number): Promise<number> {
    return Number(await this.#run('count_members', scripts.COUNT_MEMBERS, key, [since]))
  }

  async probe(): Promise<boolean> {
    return this.#run('probe', scripts.PROBE, 'probe:').then(
      () => true,
      () => false,
    )
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  /** In a Cluster keys may lie anywhere: no operation needs two. */
  #name(key: string): string {
    return `${this.#prefix}:${key}`
  }

  #run(
    operation: string,
    script: string,
    key: string,
    values: readonly (string | number)[] = [],
  ): Promise<unknown> {
    return this.#link.run(operation, script, [this.#name(key)], values)
  }

  /**
   * What does not open was never ours, or was sealed by a secret since removed: it is dropped. A lock may be that of a
   * process which knows a newer secret already: it stays.
   */
  async #read(key: string, found: unknown): Promise<StoredRecord | undefined> {
    const record = this.#open(key, found)
    if (record === undefined && Array.isArray(found)) {
      const [text, life] = found as readonly unknown[]
      if (kindOf(key) === 'lock' && Number(life) > 0 && Number(life) <= MAX_LOCK_LIFE) return undefined
      // What is no text of ours may not come back as it is; nobody else puts such a thing there.
      const known = typeof text === 'string' && !NOT_SEALED.test(text) ? text : ''
      await this.#run('remove', scripts.REMOVE, key, [known])
    }
    return record
  }

  #open(key: string, found: unknown): StoredRecord | undefined {
    if (!Array.isArray(found)) return undefined
    const [sealed, life] = found as readonly unknown[]
    const value = typeof sealed === 'string' ? this.#seal.open(this.#name(key), sealed) : undefined
    if (typeof sealed !== 'string' || value === undefined) return undefined
    return { value, version: { sealed } satisfies Sealed, endsAt: this.#now() + Number(life) }
  }
}

function sealedOf(record: StoredRecord | undefined): string {
  return record === undefined ? '' : (record.version as Sealed).sealed
}

/** Redis takes whole milliseconds, and no life of none. */
function wholeLife(life: number): number {
  return Math.max(1, Math.round(life))
}
