import { isFault, isTrouble, signInAgain, TokenError } from './errors.js'
import { Flight } from './flight.js'
import type { Grant } from './grant.js'
import { HeldTokens, keyOf, type Wanted } from './held-tokens.js'
import { Listeners, type Listener } from './listeners.js'
import { Rest } from './rest.js'
import { Rotation } from './rotation.js'
import type { TokenClient } from './token-client.js'
import type { TokenSet } from './token-set.js'
import type { TokenStore } from './token-store.js'

export interface ChainOptions {
  readonly client: TokenClient
  readonly grant: Grant | undefined
  readonly store: TokenStore | undefined
  readonly now: () => number
  /** Hears of every refresh token that is got. */
  readonly onRefreshToken: (refreshToken: string) => void
}

/**
 * The tokens that come of one sign-in, each refresh token in place of the one before. However many providers and callers
 * there are, one call is under way, and no refresh token is sent again after it was spent.
 */
export class Chain {
  #options: ChainOptions
  readonly #held: HeldTokens
  readonly #rest: Rest
  readonly #flights = new Map<string, Flight<TokenSet>>()
  readonly #listeners = new Listeners()
  readonly #rotation: Rotation
  /** In the store when it was last seen. */
  #stored: string | undefined
  /** Why there will be no more tokens. */
  #end: TokenError | undefined
  #hasGranted = false
  #line: Promise<unknown> = Promise.resolve()

  constructor(options: ChainOptions, refreshToken?: string) {
    this.#options = options
    this.#held = new HeldTokens(options.now)
    this.#rest = new Rest(options.now)
    this.#rotation = new Rotation(refreshToken, options.onRefreshToken)
  }

  /** `listener` is told of new tokens as long as somebody else holds it. */
  listen(listener: Listener): void {
    this.#listeners.add(listener)
  }

  /** Another provider with the same refresh token: its way to the server is the newer one, its store serves if there is none. */
  join({ client, store }: Pick<ChainOptions, 'client' | 'store'>): void {
    const isFirstStore = this.#options.store === undefined && store !== undefined
    this.#options = { ...this.#options, client, store: this.#options.store ?? store }
    if (isFirstStore) this.#held.refuseAll()
  }

