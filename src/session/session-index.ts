/** Which sessions belong to a key: the sign-on session of the provider, or a person. */
export class SessionIndex {
  readonly #sessions = new Map<string, Set<string>>()

  add(sessionId: string, keys: readonly string[]): void {
    for (const key of keys) this.#sessions.set(key, (this.#sessions.get(key) ?? new Set()).add(sessionId))
  }

  remove(sessionId: string, keys: readonly string[]): void {
    for (const key of keys) {
      const sessions = this.#sessions.get(key)
      sessions?.delete(sessionId)
      if (sessions?.size === 0) this.#sessions.delete(key)
    }
  }

  find(key: string): readonly string[] {
    return [...(this.#sessions.get(key) ?? [])]
  }

  get size(): number {
    return this.#sessions.size
  }
}
