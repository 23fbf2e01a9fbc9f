import { isTimeToRenew } from '../provider/renewal-time.js'
import { TokenError } from './errors.js'
import { Flight } from './flight.js'
import type { Grant } from './grant.js'
import type { TokenClient } from './token-client.js'
import type { TokenSet } from './token-set.js'
import type { TokenStore } from './token-store.js'

/** After a renewal that failed while the token is still good, the next try waits so long, in milliseconds. */
const REST = 2000
/** A token that came in place of a refused one, and is refused so soon, is not replaced again, in milliseconds. */
const NO_HELP = 10_000

export interface ChainOptions {
  readonly client: TokenClient
  readonly grant: Grant | undefined
  readonly store: TokenStore | undefined
  readonly now: () => number
  /** Hears of every refresh token that is got. */
  readonly onRefreshToken: (refreshToken: string) => void
}

/** What is asked of a chain. */
export interface Wanted {
  readonly scope: string | undefined
  /** Seconds. */
  readonly refreshBefore: number
}

interface Held {
  readonly tokens: TokenSet
  /** An API has refused it. */
  isRefused: boolean
  /** It came in place of one that was refused. */
  readonly isReplacement: boolean
}

/**
 * The tokens that come of one sign-in, each refresh token in place of the one before. However many providers and callers
 * there are, one call is under way, and no refresh token is sent again after it was spent.
 */
export class Chain {
  readonly #options: ChainOptions
  readonly #held = new Map<string, Held>()
  readonly #flights = new Map<string, Flight<TokenSet>>()
  readonly #listeners = new Set<(tokens: TokenSet) => unknown>()
  #refreshToken: string | undefined
  /** Why there will be no more tokens. */
  #end: TokenError | undefined
  #hasGranted = false
  #restsUntil = 0
  #line: Promise<unknown> = Promise.resolve()

  constructor(options: ChainOptions, refreshToken?: string) {
    this.#options = options
    this.#refreshToken = refreshToken
  }

  listen(listener: (tokens: TokenSet) => unknown): void {
    this.#listeners.add(listener)
  }

  /** Takes an access token that is known from elsewhere, unless there is one. */
  offer(scope: string | undefined, tokens: TokenSet): void {
    if (!this.#held.has(keyOf(scope))) this.#hold(scope, tokens)
  }

  /** Tokens that are current. */
  get(wanted: Wanted, signal?: AbortSignal): Promise<TokenSet> {
    const held = this.#held.get(keyOf(wanted.scope))
    if (held !== undefined && this.#isCurrent(held, wanted)) return Promise.resolve(held.tokens)
    return this.#fly(wanted, signal)
  }

  /** Says that an API refused a token, and returns whether another one may help. */
  refuse(scope: string | undefined, accessToken: string): boolean {
    const held = this.#held.get(keyOf(scope))
    if (held?.tokens.accessToken !== accessToken) return true
    if (held.isReplacement && this.#options.now() - held.tokens.obtainedAt < NO_HELP) return false
    held.isRefused = true
    return true
  }

  /** Renews a token, although it may be good. */
  force(scope: string | undefined): void {
    const held = this.#held.get(keyOf(scope))
    if (held !== undefined) held.isRefused = true
  }

  /** Ends the sign-in at the server, and forgets it here. */
  async revoke(): Promise<void> {
    await this.#inLine(async () => {
      const { store } = this.#options
      if (store === undefined) return this.#revoke(undefined)
      const failures: unknown[] = []
      await store.update(async (kept) => {
        await this.#revoke(kept).catch((error: unknown) => failures.push(error))
        return undefined
      })
      if (failures.length > 0) throw failures[0]
    })
  }

  async #revoke(kept: TokenSet | undefined): Promise<void> {
    const refreshToken = kept?.refreshToken ?? this.#refreshToken
    const accessToken = kept?.accessToken ?? [...this.#held.values()].at(0)?.tokens.accessToken
    this.#refreshToken = undefined
    this.#held.clear()
    const { client } = this.#options
    if (refreshToken !== undefined) await client.revoke(refreshToken, 'refresh_token')
    else if (accessToken !== undefined) await client.revoke(accessToken, 'access_token')
  }

  #isCurrent({ tokens, isRefused }: Held, { refreshBefore }: Wanted): boolean {
    const life = { obtainedAt: tokens.obtainedAt, end: tokens.expiresAt }
    return !isRefused && !isTimeToRenew(life, refreshBefore, this.#options.now())
  }

  #fly(wanted: Wanted, signal: AbortSignal | undefined): Promise<TokenSet> {
    const key = keyOf(wanted.scope)
    let flight = this.#flights.get(key)
    if (flight === undefined) {
      flight = new Flight((abandoned) =>
        this.#inLine(() => this.#renew(wanted, abandoned)).finally(() => this.#flights.delete(key)),
      )
      this.#flights.set(key, flight)
    }
    return flight.join(signal)
  }

