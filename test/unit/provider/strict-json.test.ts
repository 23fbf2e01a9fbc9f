import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseStrictJson } from '../../../src/provider/strict-json.js'

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text))

/** JSON text whose members may be there twice, and whether one is. */
const texts = fc.letrec<{ value: { text: string; twice: boolean } }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    fc
      .oneof(
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      )
      .map((leaf) => ({ text: JSON.stringify(leaf), twice: false })),
    fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'json' }).map((items) => ({
      text: `[${items.map(({ text }) => text).join(' , ')}]`,
      twice: items.some(({ twice }) => twice),
    })),
    fc
      .array(
        fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'x"y', '{', ':', ''), fc.boolean(), tie('value')),
        {
          maxLength: 4,
          depthIdentifier: 'json',
        },
      )
      .map((members) => ({
        text: `{${members.map(([name, escaped, { text }]) => `${write(name, escaped)} : ${text}`).join(',')}}`,
        twice:
          new Set(members.map(([name]) => name)).size < members.length ||
          members.some(([, , { twice }]) => twice),
      })),
  ),
})).value

/** A member's name, plainly or with every character escaped. */
function write(name: string, escaped: boolean): string {
  if (!escaped) return JSON.stringify(name)
  return `"${Array.from(name, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
}

describe('parseStrictJson (RFC 8725 §3.7)', () => {
  test.each([
    ['{"a":1,"a":1}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"x":{"a":1,"a":2}}'],
    ['[[{"a":{},"b":[],"a":1}]]'],
    ['{"":1,"":2}'],
    ['{"a\\"":1,"a\\"":2}'],
    ['{"__proto__":1,"__proto__":2}'],
  ])('JW-12 refuses a member that is there twice: %s', (text) => {
    expect(() => parse(text)).toThrow(SyntaxError)
  })

  test.each(['', ' ', '{', '{"a":1}x', "{'a':1}", '{"a":1,}', '/* */{}', 'undefined', 'NaN', '\u00a0{}'])(
    'JW-12 refuses what is not JSON: %p',
    (text) => {
      expect(() => parse(text)).toThrow(SyntaxError)
    },
  )

  test.each<[string, Uint8Array]>([
    ['a byte-order mark', Buffer.from('\ufeff{}')],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
  ])('JW-12 refuses %s', (_name, bytes) => {
    expect(() => parseStrictJson(bytes)).toThrow(/./)
  })

  test.each([
    ['lists', '[', '1', ']'],
    ['objects', '{"a":', '1', '}'],
  ])('JW-12 takes 100 levels of %s and refuses 101', (_name, open, inner, close) => {
    const deep = (levels: number): string => open.repeat(levels) + inner + close.repeat(levels)
    expect(parse(deep(100))).toEqual(JSON.parse(deep(100)))
    expect(() => parse(deep(101))).toThrow(SyntaxError)
    expect(() => parse(deep(200_000))).toThrow(/./)
  })

  test.each([
    '{"a":1,"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    '"a:a"',
    '{"a":"b","b":"a"}',
  ])('takes the same name in different objects, and names in texts: %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  test('takes a text of a megabyte', () => {
    const value = { text: '\\"'.repeat(300_000) }
    expect(parse(JSON.stringify(value))).toEqual(value)
  })

  test('accepts exactly what JSON.parse accepts, less duplicate members', () => {
    let seen = { good: 0, twice: 0 }
    fc.assert(
      fc.property(texts, ({ text, twice }) => {
        seen = { good: seen.good + Number(!twice), twice: seen.twice + Number(twice) }
        if (twice) expect(() => parse(text)).toThrow(SyntaxError)
        else expect(parse(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(seen.good, seen.twice)).toBeGreaterThan(50)
  })

  test('refuses whatever JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', ',', ':', '\\', 'x'),
        (json, at, piece) => {
          const text = json.slice(0, at % (json.length + 1)) + piece + json.slice(at % (json.length + 2))
          let good = true
          try {
            JSON.parse(text)
          } catch {
            good = false
          }
          if (!good) expect(() => parse(text)).toThrow(SyntaxError)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
