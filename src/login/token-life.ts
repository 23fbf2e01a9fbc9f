import { endOfUnknown, isTimeToRenew } from '../provider/renewal-time.js'
import type { LoginTokens } from './login-session.js'

/** When an access token is over, in milliseconds. */
export function endOfToken({ expiresAt, obtainedAt }: LoginTokens): number {
  return expiresAt ?? endOfUnknown(obtainedAt)
}

/** Whether the tokens of a session are to be renewed now. Without a refresh token they never are. */
export function isDue(tokens: LoginTokens, before: number, now: number): boolean {
  if (tokens.refreshToken === undefined) return false
  return isTimeToRenew({ obtainedAt: tokens.obtainedAt, end: endOfToken(tokens) }, before, now)
}
