import { beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BoundedMap } from '../../../src/session/bounded-map.js'

let now: number
const FOREVER = Number.MAX_SAFE_INTEGER
const create = <V>(maxEntries = 3, maxBytes = 1000) =>
  new BoundedMap<V>({ maxEntries, maxBytes, now: () => now })

beforeEach(() => {
  now = 1_000_000
})

describe('BoundedMap: what goes', () => {
  test('RE-14 the entry written longest ago, when there are too many', () => {
    const map = create<number>()
    for (const key of ['a', 'b', 'c', 'd']) map.set(key, 1, 1, FOREVER)
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([undefined, 1, 1, 1])
    expect([map.size, map.bytes]).toEqual([3, 3])
  })

  test('RE-14 as many as it takes, when they are too large', () => {
    const map = create<number>(10, 100)
    for (const key of ['a', 'b', 'c']) map.set(key, 1, 30, FOREVER)
    map.set('d', 1, 60, FOREVER)
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([undefined, undefined, 1, 1])
    expect(map.bytes).toBe(90)
  })

  test('an entry that alone is too large', () => {
    const map = create<number>(10, 100)
    map.set('a', 1, 101, FOREVER)
    expect([map.get('a'), map.size, map.bytes]).toEqual([undefined, 0, 0])
  })

  test('an entry at its end, to the millisecond', () => {
    const map = create<number>()
    map.set('a', 1, 1, now + 10)
    now += 9
    expect([map.get('a'), map.expiresAt('a')]).toEqual([1, now + 1])
    now += 1
    expect([map.get('a'), map.expiresAt('a'), map.size, map.bytes]).toEqual([undefined, undefined, 0, 0])
  })

  test('expired entries that nobody asks for, when others are written', () => {
    const map = create<number>(100)
    for (let at = 0; at < 50; at++) map.set(`old-${at}`, 1, 1, now + 10)
    now += 30_000
    map.set('new', 1, 1, FOREVER)
    expect([map.size, map.bytes]).toEqual([1, 1])
  })
})

describe('BoundedMap: what stays', () => {
  test('a value that is written again has its new size and the youngest place', () => {
    const map = create<number>()
    map.set('a', 1, 100, FOREVER)
    map.set('b', 1, 1, FOREVER)
    map.set('a', 2, 7, FOREVER)
    expect([map.get('a'), map.bytes, map.size]).toEqual([2, 8, 2])
    map.set('c', 1, 1, FOREVER)
    map.set('d', 1, 1, FOREVER)
    expect([map.get('a'), map.get('b')]).toEqual([2, undefined])
  })

  test('touch gives another end and the youngest place, and does not bring back the dead', () => {
    const map = create<number>()
    map.set('a', 1, 1, now + 10)
    map.set('b', 1, 1, FOREVER)
    map.set('c', 1, 1, FOREVER)
    map.touch('a', now + 100)
    map.set('d', 1, 1, FOREVER)
    expect([map.get('a'), map.get('b'), map.expiresAt('a')]).toEqual([1, undefined, now + 100])
    now += 100
    map.touch('a', FOREVER)
    map.touch('never', FOREVER)
    expect([map.get('a'), map.get('never')]).toEqual([undefined, undefined])
  })

  test('delete says whether there was one', () => {
    const map = create<number>()
    map.set('a', 1, 5, FOREVER)
    expect([map.delete('b'), map.delete('a'), map.delete('a'), map.bytes]).toEqual([false, true, false, 0])
  })

  test.each(['__proto__', 'constructor', ''])('the key %p is one like any other', (key) => {
    const map = create<number>()
    expect(map.get(key)).toBeUndefined()
    map.set(key, 1, 1, FOREVER)
    expect(map.get(key)).toBe(1)
  })
})

type Step =
  | { readonly do: 'set'; readonly key: string; readonly bytes: number; readonly life: number }
  | { readonly do: 'touch'; readonly key: string; readonly life: number }
  | { readonly do: 'delete'; readonly key: string }
  | { readonly do: 'wait'; readonly ms: number }

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
const life = fc.integer({ min: -5, max: 60_000 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('set' as const), key, bytes: fc.nat(60), life }) },
    fc.record({ do: fc.constant('touch' as const), key, life }),
    fc.record({ do: fc.constant('delete' as const), key }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(40_000) }),
  ),
  { maxLength: 60, size: 'max' },
)

test('RE-14 BoundedMap: whatever happens, limits hold, and get gives the last value or nothing', () => {
  let found = 0
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 20, max: 150 }),
      (list, entries, bytes) => {
        const map = create<object>(entries, bytes)
        const last = new Map<string, { value: object; end: number }>()
        for (const step of list) {
          if (step.do === 'wait') now += step.ms
          else if (step.do === 'delete') {
            map.delete(step.key)
            last.delete(step.key)
          } else if (step.do === 'touch') {
            const known = map.get(step.key)
            map.touch(step.key, now + step.life)
            if (known !== undefined) last.set(step.key, { value: known, end: now + step.life })
          } else {
            const value = {}
            map.set(step.key, value, step.bytes, now + step.life)
            last.set(step.key, { value, end: now + step.life })
          }
          expect(map.size).toBeLessThanOrEqual(entries)
          expect(map.bytes).toBeLessThanOrEqual(bytes)
          for (const name of 'abcdefgh') {
            const value = map.get(name)
            if (value === undefined) continue
            found += 1
            expect(value).toBe(last.get(name)?.value)
            expect(last.get(name)?.end).toBeGreaterThan(now)
          }
        }
      },
    ),
    { numRuns: 500 },
  )
  expect(found).toBeGreaterThan(1000)
})
