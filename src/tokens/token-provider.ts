import type { TokenSet } from './token-set.js'

/** What a caller may ask of one call. */
export interface CallOptions {
  /** Ends this caller's waiting, and nobody else's. */
  readonly signal?: AbortSignal | undefined
}

/** What `provider.fetch` takes beside what `fetch` takes. */
export interface TokenFetchInit extends RequestInit {
  /** Says that this request may be sent twice; by default those of methods that change nothing, or nothing more, may. */
  readonly repeatable?: boolean | undefined
}

/** What the introspection endpoint says of a token. @see {@link https://www.rfc-editor.org/rfc/rfc7662.html#section-2.2 | RFC 7662 §2.2} */
export interface Introspection extends Readonly<Record<string, unknown>> {
  /** Whether the token is good, as far as the client that asks may know. */
  readonly active: boolean
}

/** Is called before every request. What it is handed is heeded as {@link CallOptions} when it is that. */
export interface TokenHook {
  (options?: CallOptions): Promise<string>
  (...handed: readonly unknown[]): Promise<void>
}

/** A source of current access tokens. Hand its functions around as you like: none needs the provider as `this`. */
export interface TokenProvider {
  /**
   * A current access token: the one that is known, unless it is due.
   *
   * @throws `TokenError`, or the reason of the signal that was aborted.
   */
  (options?: CallOptions): Promise<string>
  /** The same, as a hook for API clients that call one before every request, with whatever they hand to it. */
  readonly ensureFresh: TokenHook
  /** A new access token, although the known one may be good: for an API that refused it. */
  readonly renew: (options?: CallOptions) => Promise<string>
  /** All tokens, current. */
  readonly tokens: (options?: CallOptions) => Promise<TokenSet>
  /**
   * `fetch` with the token as `Authorization`, to be handed to API clients in place of `fetch`. On 401 the token is renewed and the request sent once more, when it can
   * be; a second 401 is the caller's answer.
   */
  readonly fetch: (input: string | URL | Request, init?: TokenFetchInit) => Promise<Response>
  /**
   * Asks the authorization server about the current access token. Nothing else here does.
   *
   * @throws `TokenError` `inactive_token` for a token that was issued just now and does not name the client in `aud`.
   */
  readonly introspect: (options?: CallOptions) => Promise<Introspection>
  /** Ends the sign-in at the authorization server by revoking the refresh token, else the access token; forgets both. */
  readonly revoke: (options?: CallOptions) => Promise<void>
}
