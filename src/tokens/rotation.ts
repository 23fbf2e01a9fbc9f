/** So many spent refresh tokens are known. */
const MEMORY = 20

/** Refresh tokens, each in place of the one before. */
export class Rotation {
  readonly #onNew: (refreshToken: string) => void
  #spent: readonly string[] = []
  #current: string | undefined
  /** Given at the beginning, and sent to nobody so far. */
  #spare: string | undefined
  /** Perhaps spent, perhaps not: it is redeemed no more, and is still the one to revoke. */
  #doubtful: string | undefined

  constructor(first: string | undefined, onNew: (refreshToken: string) => void) {
    this.#current = first
    this.#spare = first
    this.#onNew = onNew
  }

  get current(): string | undefined {
    return this.#current
  }

  /** The one that stands for the sign-in, be it fit to be redeemed or not. */
  get last(): string | undefined {
    return this.#current ?? this.#doubtful
  }

  follow(refreshToken: string | undefined): void {
    const before = this.#current
    this.#current = refreshToken
    if (refreshToken === before) return
    this.#doubtful = undefined
    const spent = before === undefined ? this.#spent : [...this.#spent, before]
    this.#spent = spent.filter((token) => token !== refreshToken).slice(-MEMORY)
    if (refreshToken !== undefined) this.#onNew(refreshToken)
  }

  /** Takes the current one for redeeming. */
  redeem(): string | undefined {
    if (this.#current === this.#spare) this.#spare = undefined
    return this.#current
  }

  /** The current one is dead: in its place comes the one of the beginning, if nobody has tried it. */
  die(): void {
    const spare = this.#spare
    this.#spare = undefined
    this.#doubtful = undefined
    this.follow(spare)
  }

  /** One is redeemed no more, the current one usually: whether it is spent, or revoked, is not known. */
  doubt(refreshToken = this.#current): void {
    this.follow(undefined)
    this.#doubtful = refreshToken
  }

  /** Nothing is left of the sign-in. */
  forget(): void {
    this.#spare = undefined
    this.#doubtful = undefined
    this.follow(undefined)
  }

  isSpent(refreshToken: string | undefined): boolean {
    return refreshToken !== undefined && this.#spent.includes(refreshToken)
  }
}
