import { isTimeToRenew } from '../provider/renewal-time.js'
import type { TokenSet } from './token-set.js'

/** A token that came in place of a refused one, and is refused so soon, is not replaced again, in milliseconds. */
const NO_HELP = 10_000
/** A clock that was set back by more than this makes the times of a token worthless, in milliseconds. */
const SET_BACK = 10_000

/** What is asked for. */
export interface Wanted {
  readonly scope: string | undefined
  /** Seconds. */
  readonly refreshBefore: number
}

interface Held {
  readonly tokens: TokenSet
  /** Why it is not used any more: an API has refused it, or somebody wants another. */
  refused: 'by an API' | 'for another' | undefined
  /** It came in place of one that an API refused, and no API has taken it yet. */
  isReplacement: boolean
}

/** The tokens of one sign-in that are known, one set for each scope. */
export class HeldTokens {
  readonly #now: () => number
  readonly #held = new Map<string, Held>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether there are any for a scope, good or not. */
  has(scope: string | undefined): boolean {
    return this.#held.has(keyOf(scope))
  }

  /** Those of any scope. */
  get any(): TokenSet | undefined {
    return [...this.#held.values()].at(0)?.tokens
  }

  /** Those that are not due. */
  current(wanted: Wanted): TokenSet | undefined {
    const held = this.#held.get(keyOf(wanted.scope))
    return isTaken(held) && this.#isFresh(held.tokens, wanted) ? held.tokens : undefined
  }

  /** Those that are not over, although they may be due. */
  usable({ scope }: Wanted): TokenSet | undefined {
    const held = this.#held.get(keyOf(scope))
    return isTaken(held) && this.#lasts(held.tokens) ? held.tokens : undefined
  }

  /** Whether tokens from elsewhere are of use: they are not due, and not the ones that were refused. */
  isNews(tokens: TokenSet, wanted: Wanted): boolean {
    const held = this.#held.get(keyOf(wanted.scope))
    if (held?.refused !== undefined && held.tokens.accessToken === tokens.accessToken) return false
    return this.#isFresh(tokens, wanted)
  }

  hold(scope: string | undefined, tokens: TokenSet): void {
    const isReplacement = this.#held.get(keyOf(scope))?.refused === 'by an API'
    this.#held.set(keyOf(scope), { tokens, refused: undefined, isReplacement })
  }

  /** Holds what somebody else has got, if it is not what is held already. */
  take(scope: string | undefined, tokens: TokenSet): void {
    if (this.#held.get(keyOf(scope))?.tokens.accessToken !== tokens.accessToken) this.hold(scope, tokens)
  }

  /** Says that an API refused a token, and returns whether another one may help. */
  refuse(scope: string | undefined, accessToken: string): boolean {
    const held = this.#held.get(keyOf(scope))
    if (held?.tokens.accessToken !== accessToken) return true
    if (held.isReplacement && this.#now() - held.tokens.obtainedAt < NO_HELP) return false
    held.refused = 'by an API'
    return true
  }

  /** Says that an API took a token. */
  accept(scope: string | undefined, accessToken: string): void {
    const held = this.#held.get(keyOf(scope))
    if (held?.tokens.accessToken === accessToken) held.isReplacement = false
  }

  /** The next one is to be another, although this one may be good. */
  refuseAny(scope: string | undefined): void {
    const held = this.#held.get(keyOf(scope))
    if (held !== undefined) held.refused = 'for another'
  }

  /**
   * Takes a refused token back, as no other can be had: one API's word does not make it useless for all. Returns whether
   * there is one that is not over.
   */
  restore({ scope }: Wanted): boolean {
    const held = this.#held.get(keyOf(scope))
    if (held === undefined || !this.#lasts(held.tokens)) return false
    held.refused = undefined
    return true
  }

  /** The same, whatever the scope. */
  refuseAll(): void {
    for (const held of this.#held.values()) held.refused = 'for another'
  }

  clear(): void {
    this.#held.clear()
  }

  #lasts({ expiresAt }: TokenSet): boolean {
    return expiresAt > this.#now()
  }

  #isFresh({ obtainedAt, expiresAt: end }: TokenSet, { refreshBefore }: Wanted): boolean {
    const now = this.#now()
    return obtainedAt - now <= SET_BACK && !isTimeToRenew({ obtainedAt, end }, refreshBefore, now)
  }
}

const isTaken = (held: Held | undefined): held is Held => held !== undefined && held.refused === undefined

/** Words in any order are the same scope. */
export const keyOf = (scope = ''): string => [...new Set(scope.split(' '))].sort().join(' ')
