/** What of the authorization server is asked. */
export const UPSTREAM_ENDPOINTS = [
  'discovery',
  'jwks',
  'token',
  'userinfo',
  'end_session',
  'revocation',
  'authorization',
  'other',
] as const
/** One of {@link UPSTREAM_ENDPOINTS}. */
export type UpstreamEndpoint = (typeof UPSTREAM_ENDPOINTS)[number]

/** What came of asking: the class of the answer's status, or that there was no answer to use. */
export const UPSTREAM_OUTCOMES = ['ok', 'client_error', 'server_error', 'unavailable'] as const
/** One of {@link UPSTREAM_OUTCOMES}. */
export type UpstreamOutcome = (typeof UPSTREAM_OUTCOMES)[number]

/** How the renewal of a session's tokens ended; `shared` is one that somebody else had done already. */
export const REFRESH_OUTCOMES = ['renewed', 'shared', 'ended', 'failed'] as const
/** One of {@link REFRESH_OUTCOMES}. */
export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number]

/** Who or what ended sessions. */
export const LOGOUT_ORIGINS = ['person', 'account', 'back_channel', 'front_channel', 'refresh'] as const
/** One of {@link LOGOUT_ORIGINS}. */
export type LogoutOrigin = (typeof LOGOUT_ORIGINS)[number]

/**
 * Takes what is measured. Every text given to it is a word of our own source: nothing of a request, of a person, or of
 * what another side wrote. Its methods must neither throw nor keep anybody waiting.
 */
export interface Metrics {
  /** A login ended: `ok`, or with the code of one of our errors. */
  login(outcome: string): void
  /**
   * The renewal of a session's tokens ended; `shared` is one that another request had done already.
   *
   * @inlineType RefreshOutcome
   */
  refresh(outcome: RefreshOutcome): void
  /** Somebody waited this long for the right to renew a session's tokens. */
  lockWait(seconds: number): void
  /**
   * Somebody's sign-out ended so many sessions, possibly none.
   *
   * @inlineType LogoutOrigin
   */
  logout(origin: LogoutOrigin, sessions: number): void
  /**
   * One call to the authorization server.
   *
   * @inlineType UpstreamEndpoint
   * @inlineType UpstreamOutcome
   */
  upstream(endpoint: UpstreamEndpoint, seconds: number, outcome: UpstreamOutcome): void
  /** One operation of the session store. */
  store(operation: string, seconds: number, ok: boolean): void
  /** Says how the sessions that live now are counted; asked whenever somebody reads the metrics. */
  sessions(count: () => Promise<number>): void
}

/** Measures nothing. */
export const noMetrics: Metrics = {
  login() {},
  refresh() {},
  lockWait() {},
  logout() {},
  upstream() {},
  store() {},
  sessions() {},
}
