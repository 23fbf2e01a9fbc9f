import { Chain, type ChainOptions } from '../../../src/tokens/chain.js'
import { TokenError, type TokenErrorCode } from '../../../src/tokens/errors.js'
import type { Grant } from '../../../src/tokens/grant.js'
import type { GrantRequest, TokenClient } from '../../../src/tokens/token-client.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'
import type { TokenStore } from '../../../src/tokens/token-store.js'

/** What becomes of one call to the token endpoint. */
export type Fate =
  'granted' | 'same' | 'refused' | 'client refused' | 'away' | 'lost' | 'odd' | 'spent for nothing'

/** Seconds. */
const LIFE = 60

/** A store as a file is one: one at a time, and it can fail. */
export class MemoryStore implements TokenStore {
  kept: TokenSet | undefined
  /** Whether nothing can be written. */
  isBroken = false
  #line: Promise<unknown> = Promise.resolve()

  read(): Promise<TokenSet | undefined> {
    return Promise.resolve(this.kept)
  }

  update(work: (kept: TokenSet | undefined) => Promise<TokenSet | undefined>): Promise<TokenSet | undefined> {
    const result = this.#line.then(async () => {
      const result = await work(this.kept)
      if (this.isBroken) throw new Error('the disk is full')
      this.kept = result
      return result
    })
    this.#line = result.catch(() => undefined)
    return result
  }
}

/** An authorization server with refresh tokens that are good for one use, on a clock that somebody else moves. */
export class World {
  now = 1_700_000_000_000
  /** What must not be, and was. */
  readonly faults: string[] = []
  /** One each call; afterwards all are granted. */
  fates: Fate[] = []
  /** Whether every refresh brings another refresh token. */
  rotates = true
  /** Whether the first grant gives one. */
  givesRefreshToken = true
  /** Milliseconds of every call, one after another. */
  delays: number[] = []
  /** Whether one whose answer was lost may be sent again: with no other way to a token, it is worth a try. */
  mayTryAgain = false
  /** Whether calls take no time. */
  isQuick = false
  readonly revoked: string[] = []
  /** What becomes of revocations. */
  revocation: 'granted' | 'away' = 'granted'
  calls = 0
  grants = 0
  readonly sent: string[] = []
  readonly #spent = new Set<string>()
  readonly #dead = new Set<string>()
  readonly #mayBeSpent = new Set<string>()
  readonly #given = new Map<string, number>()
  #count = 0
  #isCalled = false
  #pending: { readonly at: number; readonly resolve: () => void }[] = []

  /** A grant that can be asked for at any time, or once, or none. */
  grant(kind: 'repeatable' | 'once'): Grant {
    return {
      kind,
      request: () => {
        this.grants++
        return this.#call(undefined)
      },
    }
  }

  chain(options: Partial<ChainOptions> = {}, refreshToken?: string): Chain {
    const client: TokenClient = {
      clientId: 'client',
      server: 'https://id.example',
      isKeycloak: () => false,
      request: (request) => this.#call(request),
      startDevice: () => Promise.reject(new Error('not here')),
      introspect: () => Promise.reject(new Error('not here')),
      revoke: (token) => {
        if (this.revocation === 'away') return Promise.reject(FAILURES.away())
        this.#dead.add(token)
        this.revoked.push(token)
        return Promise.resolve()
      },
    }
    const given = { client, grant: undefined, store: undefined, now: () => this.now, ...options }
    return new Chain({ ...given, onRefreshToken: () => undefined }, refreshToken)
  }

