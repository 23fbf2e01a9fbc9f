import { beforeEach, describe, expect, test } from '@jest/globals'
import { MemoryRecords } from '../../../src/session/memory-records.js'

const LIFE = 60_000
const MEBIBYTE = 1024 * 1024

let now: number
beforeEach(() => {
  now = 1_700_000_000_000
})

const small = (maxEntries: number, maxBytes = MEBIBYTE): MemoryRecords =>
  new MemoryRecords({ bounds: { session: { maxEntries, maxBytes } }, now: () => now })

async function fill(records: MemoryRecords, kind: string, count: number, value = 'x'): Promise<void> {
  for (let i = 0; i < count; i++) await records.replace(`${kind}:${i}`, undefined, value, LIFE)
}

describe('MemoryRecords: bounds', () => {
  test('RE-14 there are no more records of a kind than may be, and the newest stay', async () => {
    const records = small(10)
    await fill(records, 'session', 100)
    expect(records.size('session')).toBe(10)
    expect(await records.get('session:89')).toBeUndefined()
    expect(await records.get('session:90')).toBeDefined()
  })

  test('RE-14 kinds have room of their own: one that is full pushes out nothing of another', async () => {
    const records = small(10)
    await fill(records, 'session', 5)
    await fill(records, 'login', 10_100)
    await fill(records, 'lock', 100_100, '')
    expect(['session', 'login', 'lock', 'never'].map((kind) => records.size(kind))).toEqual([
      5, 10_000, 100_000, 0,
    ])
    expect(await records.get('session:0')).toBeDefined()
  })

  test('RE-14 records count for what they hold, and for their key', async () => {
    const records = small(1000, 100_000)
    await fill(records, 'session', 100, 'x'.repeat(9700))
    expect(records.size('session')).toBe(10)
    const empty = small(1000, 100_000)
    for (let i = 0; i < 100; i++) await empty.replace(`session:${'k'.repeat(9700)}${i}`, undefined, '', LIFE)
    expect(empty.size('session')).toBe(10)
  })

  test('RE-14 a record without text is not free of charge', async () => {
    const records = small(100_000, 10_000)
    await fill(records, 'session', 1000, '')
    expect(records.size('session')).toBeLessThan(100)
  })

  test('RE-14 one larger than all there is room for is not kept, and whoever writes it learns of that', async () => {
    const records = small(10, 1000)
    expect(await records.replace('session:1', undefined, 'x'.repeat(2000), LIFE)).toBeUndefined()
    expect([records.size('session'), await records.get('session:1')]).toEqual([0, undefined])
  })

  test('RE-14 a record in use outlives those that are not', async () => {
    const records = small(3)
    await fill(records, 'session', 3)
    await records.prolong('session:0', LIFE)
    await records.replace('session:new', undefined, 'x', LIFE)
    expect([await records.get('session:0'), await records.get('session:1')]).toEqual([
      expect.anything(),
      undefined,
    ])
  })

  test('RE-14 records that are over are dropped when others come', async () => {
    const records = small(1000)
    await fill(records, 'session', 100)
    now += LIFE
    await records.replace('session:new', undefined, 'x', LIFE)
    expect(records.size('session')).toBe(1)
  })

  test('RE-14 names of a set that nobody renews take no room', async () => {
    const records = small(10)
    for (let i = 0; i < 1000; i++) {
      await records.addMember('sessions:all', `s${i}`, LIFE)
      now += LIFE / 10
    }
    expect((await records.members('sessions:all')).length).toBeLessThanOrEqual(11)
  })

  test('SE-04 a life is over to the millisecond', async () => {
    const records = small(10)
    await records.replace('session:1', undefined, 'x', LIFE)
    now += LIFE - 1
    expect((await records.get('session:1'))?.endsAt).toBe(now + 1)
    now += 1
    expect(await records.get('session:1')).toBeUndefined()
  })
})