  /** Takes an access token that is known from elsewhere, unless there is one. */
  offer(scope: string | undefined, tokens: TokenSet): void {
    if (!this.#held.has(scope)) this.#held.hold(scope, tokens)
  }

  /** Tokens that are current. */
  async get(wanted: Wanted, signal?: AbortSignal): Promise<TokenSet> {
    const current = this.#held.current(wanted)
    if (current !== undefined) return current
    try {
      return await this.#fly(wanted, signal)
    } catch (error) {
      // What was under way may have been for somebody who wants another one.
      const still = error instanceof TokenError && isFault(error) ? this.#held.usable(wanted) : undefined
      if (still === undefined) throw error
      return still
    }
  }

  /** Others than those that are known, although these may be good: the server is asked, whatever it said a moment ago. */
  renew(wanted: Wanted, signal?: AbortSignal): Promise<TokenSet> {
    this.#rest.end()
    return this.#fly(wanted, signal, this.#held.of(wanted.scope)?.accessToken)
  }

  /** Says that an API, named by its origin, refused a token, and returns whether another one may help. */
  refuse(scope: string | undefined, accessToken: string, api: string): boolean {
    return this.#held.refuse(scope, accessToken, api)
  }

  /** Says that an API took a token. */
  accept(api: string): void {
    this.#held.accept(api)
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
    const isNewest = kept !== undefined && !this.#isOld(kept)
    const refreshToken = (isNewest ? kept.refreshToken : undefined) ?? this.#rotation.current
    const accessToken = kept?.accessToken ?? this.#held.any?.accessToken
    this.#forget()
    const { client } = this.#options
    if (refreshToken !== undefined) await client.revoke(refreshToken, 'refresh_token')
    else if (accessToken !== undefined) await client.revoke(accessToken, 'access_token')
  }

  #fly(wanted: Wanted, signal: AbortSignal | undefined, but?: string): Promise<TokenSet> {
    const key = keyOf(wanted.scope)
    const known = this.#flights.get(key)
    // One that was abandoned ends as it likes: who comes now is served after it.
    if (known?.isAbandoned === false) return known.join(signal)
    const flight = new Flight((abandoned) =>
      this.#inLine(() => this.#renew(wanted, abandoned, but)).finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
      }),
    )
    this.#flights.set(key, flight)
    return flight.join(signal)
  }

  /** One call at a time, for every scope. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#line.then(work)
    this.#line = result.catch(() => undefined)
    return result
  }

  /** `but` is an access token that is no answer. */
  async #renew(wanted: Wanted, abandoned: AbortSignal, but?: string): Promise<TokenSet> {
    abandoned.throwIfAborted()
    const { fault } = this.#rest
    if (fault !== undefined && but === undefined) {
      const before = this.#held.usable(wanted)
      if (before !== undefined) return before
      if (this.#held.restore(wanted)) throw fault
    }
    try {
      return await this.#renewed(wanted, abandoned, but)
    } catch (error) {
      if (isTrouble(error)) return this.#makeDo(wanted, error, but)
      if (but !== undefined && error instanceof TokenError) this.#held.refuseAll()
      throw error
    }
  }

  /** With what there is, when no other can be had. Who wants another one hears that there is none. */
  #makeDo(wanted: Wanted, fault: TokenError, but: string | undefined): TokenSet {
    const still = this.#held.usable(wanted)
    if (still === undefined && !this.#held.restore(wanted)) throw fault
    this.#rest.begin(fault)
    if (still === undefined || still.accessToken === but) throw fault
    return still
  }

  async #renewed(wanted: Wanted, abandoned: AbortSignal, but?: string): Promise<TokenSet> {
    const { store, grant } = this.#options
    const current = this.#held.current(wanted)
    // Somebody before us in the line has got it.
    if (current !== undefined && current.accessToken !== but) return current
    if (store === undefined) return this.#fresh(wanted.scope, abandoned)
    const kept = await store.read()
    const news = this.#seen(kept, wanted, but)
    if (news !== undefined) return news
    if (grant?.kind === 'interactive' && kept?.refreshToken === undefined) {
      // A person may take minutes: nobody else is made to wait for that.
      const tokens = await this.#fresh(wanted.scope, abandoned)
      await store.update(() => Promise.resolve({ ...tokens }))
      this.#stored = tokens.refreshToken
      return tokens
    }
    return this.#freshAndKept(store, wanted, abandoned, but)
  }

  /** Another process may be faster; then its tokens are ours. */
  async #freshAndKept(
    store: TokenStore,
    wanted: Wanted,
    abandoned: AbortSignal,
    but: string | undefined,
  ): Promise<TokenSet> {
    const failures: unknown[] = []
    const result = await store.update(async (kept) => {
      const news = this.#seen(kept, wanted, but)
      if (news !== undefined) return news
      try {
        return { ...(await this.#fresh(wanted.scope, abandoned)) }
      } catch (error) {
        failures.push(error)
        return this.#left(kept, error)
      }
    })
    this.#stored = result?.refreshToken
    if (failures.length > 0) throw failures[0]
    if (result !== undefined) return this.#take(wanted.scope, result)
    // Somebody has signed out meanwhile.
    this.#forget()
    throw signInAgain()
  }

  /** Another process removes a refresh token that is dead, or revoked: ours is none any more when it was that. */
  #missIn(kept: TokenSet | undefined): void {
    if (kept === undefined && this.#rotation.current === this.#stored) this.#rotation.follow(undefined)
  }

  /** What a failure leaves of the tokens that are kept: nothing, when they are dead. */
  #left(kept: TokenSet | undefined, error: unknown): TokenSet | undefined {
    const refreshToken = this.#rotation.current
    const isOver = refreshToken === undefined && !isTrouble(error)
    return kept === undefined || isOver ? undefined : { ...kept, refreshToken }
  }

  /** Tokens that were kept, and are older than ours: what came in their place could not be stored. */
  #isOld({ refreshToken }: TokenSet): boolean {
    return this.#rotation.isSpent(refreshToken)
  }

  #forget(): void {
    this.#rotation.follow(undefined)
    this.#held.clear()
  }

  /** What is kept is ours from then on. Returned if it serves; else it may be due, and serves when no other can be had. */
  #seen(kept: TokenSet | undefined, wanted: Wanted, but: string | undefined): TokenSet | undefined {
    this.#missIn(kept)
    if (kept === undefined) return undefined
    this.#take(wanted.scope, kept)
    const isNews = kept.accessToken !== but && !this.#isOld(kept) && this.#held.isNews(kept, wanted)
    return isNews ? kept : undefined
  }

  /** What another process has got. */
  #take(scope: string | undefined, tokens: TokenSet): TokenSet {
    if (this.#isOld(tokens)) return tokens
    this.#stored = tokens.refreshToken
    this.#rotation.follow(tokens.refreshToken)
    this.#end = undefined
    this.#held.take(scope, tokens)
    return tokens
  }

  async #fresh(scope: string | undefined, abandoned: AbortSignal): Promise<TokenSet> {
    const { grant } = this.#options
    if (this.#rotation.current !== undefined) {
      const tokens = await this.#refreshed(this.#rotation.current, scope)
      if (tokens !== undefined) return tokens
    }
    if (this.#end !== undefined) throw this.#end
    if (grant === undefined || (grant.kind === 'once' && this.#hasGranted)) throw signInAgain()
    const tokens = await grant.request(abandoned, () => (this.#hasGranted = true))
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
      if (next !== undefined) this.#rotation.follow(next)
      else if (error instanceof TokenError && this.#isDead(error)) return undefined
      throw error
    }
  }

  /** Lets go of a refresh token that is dead, or may be. Whether the first grant can take its place at once. */
  #isDead(error: TokenError): boolean {
    const kind = this.#options.grant?.kind
    const isDead = error.code === 'sign_in_again'
    // Whether it was spent is not known after a fault: where there is another way, it is not risked.
    if (isDead || (kind === 'repeatable' && isFault(error))) this.#rotation.follow(undefined)
    if (isDead && (kind === undefined || kind === 'once')) this.#end = error
    return isDead && kind === 'repeatable'
  }

  #adopt(scope: string | undefined, tokens: TokenSet, refreshToken: string | undefined): TokenSet {
    this.#rotation.follow(refreshToken)
    // It goes to everybody who asks, and to listeners.
    const adopted = Object.freeze({ ...tokens, refreshToken })
    this.#held.hold(scope, adopted)
    this.#listeners.tell(adopted)
    return adopted
  }
}
