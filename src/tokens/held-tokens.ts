import { isTimeToRenew } from '../provider/renewal-time.js'
import type { TokenSet } from './token-set.js'

/** So often in a row an API may refuse a token and get another one at once: one that takes none would cost one each time. */
const MOST_REFUSALS = 4
/** After that, a token is replaced when it was got so long ago, in milliseconds. */
const NO_HELP = 10_000
/** So many APIs that refuse are known. */
const MOST_APIS = 100
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
  isRefused: boolean
}

/** The tokens of one sign-in that are known, one set for each scope. */
export class HeldTokens {
  readonly #now: () => number
  readonly #held = new Map<string, Held>()
  /** How often in a row an API has refused what it was shown. */
  readonly #refusals = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether there are any for a scope, good or not. */
  has(scope: string | undefined): boolean {
    return this.#held.has(keyOf(scope))
  }

  /** Those of one scope, good or not. */
  of(scope: string | undefined): TokenSet | undefined {
    return this.#held.get(keyOf(scope))?.tokens
  }

  /** Those of any scope. */
  get any(): TokenSet | undefined {
    return [...this.#held.values()].at(0)?.tokens
  }

  /** Those that are not due. */
  current(wanted: Wanted): TokenSet | undefined {
    const held = this.#held.get(keyOf(wanted.scope))
    return held?.isRefused === false && this.#isFresh(held.tokens, wanted) ? held.tokens : undefined
  }

  /** Whether tokens from elsewhere are of use: they are not due, and not the ones that were refused. */
  isNews(tokens: TokenSet, wanted: Wanted): boolean {
    const held = this.#held.get(keyOf(wanted.scope))
    if (held?.isRefused === true && held.tokens.accessToken === tokens.accessToken) return false
    return this.#isFresh(tokens, wanted)
  }

  hold(scope: string | undefined, tokens: TokenSet): void {
    this.#held.set(keyOf(scope), { tokens, isRefused: false })
  }

  /** Holds what somebody else has got, if it is not what is held already. */
  take(scope: string | undefined, tokens: TokenSet): void {
    if (this.#held.get(keyOf(scope))?.tokens.accessToken !== tokens.accessToken) this.hold(scope, tokens)
  }

  /** Says that an API, named by its origin, refused a token, and returns whether another one may help. */
  refuse(scope: string | undefined, accessToken: string, api: string): boolean {
    const held = this.#held.get(keyOf(scope))
    // Another one is there, or on its way.
    if (held?.tokens.accessToken !== accessToken || held.isRefused) return true
    const before = this.#refusalsOf(api)
    if (before >= MOST_REFUSALS && this.#now() - held.tokens.obtainedAt < NO_HELP) return false
    this.#count(api, before + 1)
    held.isRefused = true
    return true
  }

  /** Says that an API took a token. */
  accept(api: string): void {
    this.#refusals.delete(api)
  }

  /** Whether there are any that are not over, although they may be due, or refused. */
  lasts({ scope }: Wanted): boolean {
    const held = this.#held.get(keyOf(scope))
    return held !== undefined && held.tokens.expiresAt > this.#now()
  }

  /** Those that last. A refused one is taken back, as no other can be had: one API's word does not make it useless for all. */
  restore(wanted: Wanted): { readonly tokens: TokenSet; readonly wasRefused: boolean } | undefined {
    const held = this.#held.get(keyOf(wanted.scope))
    if (held === undefined || !this.lasts(wanted)) return undefined
    const { tokens, isRefused: wasRefused } = held
    held.isRefused = false
    return { tokens, wasRefused }
  }

  /** The next ones are to be others, although these may be good. */
  refuseAll(): void {
    for (const held of this.#held.values()) held.isRefused = true
  }

  clear(): void {
    this.#held.clear()
  }

  /** When so many refuse, one more is no surprise. */
  #refusalsOf(api: string): number {
    return this.#refusals.get(api) ?? (this.#refusals.size < MOST_APIS ? 0 : MOST_REFUSALS)
  }

  #count(api: string, refusals: number): void {
    if (this.#refusals.has(api) || this.#refusals.size < MOST_APIS) this.#refusals.set(api, refusals)
  }

  #isFresh({ obtainedAt, expiresAt: end }: TokenSet, { refreshBefore }: Wanted): boolean {
    const now = this.#now()
    return obtainedAt - now <= SET_BACK && !isTimeToRenew({ obtainedAt, end }, refreshBefore, now)
  }
}

/** Words in any order are the same scope. */
export const keyOf = (scope = ''): string => [...new Set(scope.split(' '))].sort().join(' ')
