import type { CookieOptions, SessionData } from 'express-session'
import type { StoredRecord } from './records.js'

/** What Latchkey itself keeps in a session, and how it is written down. */
export interface OwnPart<Own extends object> {
  /** Under which name it stands in the session. */
  readonly field: string
  /** Under which keys a session is found beside its id. */
  readonly keysOf: (own: Own) => readonly string[]
  readonly toJson: (own: Own) => object
  /** Nothing for what is not one of ours. What it returns is shared between requests. */
  readonly fromJson: (value: unknown) => Own | undefined
}

/** What a session's record holds. */
export interface Contents<Own extends object> {
  readonly own: Own | undefined
  /** JSON of what the app keeps: each request gets a copy of its own. */
  readonly data: string
  /** Milliseconds. */
  readonly createdAt: number
}

/** Between sessions, as requests have them, and records, as the store does. */
export class ContentsCodec<Own extends object> {
  readonly #own: OwnPart<Own>
  readonly #cookie: CookieOptions
  /** What was read of a version, for as long as the version is the one. */
  readonly #known = new WeakMap<object, Contents<Own>>()

  /** @param cookie attributes of the session cookie, for an app that sends it again. */
  constructor(own: OwnPart<Own>, cookie: CookieOptions) {
    this.#own = own
    this.#cookie = cookie
  }

  /** Nothing for what a session cannot be made of. */
  read(record: StoredRecord): Contents<Own> | undefined {
    const known = this.#known.get(record.version)
    if (known !== undefined) return known
    const written = parse(record)
    if (written === undefined) return undefined
    const { own, data, createdAt } = written
    const ours = own === undefined ? undefined : this.#own.fromJson(own)
    // What another version wrote of somebody's login is no visitor's session.
    if (own !== undefined && ours === undefined) return undefined
    const contents = { own: ours, data, createdAt }
    this.#known.set(record.version, contents)
    return contents
  }

  write({ own, data, createdAt }: Contents<Own>): string {
    return JSON.stringify({ own: own && this.#own.toJson(own), data, createdAt })
  }

  ownOf(session: SessionData): Own | undefined {
    return (session as unknown as Record<string, Own | undefined>)[this.#own.field]
  }

  dataOf(session: SessionData): string {
    const ours = ['cookie', this.#own.field]
    return JSON.stringify(
      Object.fromEntries(Object.entries(session).filter(([name]) => !ours.includes(name))),
    )
  }

  toSession({ own, data }: Contents<Own>): SessionData {
    // express-session makes a Cookie of what is in it.
    const cookie = { ...this.#cookie, originalMaxAge: null } as unknown as SessionData['cookie']
    return { ...(JSON.parse(data) as object), ...(own !== undefined && { [this.#own.field]: own }), cookie }
  }

  isSame(one: Own, other: Own): boolean {
    return one === other || isEqual(this.#own.toJson(one), this.#own.toJson(other))
  }

  isUnderSameKeys(one: Own, other: Own): boolean {
    return isEqual(this.#own.keysOf(one), this.#own.keysOf(other))
  }
}

const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

interface Written {
  readonly own?: unknown
  readonly data: string
  readonly createdAt: number
}

/** Nothing for a record that no version of ours has written. */
export function parse({ value }: StoredRecord): Written | undefined {
  const written = parseObject(value)
  const { own, data, createdAt } = written ?? {}
  if (typeof data !== 'string' || typeof createdAt !== 'number' || parseObject(data) === undefined)
    return undefined
  return { own, data, createdAt }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
