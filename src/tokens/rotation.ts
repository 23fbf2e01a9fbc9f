/** So many spent refresh tokens are known. */
const MEMORY = 20

/** Refresh tokens, each in place of the one before. */
export class Rotation {
  readonly #onNew: (refreshToken: string) => void
  readonly #spent: string[] = []
  #current: string | undefined

  constructor(first: string | undefined, onNew: (refreshToken: string) => void) {
    this.#current = first
    this.#onNew = onNew
  }

  get current(): string | undefined {
    return this.#current
  }

  follow(refreshToken: string | undefined): void {
    const before = this.#current
    this.#current = refreshToken
    if (refreshToken === before) return
    if (before !== undefined) this.#spent.push(before)
    if (this.#spent.length > MEMORY) this.#spent.shift()
    if (refreshToken !== undefined) this.#onNew(refreshToken)
  }

  isSpent(refreshToken: string | undefined): boolean {
    return refreshToken !== undefined && this.#spent.includes(refreshToken)
  }
}
