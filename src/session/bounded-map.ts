interface Entry<V> {
  value: V
  bytes: number
  expiresAt: number
}

export interface BoundedMapOptions {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly now?: () => number
}

/** Expired entries that nobody asks for are dropped at most this often. */
const SWEEP_INTERVAL = 30_000

/** A map that cannot grow without bound: entries expire, and the one written longest ago goes when there is no room. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, Entry<V>>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #now: () => number
  #bytes = 0
  #sweptAt: number

  constructor({ maxEntries, maxBytes, now = Date.now }: BoundedMapOptions) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#now = now
    this.#sweptAt = now()
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): V | undefined {
    return this.#live(key)?.value
  }

  expiresAt(key: string): number | undefined {
    return this.#live(key)?.expiresAt
  }

  /** `bytes` is the caller's estimate of what the value holds; `expiresAt` is in milliseconds. */
  set(key: string, value: V, bytes: number, expiresAt: number): void {
    this.delete(key)
    this.#sweep()
    this.#entries.set(key, { value, bytes, expiresAt })
    this.#bytes += bytes
    this.#makeRoom()
  }

  /** Gives an entry another end of life and the youngest place. */
  touch(key: string, expiresAt: number): void {
    const entry = this.#live(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#entries.set(key, { ...entry, expiresAt })
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#bytes -= entry.bytes
    this.#entries.delete(key)
    return true
  }

  #live(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt > this.#now()) return entry
    this.delete(key)
    return undefined
  }

  #makeRoom(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
      this.delete(key)
    }
  }

  #sweep(): void {
    const now = this.#now()
    if (now - this.#sweptAt < SWEEP_INTERVAL) return
    this.#sweptAt = now
    for (const [key, entry] of this.#entries) if (entry.expiresAt <= now) this.delete(key)
  }
}