  /** One call at a time, for every scope. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#line.then(work)
    this.#line = result.catch(() => undefined)
    return result
  }

  async #renew(wanted: Wanted, abandoned: AbortSignal): Promise<TokenSet> {
    const { now } = this.#options
    const usable = (): TokenSet | undefined => {
      const held = this.#held.get(keyOf(wanted.scope))
      return held !== undefined && !held.isRefused && held.tokens.expiresAt > now() ? held.tokens : undefined
    }
    const before = usable()
    if (before !== undefined && now() < this.#restsUntil) return before
    try {
      return await this.#renewed(wanted, abandoned)
    } catch (error) {
      const still = usable()
      if (still === undefined || !(error instanceof TokenError) || !isFault(error)) throw error
      this.#restsUntil = now() + REST
      return still
    }
  }

  async #renewed(wanted: Wanted, abandoned: AbortSignal): Promise<TokenSet> {
    const { store, grant } = this.#options
    if (store === undefined) return this.#fresh(wanted.scope, abandoned)
    const kept = await store.read()
    if (kept !== undefined && this.#isNews(kept, wanted)) return this.#take(wanted.scope, kept)
    if (grant?.kind === 'interactive' && kept?.refreshToken === undefined) {
      // A person may take minutes: nobody else is made to wait for that.
      const tokens = await this.#fresh(wanted.scope, abandoned)
      await store.update(() => Promise.resolve(tokens))
      return tokens
    }
    return this.#freshAndKept(store, wanted, abandoned)
  }

  /** Another process may be faster; then its tokens are ours. */
  async #freshAndKept(store: TokenStore, wanted: Wanted, abandoned: AbortSignal): Promise<TokenSet> {
    let failure: unknown
    const result = await store.update(async (kept) => {
      if (kept !== undefined && this.#isNews(kept, wanted)) return this.#take(wanted.scope, kept)
      if (kept !== undefined) this.#take(wanted.scope, kept)
      try {
        return await this.#fresh(wanted.scope, abandoned)
      } catch (error) {
        failure = error
        return this.#refreshToken === undefined
          ? undefined
          : kept && { ...kept, refreshToken: this.#refreshToken }
      }
    })
    if (failure !== undefined) throw failure
    // Somebody has signed out meanwhile, or has newer tokens.
    if (result === undefined) throw signInAgain()
    return this.#take(wanted.scope, result)
  }

  #isNews(tokens: TokenSet, wanted: Wanted): boolean {
    const held = this.#held.get(keyOf(wanted.scope))
    if (held?.isRefused === true && held.tokens.accessToken === tokens.accessToken) return false
    return this.#isCurrent({ tokens, isRefused: false, isReplacement: false }, wanted)
  }

  /** What another process has got. */
  #take(scope: string | undefined, tokens: TokenSet): TokenSet {
    this.#refreshToken = tokens.refreshToken
    this.#end = undefined
    if (this.#held.get(keyOf(scope))?.tokens.accessToken !== tokens.accessToken) this.#hold(scope, tokens)
    return tokens
  }

  async #fresh(scope: string | undefined, abandoned: AbortSignal): Promise<TokenSet> {
    const { grant } = this.#options
    if (this.#refreshToken !== undefined) {
      const tokens = await this.#refreshed(this.#refreshToken, scope)
      if (tokens !== undefined) return tokens
    }
    if (this.#end !== undefined) throw this.#end
    if (grant === undefined || (grant.kind === 'once' && this.#hasGranted)) throw signInAgain()
    const tokens = await grant.request(abandoned)
    this.#hasGranted = true
    return this.#adopt(scope, tokens, tokens.refreshToken)
  }

  /** Nothing, when the refresh token is dead and the first grant can take its place. */
  async #refreshed(refreshToken: string, scope: string | undefined): Promise<TokenSet | undefined> {
    let next: string | undefined
    try {
      const tokens = await this.#options.client.request({
        asked: 'refresh_token',
        grantType: 'refresh_token',
        parameters: { refresh_token: refreshToken, scope },
        secret: ['refresh_token'],
        onSpent: (newer) => (next = newer),
      })
      return this.#adopt(scope, tokens, tokens.refreshToken ?? refreshToken)
    } catch (error) {
      if (next !== undefined) this.#follow(next)
      else if (error instanceof TokenError && this.#isDead(error)) return undefined
      throw error
    }
  }

  /** Lets go of a refresh token that is dead, or may be. Whether the first grant can take its place at once. */
  #isDead(error: TokenError): boolean {
    const kind = this.#options.grant?.kind
    const isDead = error.code === 'sign_in_again'
    // Whether it was spent is not known after a fault: where there is another way, it is not risked.
    if (isDead || (kind === 'repeatable' && isFault(error))) this.#refreshToken = undefined
    if (isDead && (kind === undefined || kind === 'once')) this.#end = error
    return isDead && kind === 'repeatable'
  }

  #adopt(scope: string | undefined, tokens: TokenSet, refreshToken: string | undefined): TokenSet {
    this.#follow(refreshToken)
    const adopted = { ...tokens, refreshToken }
    this.#hold(scope, adopted)
    for (const listener of this.#listeners) tell(listener, adopted)
    return adopted
  }

  #follow(refreshToken: string | undefined): void {
    this.#refreshToken = refreshToken
    if (refreshToken !== undefined) this.#options.onRefreshToken(refreshToken)
  }

  #hold(scope: string | undefined, tokens: TokenSet): void {
    const key = keyOf(scope)
    const isReplacement = this.#held.get(key)?.isRefused === true
    this.#held.set(key, { tokens, isRefused: false, isReplacement })
  }
}

const keyOf = (scope = ''): string => [...new Set(scope.split(' '))].sort().join(' ')

/** Nobody said no: it may work another time. */
const isFault = ({ code }: TokenError): boolean => code === 'unavailable' || code === 'invalid_response'

function signInAgain(): TokenError {
  return new TokenError(
    'sign_in_again',
    'sign in again: there is no refresh token, and no other way to a token',
    {
      status: 401,
      error: 'invalid_grant',
    },
  )
}

/** Nobody waits for a listener, and none can stop a token from being used. */
function tell(listener: (tokens: TokenSet) => unknown, tokens: TokenSet): void {
  Promise.resolve(tokens)
    .then(listener)
    .catch((error: unknown) => {
      // Its message may hold anything; its name tells enough.
      const name = error instanceof Error ? error.name : typeof error
      process.emitWarning(
        `onTokens failed (${name}): the tokens are in use, but were not kept`,
        'LatchkeyWarning',
      )
    })
}
