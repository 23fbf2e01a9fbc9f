/** Tokens as they were given out together. */
export interface TokenSet {
  /** For APIs. */
  readonly accessToken: string
  /** The authorization server's word, in lower case: `bearer`. */
  readonly tokenType: string
  /** To be kept: the old one must not be sent again. */
  readonly refreshToken?: string | undefined
  /** Not checked: nothing here decides by it. */
  readonly idToken?: string | undefined
  /** What was granted, when the answer says so. */
  readonly scope?: string | undefined
  /** Milliseconds since 1970. */
  readonly obtainedAt: number
  /** Milliseconds since 1970; what is left is judged by our own clock. */
  readonly expiresAt: number
}