  /** Whether a token was given out and is not over. */
  isCurrent(token: string): boolean {
    return (this.#given.get(token) ?? 0) > this.now
  }

  /** A new refresh token of somebody's sign-in. */
  signIn(): string {
    return `refresh-${this.#count++}`
  }

  /** Tokens of a sign-in that are over, with a refresh token. */
  expired(refreshToken: string): TokenSet {
    const times = { obtainedAt: this.now - LIFE * 1000, expiresAt: this.now }
    return { accessToken: 'access-before', tokenType: 'bearer', refreshToken, ...times }
  }

  /** Ends the sign-in elsewhere. */
  end(token: string): void {
    this.#dead.add(token)
  }

  /** Lets time go by; whatever is due then happens in its order. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds
    await settled()
    for (;;) {
      const next = this.#pending.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#pending = this.#pending.filter((waiting) => waiting !== next)
      this.now = Math.max(this.now, next.at)
      next.resolve()
      await settled()
    }
    this.now = end
    await settled()
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#pending.push({ at: this.now + milliseconds, resolve }))
  }

  async #call(request: GrantRequest | undefined): Promise<TokenSet> {
    if (this.#isCalled) this.faults.push('two calls at once')
    this.#isCalled = true
    this.calls++
    try {
      if (!this.isQuick) await this.#sleep(this.delays.shift() ?? 0)
      const fate = this.fates.shift() ?? 'granted'
      const token = request?.parameters['refresh_token']
      return token === undefined ? this.#first(fate) : this.#refresh(token, fate, request)
    } finally {
      this.#isCalled = false
    }
  }

  #first(fate: Fate): TokenSet {
    if (fate === 'refused') throw failure('grant_refused')
    if (fate !== 'granted' && fate !== 'same') throw FAILURES[fate]()
    return this.#tokens(this.givesRefreshToken ? this.signIn() : undefined)
  }

  #refresh(token: string, fate: Fate, request: GrantRequest | undefined): TokenSet {
    this.#judge(token)
    if (fate === 'refused') this.#dead.add(token)
    if (this.#dead.has(token) && !UNJUDGED.has(fate)) {
      this.#spent.add(token)
      throw FAILURES.refused()
    }
    const next = this.#next(token, fate)
    if (fate === 'spent for nothing') request?.onSpent?.(next)
    return this.#answer(next === token ? undefined : next, fate)
  }

  #next(token: string, fate: Fate): string {
    if (!this.rotates || fate === 'same' || UNJUDGED.has(fate)) return token
    this.#replace(token, fate)
    return this.signIn()
  }

  #answer(refreshToken: string | undefined, fate: Fate): TokenSet {
    if (fate !== 'granted' && fate !== 'same') throw FAILURES[fate]()
    return this.#tokens(refreshToken)
  }

  #judge(token: string): void {
    this.sent.push(token)
    if (this.#spent.has(token)) this.faults.push(`${token} was sent, and it was spent`)
    if (this.#mayBeSpent.has(token) && !this.mayTryAgain)
      this.faults.push(`${token} was sent, and it may have been spent`)
  }

  /** When the answer is lost, nobody knows of the new one, and the old one is good no more. */
  #replace(token: string, fate: Fate): void {
    const isLost = fate === 'lost' || fate === 'odd'
    if (isLost) this.#dead.add(token)
    const replaced = isLost ? this.#mayBeSpent : this.#spent
    replaced.add(token)
  }

  #tokens(refreshToken: string | undefined): TokenSet {
    const accessToken = `access-${this.#count++}`
    const expiresAt = this.now + LIFE * 1000
    this.#given.set(accessToken, expiresAt)
    return { accessToken, tokenType: 'bearer', refreshToken, obtainedAt: this.now, expiresAt }
  }
}

const failure = (code: TokenErrorCode): TokenError =>
  new TokenError(code, `the endpoint said ${code}`, { status: 400, error: 'x' })

/** The server has not looked at the refresh token. */
const UNJUDGED: ReadonlySet<Fate> = new Set(['away', 'client refused'])

const FAILURES = {
  refused: () => failure('sign_in_again'),
  away: () => failure('unavailable'),
  lost: () => failure('unavailable'),
  odd: () => failure('invalid_response'),
  'spent for nothing': () => failure('invalid_response'),
  'client refused': () => failure('client_refused'),
}

const soon = setImmediate
/** Until all that can happen without time going by has happened. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void soon(resolve))
}
