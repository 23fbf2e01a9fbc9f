import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonLine } from '../../../src/cli/json-line.js'

describe('jsonLine', () => {
  test('CL-05 any value is one line that a terminal does not act upon, and reads as the same value', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '\u001b',
          '\u0007',
          '\r',
          '\n',
          '\u009b',
          '\u202e',
          '\u200b',
          '\ud800',
          '\u{e0041}',
        ),
      }),
    )
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.integer(), fc.array(text))), (value) => {
        const line = jsonLine(value)
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
        expect(Object.entries(JSON.parse(line) as object)).toEqual(Object.entries(value))
      }),
    )
  })
})
