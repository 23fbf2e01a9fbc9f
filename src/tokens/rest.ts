import type { TokenError } from './errors.js'

/** How long the next try waits, in milliseconds. */
const LENGTH = 2000

/** A pause after a renewal that failed while the token is still good. */
export class Rest {
  readonly #now: () => number
  #until = 0
  #fault: TokenError | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  begin(fault: TokenError): void {
    this.#until = this.#now() + LENGTH
    this.#fault = fault
  }

  end(): void {
    this.#fault = undefined
  }

  /** Why it rests; nothing when it does not. A clock that was set back ends it, too. */
  get fault(): TokenError | undefined {
    const left = this.#until - this.#now()
    return left > 0 && left <= LENGTH ? this.#fault : undefined
  }
}
