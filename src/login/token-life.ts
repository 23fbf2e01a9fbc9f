import type { LoginTokens } from './login-session.js'

/** What an access token is taken to last when the provider does not say, in milliseconds. */
const UNKNOWN_LIFE = 300_000

/** When an access token is over, in milliseconds. */
export function endOfToken({ expiresAt, obtainedAt }: LoginTokens): number {
  return expiresAt ?? obtainedAt + UNKNOWN_LIFE
}

/**
 * Whether tokens are to be renewed now: less than `before` seconds are left, or, of a life that is no longer than that,
 * less than a half. Without a refresh token they never are.
 */
export function isDue(tokens: LoginTokens, before: number, now: number): boolean {
  if (tokens.refreshToken === undefined) return false
  const end = endOfToken(tokens)
  const life = end - tokens.obtainedAt
  const margin = life > before * 1000 ? before * 1000 : life / 2
  return end - now <= margin
}
