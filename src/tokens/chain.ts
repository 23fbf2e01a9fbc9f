import { isFault, isTrouble, signInAgain, TokenError } from './errors.js'
import { Flight } from './flight.js'
import type { Grant } from './grant.js'
import { HeldTokens, keyOf, type Wanted } from './held-tokens.js'
import { Listeners, type Listener } from './listeners.js'
import { Rest } from './rest.js'
import { Rotation } from './rotation.js'
import { SignIn } from './sign-in.js'
import type { TokenClient } from './token-client.js'
import type { TokenSet } from './token-set.js'
import type { TokenStore } from './token-store.js'

export interface ChainOptions {
  readonly client: TokenClient
  readonly grant: Grant | undefined
  readonly store: TokenStore | undefined
  /** What the grant asks for, and what the tokens in the store are for. */
  readonly scope?: string | undefined
  readonly now: () => number
  /** Hears of every refresh token that is got. */
  readonly onRefreshToken: (refreshToken: string) => void
}

/**
 * The tokens that come of one sign-in, each refresh token in place of the one before. However many providers and callers
 * there are, one call is under way, and no refresh token is sent again after it was spent.
 */
export class Chain {
  readonly #signIn: SignIn
  readonly #grant: Grant | undefined
  #store: TokenStore | undefined
  /** What the tokens in the store are for. */
  #scope: string | undefined
  readonly #held: HeldTokens
  readonly #rest: Rest
  readonly #flights = new Map<string, Flight<TokenSet>>()
  readonly #listeners = new Listeners()
  readonly #rotation: Rotation
  /** In the store when it was last seen. */
  #stored: string | undefined
  #line: Promise<unknown> = Promise.resolve()

  constructor({ client, grant, store, scope, now, onRefreshToken }: ChainOptions, refreshToken?: string) {
    this.#rotation = new Rotation(refreshToken, onRefreshToken)
    this.#signIn = new SignIn({ client, grant, scope, rotation: this.#rotation })
    this.#grant = grant
    this.#store = store
    this.#scope = scope
    this.#held = new HeldTokens(now)
    this.#rest = new Rest(now)
  }

  /** `listener` is told of new tokens as long as somebody else holds it. */
  listen(listener: Listener): void {
    this.#listeners.add(listener)
  }

