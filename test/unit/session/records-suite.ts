import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Kit, OpenKit } from './kits.js'
import { testsOfLife, testsOfMembersLife, testsOfSets } from './records-life-suite.js'
import { expectEnd, LIFE, many, write, type At } from './records-kit.js'

/** The contract of `Records`, on whatever keeps them. */
export function recordsSuite(title: string, open: OpenKit): void {
  describe(title, () => {
    let kit: Kit
    let key: string
    beforeAll(async () => {
      kit = await open()
    })
    afterAll(() => kit.close())
    beforeEach(() => {
      key = `thing:${randomUUID()}`
    })
    const at = (): At => ({ kit, records: kit.records, elsewhere: kit.elsewhere, key })
    describe('reading and writing', () => testsOfWriting(at))
    describe('several at once', () => testsOfRaces(at))
    describe('life', () => testsOfLife(at))
    describe('removal', () => testsOfRemoval(at))
    describe('sets', () => testsOfSets(at))
    describe('the life of members', () => testsOfMembersLife(at))

    test('it answers', async () => {
      expect(await kit.records.probe()).toBe(true)
    })
  })
}

function testsOfWriting(at: () => At): void {
  test('what was never written is not there', async () => {
    const { records, key } = at()
    expect(await records.get(key)).toBeUndefined()
    expect(await records.remove(key)).toBeUndefined()
    await expect(records.prolong(key, LIFE)).resolves.toBeUndefined()
    expect(await records.get(key)).toBeUndefined()
  })

  test.each([
    ['empty', ''],
    ['of any letters', '{"a":"ü 🔑 \\u0000"}'],
    ['of control characters', '\u0000\r\n\u007f'],
    ['of 200 kB', 'x'.repeat(200_000)],
  ])('a value comes back as it was: one that is %s', async (_what, value) => {
    const { kit, records, elsewhere, key } = at()
    const written = await write(records, key, value)
    const found = await elsewhere.get(key)
    expect([written.value, found?.value]).toEqual([value, value])
    for (const record of [written, found]) expectEnd(record, kit.now() + LIFE)
  })

  test('a record is not written over without its version, nor where there is none', async () => {
    const { records, elsewhere, key } = at()
    const first = await write(records, key, 'first')
    expect(await elsewhere.replace(key, undefined, 'second', LIFE)).toBeUndefined()
    await records.remove(key)
    expect(await records.replace(key, first, 'third', LIFE)).toBeUndefined()
    expect(await records.get(key)).toBeUndefined()
  })

  test('a version that was read anywhere, or has just been written, is replaced once', async () => {
    const { records, elsewhere, key } = at()
    const first = await write(records, key, 'first')
    const read = await elsewhere.get(key)
    const second = await elsewhere.replace(key, read, 'second')
    expect(second?.value).toBe('second')
    expect(await records.replace(key, first, 'late')).toBeUndefined()
    expect(await elsewhere.replace(key, read, 'late')).toBeUndefined()
    expect((await records.replace(key, second, 'third'))?.value).toBe('third')
    expect((await elsewhere.get(key))?.value).toBe('third')
  })

  test('the same value written again is another version', async () => {
    const { records, key } = at()
    const first = await write(records, key, 'same')
    const second = await records.replace(key, first, 'same')
    expect(second?.value).toBe('same')
    expect(await records.replace(key, first, 'same')).toBeUndefined()
    expect(await records.remove(key, first)).toBeUndefined()
    expect((await records.get(key))?.value).toBe('same')
  })

  test('keys do not know each other, whatever they look like', async () => {
    const { records, key } = at()
    const keys = [key, `${key}:`, `${key}*`, 'thing:__proto__', 'thing:', 'other:__proto__', `${key}\n`]
    for (const one of keys) await write(records, one, one)
    for (const one of keys) expect((await records.get(one))?.value).toBe(one)
    for (const one of keys) expect((await records.remove(one))?.value).toBe(one)
  })
}

function testsOfRaces(at: () => At): void {
  test('P-8 of many who create a record at once, exactly one does', async () => {
    const { records, elsewhere, key } = at()
    const results = await Promise.all(
      many((i) => (i % 2 ? records : elsewhere).replace(key, undefined, `by ${i}`, LIFE)),
    )
    const won = results.filter((result) => result !== undefined)
    expect(won).toHaveLength(1)
    expect((await records.get(key))?.value).toBe(won[0]?.value)
  })

  test('P-8 of many who replace one version at once, exactly one does', async () => {
    const { records, elsewhere, key } = at()
    const before = await write(records, key, 'before')
    for (let round = 0, version = before; round < 5; round++) {
      const known = version
      const results = await Promise.all(
        many((i) => (i % 2 ? records : elsewhere).replace(key, known, `${round} by ${i}`)),
      )
      const [winner, ...others] = results.filter((result) => result !== undefined)
      if (winner === undefined) throw new Error('nobody won')
      expect(others).toEqual([])
      expect((await records.get(key))?.value).toBe(winner.value)
      version = winner
    }
  })

  test('P-8 of many who remove a record at once, exactly one gets it', async () => {
    const { records, elsewhere, key } = at()
    await write(records, key, 'one')
    const results = await Promise.all(many((i) => (i % 2 ? records : elsewhere).remove(key)))
    expect(results.filter((result) => result !== undefined).map(({ value }) => value)).toEqual(['one'])
  })

  test('a version is either replaced or removed, never both', async () => {
    const { records, elsewhere, key } = at()
    for (let round = 0; round < 20; round++) {
      const before = await write(records, key, 'before')
      const [replaced, removed] = await Promise.all([
        records.replace(key, before, 'after'),
        elsewhere.remove(key, before),
      ])
      expect([replaced, removed].filter((result) => result !== undefined)).toHaveLength(1)
      expect((await records.get(key))?.value).toBe(replaced?.value)
      await records.remove(key)
    }
  })
}

function testsOfRemoval(at: () => At): void {
  test('only the version that is held is removed', async () => {
    const { records, elsewhere, key } = at()
    const first = await write(records, key, 'first')
    const second = await elsewhere.replace(key, first, 'second')
    expect(await records.remove(key, first)).toBeUndefined()
    expect((await records.get(key))?.value).toBe('second')
    expect((await records.remove(key, second))?.value).toBe('second')
    expect(await records.get(key)).toBeUndefined()
  })

  test('without a version, whatever is there, and it is what comes back', async () => {
    const { kit, records, key } = at()
    await write(records, key, 'one')
    const removed = await records.remove(key)
    expect(removed?.value).toBe('one')
    expectEnd(removed, kit.now() + LIFE)
    expect(await records.remove(key)).toBeUndefined()
  })
}
