import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isNestedDeeply, jsonLine, jsonTextLine } from '../../../src/cli/json-line.js'

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

describe('jsonTextLine', () => {
  test('C000-24 any JSON text becomes the line that its value has, whatever blanks are in it', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.constantFrom('', ' ', '\t', '\n  '),
        (value, blank) => {
          expect(jsonTextLine(JSON.stringify(value, undefined, blank))).toBe(jsonLine(value))
        },
      ),
    )
  })

  test('a megabyte of anything is no trouble', () => {
    for (const text of ['\\"'.repeat(500_000), 'x'.repeat(1_000_000)]) {
      expect(jsonTextLine(`[ "${text}" ]`)).toBe(`["${text}"]`)
    }
  })
})

describe('isNestedDeeply', () => {
  test('counts lists and objects', () => {
    const nested = (depth: number): unknown =>
      JSON.parse(`${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`)
    expect(isNestedDeeply(nested(100))).toBe(false)
    expect(isNestedDeeply(nested(102))).toBe(true)
    expect(isNestedDeeply(nested(200_000))).toBe(true)
    expect(isNestedDeeply('text')).toBe(false)
  })
})
