import type { LoginSession } from '../../../src/login/login-session.js'
import type { RenewalOptions } from '../../../src/login/renewal.js'
import type { Records } from '../../../src/session/records.js'
import type { SessionStore } from '../../../src/session/session-store.js'

/** What becomes of a call to the token endpoint. */
export type Fate =
  | 'renewed'
  /** The provider has ended the session. */
  | 'refused'
  /** Spent, and the ID token is for somebody else. */
  | 'other person'
  /** Spent, and no key to judge the ID token by. */
  | 'unjudged'
  /** The provider never heard of it. */
  | 'away'
  | 'client refused'
  /** Spent, and the answer did not come back. */
  | 'lost'

/** Milliseconds until the provider hears of a call, and until its answer is back. */
export interface Plan {
  readonly fate: Fate
  readonly there: number
  readonly back: number
}

export type Step = { readonly after: number } & (
  | { readonly op: 'request'; readonly process: number; readonly thinks: number; readonly works: number }
  | { readonly op: 'sign-out'; readonly process: number }
  | { readonly op: 'crash'; readonly process: number }
  | { readonly op: 'stand-still'; readonly process: number; readonly time: number }
)

export interface Script {
  readonly steps: readonly Step[]
  readonly plans: readonly Plan[]
  /** Milliseconds on the way to the store and back, one after the other. */
  readonly ways: readonly number[]
  /** Whether a refresh token is good for one use. */
  readonly rotates: boolean
}

/** Changes what a process is made of: to see that a fault is found. */
export type Break = (
  options: RenewalOptions,
  records: Records,
  store: SessionStore<LoginSession>,
) => RenewalOptions

export const SID = 'the-session'
/** Seconds: how long an access token lasts. */
export const LIFE = 60
export const UPSTREAM_TIMEOUT = 5

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
