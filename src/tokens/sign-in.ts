import { isFault, signInAgain, TokenError } from './errors.js'
import type { Grant } from './grant.js'
import { keyOf } from './held-tokens.js'
import type { Rotation } from './rotation.js'
import type { TokenClient } from './token-client.js'
import type { TokenSet } from './token-set.js'

export interface SignInOptions {
  readonly client: TokenClient
  readonly grant: Grant | undefined
  /** What the grant asks for. */
  readonly scope: string | undefined
  readonly rotation: Rotation
}

/** The way to new tokens of one sign-in: its refresh token, else its first grant. Nobody asks it while somebody does. */
export class SignIn {
  /** The newest way to the server. */
  client: TokenClient
  readonly #grant: Grant | undefined
  readonly #scope: string
  readonly #rotation: Rotation
  /** Why there will be no more tokens. */
  #end: TokenError | undefined
  #hasGranted = false

  constructor({ client, grant, scope, rotation }: SignInOptions) {
    this.client = client
    this.#grant = grant
    this.#scope = keyOf(scope)
    this.#rotation = rotation
  }

  /** New tokens, with the refresh token that is the current one from then on. */
  async fresh(scope: string | undefined, abandoned: AbortSignal): Promise<TokenSet> {
    for (let token = this.#rotation.redeem(); token !== undefined; token = this.#rotation.redeem()) {
      const tokens = await this.#refreshed(token, scope)
      if (tokens !== undefined) return tokens
    }
    if (this.#end !== undefined) throw this.#end
    const grant = keyOf(scope) === this.#scope ? this.#grant : undefined
    if (grant === undefined || (grant.kind === 'once' && this.#hasGranted)) throw signInAgain()
    const tokens = await grant.request(abandoned, () => (this.#hasGranted = true))
    return this.#adopt(tokens, tokens.refreshToken)
  }

  /** Nothing, when the refresh token is dead and something else can take its place. */
  async #refreshed(refreshToken: string, scope: string | undefined): Promise<TokenSet | undefined> {
    let next: string | undefined
    try {
      const tokens = await this.client.request({
        asked: 'refresh_token',
        grantType: 'refresh_token',
        parameters: { refresh_token: refreshToken, scope },
        secret: ['refresh_token'],
        onSpent: (newer) => (next = newer),
      })
      return this.#adopt(tokens, tokens.refreshToken ?? refreshToken)
    } catch (error) {
      if (next !== undefined) this.#rotation.follow(next)
      else if (error instanceof TokenError && this.#goesOnAfter(error)) return undefined
      throw error
    }
  }

  /** Lets go of a refresh token that is dead, or may be. Whether something else can take its place at once. */
  #goesOnAfter(error: TokenError): boolean {
    const kind = this.#grant?.kind
    if (error.code !== 'sign_in_again') {
      // Whether it was spent is not known after a fault: where there is another way, it is not risked.
      if (kind === 'repeatable' && isFault(error)) this.#rotation.doubt()
      return false
    }
    this.#rotation.die()
    if (this.#rotation.current !== undefined) return true
    const canGrant = kind === 'repeatable' || (kind === 'once' && !this.#hasGranted)
    if (!canGrant && kind !== 'interactive') this.#end = error
    return canGrant
  }

  #adopt(tokens: TokenSet, refreshToken: string | undefined): TokenSet {
    this.#rotation.follow(refreshToken)
    // It goes to everybody who asks, and to listeners.
    return Object.freeze({ ...tokens, refreshToken })
  }
}
