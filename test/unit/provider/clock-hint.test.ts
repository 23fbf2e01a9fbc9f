import { describe, expect, test } from '@jest/globals'
import { clockHint } from '../../../src/provider/clock-hint.js'

const NOW = 1_800_000_000

describe('clockHint', () => {
  test.each([
    ['no times', {}],
    ['times as texts', { iat: '1', exp: '2' }],
    ['an end before the beginning', { iat: NOW, exp: NOW - 1 }],
  ])('says nothing of %s', (_what, times) => {
    expect(clockHint(times, NOW, 30)).toBeUndefined()
  })

  test('says by how much the clock of the issuer is ahead', () => {
    const hint = clockHint({ iat: NOW + 600, exp: NOW + 900 }, NOW, 30)
    expect(hint).toContain('600 s or more ahead')
    expect(hint).toContain('CLOCK_TOLERANCE allows 30 s')
  })

  test('says how long ago a token was issued and is over', () => {
    expect(clockHint({ iat: NOW - 600, exp: NOW - 300 }, NOW, 30)).toContain(
      'issued 600 s ago and is over for 300 s',
    )
  })
})
