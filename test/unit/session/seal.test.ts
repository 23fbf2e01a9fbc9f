import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createSeal } from '../../../src/session/seal.js'

const FIRST = 'the-first-secret-of-these-tests-of-32-chars'
const SECOND = 'the-second-secret-of-these-tests-of-32-chars'
const seal = createSeal([FIRST])
const anyText = fc.string({ unit: 'binary', maxLength: 200 })

describe('ST-02 what does not open', () => {
  test('ST-02 a text under another key than its own', () => {
    const sealed = seal.close('session:A', 'of A')
    for (const key of ['session:B', 'login:A', 'session:a', 'session:A ', 'session:', ''])
      expect(seal.open(key, sealed)).toBeUndefined()
  })

  test('ST-02 a text of which one bit is changed, whichever it is', () => {
    // Sealed texts of every length that base64 knows.
    for (const text of ['', 'a', 'ab', 'abc']) {
      const sealed = seal.close('key', text)
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const bytes = Buffer.from(sealed)
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect([text, bit, seal.open('key', bytes.toString('latin1'))]).toEqual([text, bit, undefined])
      }
    }
  })

  test('ST-02 a text of which one bit is changed beneath its base64', () => {
    const bytes = Buffer.from(seal.close('key', 'some text'), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect([bit, seal.open('key', changed.toString('base64url'))]).toEqual([bit, undefined])
    }
  })

  test('ST-02 a text that is cut or longer, at either end', () => {
    const bytes = Buffer.from(seal.close('key', 'some text'), 'base64url')
    const others = [
      ...Array.from(bytes, (_, length) => bytes.subarray(0, length)),
      ...Array.from(bytes, (_, length) => bytes.subarray(length + 1)),
      Buffer.concat([bytes, Buffer.from([0])]),
      Buffer.concat([Buffer.from([0]), bytes]),
    ]
    for (const other of others) expect(seal.open('key', other.toString('base64url'))).toBeUndefined()
  })

  test('ST-02 a text that was sealed by a secret since removed, or never ours', () => {
    const old = createSeal([SECOND]).close('key', 'text')
    expect(seal.open('key', old)).toBeUndefined()
    for (const secret of ['', FIRST.slice(1), `${FIRST} `, FIRST.toUpperCase()])
      expect(createSeal([secret]).open('key', seal.close('key', 'text'))).toBeUndefined()
  })

  test('SE-15 anything that nobody sealed, and no fault comes of it', () => {
    const noise = fc.oneof(
      anyText,
      fc.base64String({ maxLength: 400 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    )
    fc.assert(fc.property(anyText, noise, (key, sealed) => seal.open(key, sealed) === undefined))
  })

  test('nothing is sealed without a secret', () => {
    expect(() => createSeal([])).toThrow(TypeError)
  })
})

describe('ST-02 what opens', () => {
  test('ST-02 every text under its own key, in letters that every store takes', () => {
    fc.assert(
      fc.property(anyText, fc.string({ unit: 'grapheme', maxLength: 200 }), (key, text) => {
        const sealed = seal.close(key, text)
        expect(sealed).toMatch(/^[\w-]+$/)
        expect(seal.open(key, sealed)).toBe(text)
      }),
    )
  })

  test('ST-02 one that was sealed by the secret listed second; the first seals', () => {
    const both = createSeal([FIRST, SECOND])
    expect(both.open('key', createSeal([SECOND]).close('key', 'older'))).toBe('older')
    const sealed = both.close('key', 'newer')
    expect(seal.open('key', sealed)).toBe('newer')
    expect(createSeal([SECOND]).open('key', sealed)).toBeUndefined()
  })

  test('ST-02 the same text never looks the same twice', () => {
    const seen = new Set(Array.from({ length: 1000 }, () => seal.close('key', 'text')))
    expect(seen.size).toBe(1000)
    // Nor does its beginning, which is what is drawn by lot.
    expect(new Set([...seen].map((sealed) => sealed.slice(0, 16))).size).toBe(1000)
  })

  test('ST-01 nothing of the text is to be seen in it', () => {
    const sealed = seal.close('key', 'a-token '.repeat(100))
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('token')
  })
})
