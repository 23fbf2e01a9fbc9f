import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LoginTokens } from '../../../src/login/login-session.js'
import { endOfToken, isDue } from '../../../src/login/token-life.js'

const OBTAINED = 1_700_000_000_000
const tokens = (life: number | undefined, refreshToken: string | undefined = 'refresh'): LoginTokens => ({
  accessToken: 'access',
  refreshToken,
  idToken: 'id',
  obtainedAt: OBTAINED,
  expiresAt: life === undefined ? undefined : OBTAINED + life * 1000,
})
/** The second of its life at which a token is due. */
const dueAt = (life: number | undefined, before: number): number => {
  for (let second = 0; second <= 1000; second++)
    if (isDue(tokens(life), before, OBTAINED + second * 1000)) return second
  return Infinity
}

describe('when tokens are due', () => {
  test.each<[life: number | undefined, before: number, second: number]>([
    [300, 30, 270],
    [60, 30, 30],
    [31, 30, 1],
    // Of a life that is no longer than REFRESH_BEFORE, at its half.
    [30, 30, 15],
    [20, 30, 10],
    [2, 30, 1],
    [300, 3600, 150],
    // Not before it is over.
    [300, 0, 300],
    [1, 0, 1],
    // No expires_in: five minutes.
    [undefined, 30, 270],
    [undefined, 0, 300],
    [undefined, 400, 150],
  ])('tokens that last %p s are due %p s before the end: at second %p', (life, before, second) => {
    expect(dueAt(life, before)).toBe(second)
    expect(isDue(tokens(life), before, OBTAINED + second * 1000 - 1)).toBe(false)
  })

  test('without a refresh token they never are, not even when they are over', () => {
    for (const second of [0, 270, 300, 100_000])
      expect(isDue({ ...tokens(300), refreshToken: undefined }, 30, OBTAINED + second * 1000)).toBe(false)
  })

  test('when they are over they are due, once due they stay so, and new ones are not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 200_000_000 }),
        fc.nat({ max: 1_000_000 }),
        (life, before, at, later) => {
          const held = tokens(life)
          expect(isDue(held, before, OBTAINED)).toBe(false)
          expect(isDue(held, before, endOfToken(held))).toBe(true)
          if (isDue(held, before, OBTAINED + at))
            expect(isDue(held, before, OBTAINED + at + later)).toBe(true)
        },
      ),
    )
  })

  test('their end is the one that the provider has said, else five minutes on', () => {
    expect(endOfToken(tokens(7))).toBe(OBTAINED + 7000)
    expect(endOfToken(tokens(undefined))).toBe(OBTAINED + 300_000)
  })
})
