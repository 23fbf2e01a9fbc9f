/** The times of a token, as somebody wrote them. */
interface Times {
  readonly iat?: unknown
  readonly exp?: unknown
}

/**
 * What the times of a token that failed a check of time say about the clocks, for the log. Nothing, when they are no
 * times of a token.
 *
 * @param seconds what this machine takes for now
 */
export function clockHint({ iat, exp }: Times, seconds: number, tolerance: number): string | undefined {
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat) return undefined
  const remedy = `set the clocks of both machines by NTP; CLOCK_TOLERANCE allows ${tolerance} s`
  if (iat > seconds) {
    return `the issuer's clock is ${Math.round(iat - seconds)} s or more ahead of this machine's: ${remedy}`
  }
  const [issued, over] = [Math.round(seconds - iat), Math.round(seconds - exp)]
  return `by this machine's clock it was issued ${issued} s ago and is over for ${over} s; if it is new, this clock is ${issued} s ahead of the issuer's: ${remedy}`
}
