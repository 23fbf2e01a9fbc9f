/** A record as it was found, or as it was just written. */
export interface StoredRecord {
  readonly value: string
  /** Stands for this very writing of the record: another one is another version, even with the same value. */
  readonly version: object
  /** Milliseconds. */
  readonly endsAt: number
}

export interface Member {
  readonly name: string
  /** When it was last added, in milliseconds. */
  readonly at: number
}

/**
 * Where everything lives that outlasts a request: sessions, pending logins, locks, and what is known of logouts. In
 * this process, or in Redis for several. Every operation is atomic and touches one key; every key has a life.
 *
 * A key is a kind and an opaque name, `session:6fZ…`.
 *
 * Every operation rejects with `SessionError` `session_store_unavailable` when the store does not answer.
 */
export interface Records {
  get(key: string): Promise<StoredRecord | undefined>
  /**
   * Writes a record if it still is the version `before`, or, without `before`, if there is none.
   *
   * @param life milliseconds; left out, the record keeps the life it has.
   * @returns the record as it is now, or nothing when it was not `before`.
   */
  replace(
    key: string,
    before: StoredRecord | undefined,
    value: string,
    life?: number,
  ): Promise<StoredRecord | undefined>
  /**
   * Removes a record, with `before` only if it still is that version.
   *
   * @returns what was removed.
   */
  remove(key: string, before?: StoredRecord): Promise<StoredRecord | undefined>
  /** Gives a record another life, in milliseconds from now. What is gone stays so. */
  prolong(key: string, life: number): Promise<void>
  /**
   * Puts a name into a set, or renews it there.
   *
   * @param life milliseconds that the set lives from now, or longer when it does already.
   * @param patience milliseconds after which a name leaves that nobody renewed; left out, `life`.
   */
  addMember(key: string, name: string, life: number, patience?: number): Promise<void>
  removeMember(key: string, name: string): Promise<void>
  members(key: string): Promise<readonly Member[]>
  /** How many names were added at `since` (milliseconds) or later. */
  countMembers(key: string, since: number): Promise<number>
  /** Whether the store answers now. Never rejects. */
  probe(): Promise<boolean>
  /** Lets go of what the store holds of the process. */
  close(): Promise<void>
}

/** The kind of a key. */
export function kindOf(key: string): string {
  return key.slice(0, key.indexOf(':'))
}
