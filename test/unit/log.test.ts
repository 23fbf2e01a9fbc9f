import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currentRequestId, withRequestId } from '../../src/log.js'
import { escapeNotPrintable } from '../../src/printable.js'

describe('escapeNotPrintable', () => {
  test.each([
    ['DEL', '\u007f', '\\u007f'],
    ['CSI', '\u009b', '\\u009b'],
    ['NEL', '\u0085', '\\u0085'],
    ['line separator', '\u2028', '\\u2028'],
    ['paragraph separator', '\u2029', '\\u2029'],
    ['zero-width space', '\u200b', '\\u200b'],
    ['right-to-left mark', '\u200f', '\\u200f'],
    ['bidi override', '\u202e', '\\u202e'],
    ['bidi isolate', '\u2066', '\\u2066'],
    ['Arabic letter mark', '\u061c', '\\u061c'],
    ['byte-order mark', '\ufeff', '\\ufeff'],
  ])('LG-01 %s', (_name, char, escaped) => {
    expect(escapeNotPrintable(`a${char}b${char}`)).toBe(`a${escaped}b${escaped}`)
  })

  test('LG-01 leaves letters of every script and the end of the line', () => {
    const line = '{"name":"Jürgen 王 Ωμέγα 🔑"}\n'
    expect(escapeNotPrintable(line)).toBe(line)
  })

  test('LG-01 whatever a field holds, the line is one line, printable, and still the same JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (value) => {
        const line = escapeNotPrintable(JSON.stringify({ value }))
        // eslint-disable-next-line no-control-regex -- the characters that must not be there
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/)
        expect(JSON.parse(line)).toEqual({ value })
      }),
      { numRuns: 2000 },
    )
  })
})

describe('request ids', () => {
  test('LG-02 belong to what is done for the request, before and after waiting, and to nothing else', async () => {
    expect(currentRequestId()).toBeUndefined()
    const seen = await Promise.all(
      ['a', 'b'].map((id) =>
        withRequestId(id, async () => {
          const before = currentRequestId()
          await new Promise((resolve) => setImmediate(resolve))
          return [before, currentRequestId()]
        }),
      ),
    )
    expect(seen).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
    expect(currentRequestId()).toBeUndefined()
  })
})
