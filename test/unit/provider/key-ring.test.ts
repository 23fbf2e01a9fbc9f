import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { readClientKeys } from '../../../src/provider/client-keys.js'
import { createKeyRing, type KeyRing } from '../../../src/provider/key-ring.js'
import { ClientFiles, ecKey, jwk, pem } from '../../support/client-files.js'
import { keptLog, type Line } from '../../support/log-lines.js'

const KEYS = [ecKey(), ecKey(), ecKey(), ecKey()]
const [A, B, C] = KEYS as [KeyObject, KeyObject, KeyObject]
const kidOf = (key: KeyObject): string => readClientKeys(pem(key))[0]?.kid ?? ''

let files: ClientFiles
let lines: Line[]
let time: number
const put = (...keys: KeyObject[]): string => files.put('key', keys.map((key) => pem(key)).join(''))
function open(file: string): KeyRing {
  const kept = keptLog()
  lines = kept.lines
  return createKeyRing({ path: file, log: kept.log, now: () => time })
}
const kids = (ring: KeyRing): unknown[] => ring.published().map(({ kid }) => kid)

beforeEach(() => {
  files = new ClientFiles()
  time = 1_000_000
})
afterEach(() => files.remove())

describe('TK-07 the key ring', () => {
  test('without a change: the first key signs at once, all are shown', () => {
    const ring = open(put(A, B))
    expect(ring.signing().kid).toBe(kidOf(A))
    expect(kids(ring)).toEqual([kidOf(A), kidOf(B)])
  })

  test('a new key is shown at once and signs 10 s later; the old is shown while it may be needed', () => {
    const ring = open(put(A))
    put(B)
    expect(kids(ring)).toEqual([kidOf(B), kidOf(A)])
    time += 9_999
    expect(ring.signing().kid).toBe(kidOf(A))
    time += 1
    expect(ring.signing().kid).toBe(kidOf(B))
    expect(kids(ring)).toEqual([kidOf(B), kidOf(A)])
    time += 300_000
    expect(kids(ring)).toEqual([kidOf(B), kidOf(A)])
    time += 400_000
    expect(kids(ring)).toEqual([kidOf(B)])
    expect(lines.map(({ code }) => code)).toEqual(['client_credentials_changed'])
  })

  test('whoever notices late signs with the old key for a while, and shows it', () => {
    const ring = open(put(A))
    time += 24 * 3600_000
    put(B)
    expect(ring.signing().kid).toBe(kidOf(A))
    expect(kids(ring)).toEqual([kidOf(B), kidOf(A)])
    time += 10_000
    expect(ring.signing().kid).toBe(kidOf(B))
    time += 300_000
    expect(kids(ring)).toEqual([kidOf(B), kidOf(A)])
  })

  test('a key that was shown for long signs at once when it becomes the first', () => {
    const ring = open(put(A, B))
    // Nobody asked for a day: another process may have signed with the old key until a moment ago.
    time += 24 * 3600_000
    put(B)
    expect(ring.signing().kid).toBe(kidOf(B))
    time += 300_000
    expect(kids(ring)).toEqual([kidOf(B), kidOf(A)])
  })

  test('two changes in a moment: the one in between never signs, and is shown', () => {
    const ring = open(put(A))
    put(B)
    expect(ring.signing().kid).toBe(kidOf(A))
    time += 5_000
    put(C)
    expect(ring.signing().kid).toBe(kidOf(A))
    time += 6_000
    expect(ring.signing().kid).toBe(kidOf(A))
    time += 4_000
    expect(ring.signing().kid).toBe(kidOf(C))
    expect(kids(ring)).toEqual([kidOf(C), kidOf(A), kidOf(B)])
  })

  test.each([
    ['emptied', ''],
    ['cut', pem(B).slice(0, 60)],
    ['another kind', 'a text'],
  ])('a file that is %s leaves the old keys, logged once by name', (_what, content) => {
    const ring = open(put(A))
    files.put('key', content)
    time += 60_000
    expect(kids(ring)).toEqual([kidOf(A)])
    expect(ring.signing().kid).toBe(kidOf(A))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ code: 'client_key_file_unusable', setting: 'OIDC_CLIENT_KEY_FILE' })
  })

  test('another key under a kid that is in use leaves the old one', () => {
    const named = (key: KeyObject): string => files.put('key', JSON.stringify(jwk(key, { kid: 'the-key' })))
    const ring = open(named(A))
    const [before] = ring.published()
    named(B)
    time += 60_000
    expect(ring.published()).toEqual([before])
    expect(lines[0]?.['reason']).toMatch(/^clientKeyFile holds another key under a kid that is in use/)
  })

  test('of two processes with one file each shows what the other signs with, at any time', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 700_000 }),
      file: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })),
      by: fc.integer({ min: 0, max: 1 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        const file = put(A)
        const rings = [open(file), open(file)]
        const lastSigned = new Map<string, number>()
        for (const { wait, file: next, by } of steps) {
          // Each looks at its file now and then, as a process does that is in use.
          for (let left = wait; left > 0; left -= 60_000) {
            time += Math.min(left, 60_000)
            for (const ring of rings) ring.published()
          }
          if (next !== null) put(...next.map((index) => KEYS[index] ?? A))
          const kid = rings[by]?.signing().kid ?? ''
          lastSigned.set(kid, time)
          for (const ring of rings)
            for (const [used, at] of lastSigned) if (time - at <= 300_000) expect(kids(ring)).toContain(used)
        }
      }),
      { numRuns: 60 },
    )
  })
})
