import type { TokenSet } from './token-set.js'

/** Who is told of new tokens. */
export interface Listener {
  readonly onTokens?: ((tokens: TokenSet) => unknown) | undefined
}

/** Listeners that belong to somebody else, and go with them. */
export class Listeners {
  readonly #all = new Set<WeakRef<Listener>>()

  add(listener: Listener): void {
    this.#all.add(new WeakRef(listener))
  }

  /** Nobody waits for them, and none can stop a token from being used. */
  tell(tokens: TokenSet): void {
    for (const reference of this.#all) {
      const listener = reference.deref()
      if (listener === undefined) this.#all.delete(reference)
      else if (listener.onTokens !== undefined) tell(listener.onTokens, tokens)
    }
  }
}

function tell(listener: (tokens: TokenSet) => unknown, tokens: TokenSet): void {
  Promise.resolve(tokens)
    .then(listener)
    .catch((error: unknown) => {
      process.emitWarning(
        `onTokens failed (${nameOf(error)}): the tokens are in use, but were not kept`,
        'LatchkeyWarning',
      )
    })
}

/** A failure's message may hold anything; its name tells enough, if it is one. */
function nameOf(error: unknown): string {
  const name: unknown = error instanceof Error ? error.name : typeof error
  return typeof name === 'string' && /^\w{1,60}$/.test(name) ? name : 'Error'
}
