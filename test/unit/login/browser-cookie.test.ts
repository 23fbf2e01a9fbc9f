import { describe, expect, test } from '@jest/globals'
import { createBrowser, readBrowser } from '../../../src/login/browser-cookie.js'

const GOOD = 'a'.repeat(43)

describe('readBrowser', () => {
  test.each([
    [undefined],
    [''],
    ['latchkey-login='],
    [`latchkey-login=${'a'.repeat(42)}`],
    [`latchkey-login=${'a'.repeat(44)}`],
    [`latchkey-login=${'a'.repeat(42)}%2e`],
    [`latchkey-login=${'é'.repeat(43)}`],
    [`latchkey-login=%`],
    [`other=${GOOD}`],
    [`Latchkey-Login=${GOOD}`],
    [`xlatchkey-login=${GOOD}`],
  ])('FL-05 of %p is nothing', (header) => {
    expect(readBrowser(header, 'latchkey-login')).toBeUndefined()
  })

  test('finds the value among other cookies', () => {
    expect(readBrowser(`a=b; latchkey-login=${GOOD}; c=d`, 'latchkey-login')).toBe(GOOD)
  })
})

describe('createBrowser', () => {
  test('FL-02 has 256 bits, and is read back', () => {
    const values = new Set(Array.from({ length: 1000 }, createBrowser))
    expect(values.size).toBe(1000)
    for (const value of values) expect(readBrowser(`x=${value}`, 'x')).toBe(value)
  })
})
