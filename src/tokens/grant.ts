import type { TokenSet } from './token-set.js'

/** How the first tokens are got, and others when there is no refresh token. */
export interface Grant {
  /**
   * Whether it can be asked for again: `repeatable` at any time, `once` never, `interactive` when a person has time for it.
   */
  readonly kind: 'repeatable' | 'once' | 'interactive'
  /**
   * Asks. The signal is aborted when nobody waits for it any more; `onSend` hears that it is on its way, and so cannot be
   * taken back.
   *
   * @throws `TokenError`
   */
  request(abandoned: AbortSignal, onSend: () => void): Promise<TokenSet>
}
