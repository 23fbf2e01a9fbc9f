import type { TokenSet } from './token-set.js'

/** Tells a listener of new tokens. Nobody waits for it, and it cannot stop a token from being used. */
export function tell(listener: (tokens: TokenSet) => unknown, tokens: TokenSet): void {
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
