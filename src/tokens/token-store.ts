import type { TokenSet } from './token-set.js'

/** Where the tokens of one sign-in are kept for several processes. */
export interface TokenStore {
  /**
   * What is kept now.
   *
   * @throws `TokenError` `store_unusable`
   */
  read(): Promise<TokenSet | undefined>
  /**
   * Hands what is kept to `work` while nobody else does the same, and keeps what it returns: nothing removes it. Room for
   * the result is made before `work` runs, so that a place which cannot be written fails before a refresh token is spent.
   * When `work` throws, everything stays as it was.
   *
   * @throws `TokenError` `store_unusable`, and whatever `work` throws.
   */
  update(work: (kept: TokenSet | undefined) => Promise<TokenSet | undefined>): Promise<TokenSet | undefined>
}