  /** Another provider with the same refresh token: its way to the server is the newer one, its store serves if there is none. */
  join({ client, store, scope }: Pick<ChainOptions, 'client' | 'store' | 'scope'>): void {
    this.#signIn.client = client
    if (this.#store !== undefined || store === undefined) return
    this.#store = store
    this.#scope = scope
    this.#held.refuseAll()
  }

  /** Takes an access token that is known from elsewhere, unless there is one. */
  offer(scope: string | undefined, tokens: TokenSet): void {
    if (!this.#held.has(scope)) this.#held.hold(scope, tokens)
  }

  /** Tokens that are current. */
  async get(wanted: Wanted, signal?: AbortSignal): Promise<TokenSet> {
    return this.#held.current(wanted) ?? this.#fly(wanted, signal)
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
      const store = this.#store
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
    const refreshToken = (isNewest ? kept.refreshToken : undefined) ?? this.#rotation.last
    const accessToken = kept?.accessToken ?? this.#held.any?.accessToken
    this.#forget()
    const { client } = this.#signIn
    if (refreshToken === undefined) {
      if (accessToken !== undefined) await client.revoke(accessToken, 'access_token')
      return
    }
    try {
      await client.revoke(refreshToken, 'refresh_token')
    } catch (error) {
      // Who tries again means the same one.
      this.#rotation.doubt(refreshToken)
      throw error
    }
  }

  #fly(wanted: Wanted, signal: AbortSignal | undefined, but?: string): Promise<TokenSet> {
    // Who wants another one is not content with what serves everybody else.
    const key = [keyOf(wanted.scope), but].join('\n')
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
    const before = but === undefined ? this.#makeDo(wanted, this.#rest.fault) : undefined
    if (before !== undefined) return before
    try {
      return await this.#renewed(wanted, abandoned, but)
    } catch (error) {
      if (isTrouble(error)) {
        if (this.#held.lasts(wanted)) this.#rest.begin(error)
        const still = this.#makeDo(wanted, error)
        // Who wants another one hears that there is none.
        if (still !== undefined && still.accessToken !== but) return still
      } else if (but !== undefined && error instanceof TokenError) this.#held.refuseAll()
      throw error
    }
  }

  /** With what lasts, when no other can be had. */
  #makeDo(wanted: Wanted, fault: TokenError | undefined): TokenSet | undefined {
    if (fault === undefined) return undefined
    const { tokens, wasRefused } = this.#held.restore(wanted) ?? {}
    // One that an API refused serves as long as nobody knows better.
    if (wasRefused === true && !isFault(fault)) throw fault
    return tokens
  }

  async #renewed(wanted: Wanted, abandoned: AbortSignal, but?: string): Promise<TokenSet> {
    const store = this.#store
    const current = this.#held.current(wanted)
    // Somebody before us in the line has got it.
    if (current !== undefined && current.accessToken !== but) return current
    if (store === undefined) return this.#fresh(wanted.scope, abandoned)
    const kept = await store.read()
    const news = this.#seen(kept, wanted, but)
    if (news !== undefined) return news
    if (
      this.#grant?.kind === 'interactive' &&
      this.#isOfStore(wanted) &&
      this.#rotation.current === undefined
    ) {
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
    let fresh: TokenSet | undefined
    const result = await store.update(async (kept) => {
      const news = this.#seen(kept, wanted, but)
      if (news !== undefined) return news
      try {
        fresh = await this.#fresh(wanted.scope, abandoned)
        return this.#toKeep(kept, wanted, fresh)
      } catch (error) {
        failures.push(error)
        return this.#left(kept, error)
      }
    })
    this.#stored = result?.refreshToken
    if (failures.length > 0) throw failures[0]
    if (result !== undefined) {
      const taken = this.#take(result)
      return this.#isOfStore(wanted) ? taken : (fresh ?? taken)
    }
    // Somebody has signed out meanwhile.
    this.#forget()
    throw signInAgain()
  }

  /** Another process removes a refresh token that is dead, or revoked: ours is none any more when it was that. */
  #missIn(kept: TokenSet | undefined): void {
    if (kept === undefined && this.#rotation.current === this.#stored) this.#rotation.follow(undefined)
  }

  #isOfStore({ scope }: Wanted): boolean {
    return keyOf(scope) === keyOf(this.#scope)
  }

  /** Of tokens for another scope than its own the store gets the refresh token, which is all scopes' own. */
  #toKeep(kept: TokenSet | undefined, wanted: Wanted, fresh: TokenSet): TokenSet {
    if (this.#isOfStore(wanted)) return { ...fresh }
    return { ...(kept ?? { ...fresh, expiresAt: fresh.obtainedAt }), refreshToken: fresh.refreshToken }
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
    this.#rotation.forget()
    this.#held.clear()
  }

  /** What is kept is ours from then on. Returned if it serves; else it may be due, and serves when no other can be had. */
  #seen(kept: TokenSet | undefined, wanted: Wanted, but: string | undefined): TokenSet | undefined {
    this.#missIn(kept)
    if (kept === undefined) return undefined
    this.#take(kept)
    const isNews =
      this.#isOfStore(wanted) &&
      kept.accessToken !== but &&
      !this.#isOld(kept) &&
      this.#held.isNews(kept, wanted)
    return isNews ? kept : undefined
  }

  /** What another process has got. */
  #take(tokens: TokenSet): TokenSet {
    if (this.#isOld(tokens)) return tokens
    this.#stored = tokens.refreshToken
    this.#rotation.follow(tokens.refreshToken)
    this.#held.take(this.#scope, tokens)
    return tokens
  }

  async #fresh(scope: string | undefined, abandoned: AbortSignal): Promise<TokenSet> {
    const tokens = await this.#signIn.fresh(scope, abandoned)
    this.#held.hold(scope, tokens)
    this.#listeners.tell(tokens)
    return tokens
  }
}
