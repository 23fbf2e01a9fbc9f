/** What an access token is taken to last when nothing says how long, in milliseconds. */
const UNKNOWN_LIFE = 300_000
/** A longer life than this is no life of an access token, in seconds. */
const MAX_EXPIRES_IN = 365 * 24 * 3600

/** How long an access token lasts by the answer it came in, in seconds; unknown when that says what cannot be. */
export function lifeOf({
  expires_in: life,
}: {
  readonly expires_in?: number | undefined
}): number | undefined {
  return life !== undefined && life > 0 && life <= MAX_EXPIRES_IN ? life : undefined
}

/** When an access token is over of which nothing says it, in milliseconds. */
export const endOfUnknown = (obtainedAt: number): number => obtainedAt + UNKNOWN_LIFE

/** From when until when an access token lasts, in milliseconds. */
export interface TokenLife {
  readonly obtainedAt: number
  readonly end: number
}

/**
 * Whether it is time to renew a token: less than `before` seconds are left, or, of a life that is no longer than that,
 * less than a half.
 */
export function isTimeToRenew({ obtainedAt, end }: TokenLife, before: number, now: number): boolean {
  const life = end - obtainedAt
  const margin = life > before * 1000 ? before * 1000 : life / 2
  return end - now <= margin
}
