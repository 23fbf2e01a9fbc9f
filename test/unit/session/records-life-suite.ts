import { expect, test } from '@jest/globals'
import type { Records } from '../../../src/session/records.js'
import { SLACK } from './kits.js'
import { expectEnd, LIFE, many, write, type At } from './records-kit.js'

export function testsOfLife(at: () => At): void {
  test('ST-03 a record ends with its life, and its key is free', async () => {
    const { kit, records, key } = at()
    const written = await write(records, key, 'old')
    await kit.pass(LIFE - SLACK)
    expect((await records.get(key))?.value).toBe('old')
    await kit.pass(SLACK)
    expect(await records.get(key)).toBeUndefined()
    expect(await records.replace(key, written, 'late')).toBeUndefined()
    expect(await records.remove(key)).toBeUndefined()
    expect((await write(records, key, 'new')).value).toBe('new')
  })

  test('ST-03 replaced without a life, it keeps what is left of the one it has', async () => {
    const { kit, records, key } = at()
    const end = kit.now() + LIFE
    const first = await write(records, key, 'first')
    await kit.pass(LIFE / 2)
    const second = await records.replace(key, first, 'second')
    for (const record of [second, await records.get(key)]) expectEnd(record, end)
    await kit.pass(LIFE / 2)
    expect(await records.get(key)).toBeUndefined()
  })

  test.each([LIFE * 3, LIFE / 4])('replaced with a life of %d ms, it has that', async (life) => {
    const { kit, records, key } = at()
    const first = await write(records, key, 'first')
    const second = await records.replace(key, first, 'second', life)
    for (const record of [second, await records.get(key)]) expectEnd(record, kit.now() + life)
  })

  test.each([LIFE * 3, LIFE / 4, 1234.5678])(
    'prolong gives a life of %d ms, and no new version',
    async (life) => {
      const { kit, records, elsewhere, key } = at()
      const first = await write(records, key, 'first')
      await elsewhere.prolong(key, life)
      expectEnd(await records.get(key), kit.now() + life)
      expect((await records.replace(key, first, 'second'))?.value).toBe('second')
    },
  )

  test.each([1, 0, 0.2, -5])('a life of %d ms is over at once, and no fault', async (life) => {
    const { kit, records, key } = at()
    await records.replace(key, undefined, 'brief', life)
    await kit.pass(2)
    expect(await records.get(key)).toBeUndefined()
  })

  test('prolong does not bring back what is over or removed', async () => {
    const { kit, records, key } = at()
    await write(records, key, 'old')
    await kit.pass(LIFE)
    await records.prolong(key, LIFE)
    expect(await records.get(key)).toBeUndefined()
    await write(records, key, 'new')
    await records.remove(key)
    await records.prolong(key, LIFE)
    expect(await records.get(key)).toBeUndefined()
  })
}

export function testsOfSets(at: () => At): void {
  const namesOf = async (records: Records, key: string): Promise<string[]> =>
    (await records.members(key)).map(({ name }) => name).sort()

  test('a set that nobody began is empty', async () => {
    const { records, key } = at()
    expect(await records.members(key)).toEqual([])
    expect(await records.countMembers(key, 0)).toBe(0)
    await expect(records.removeMember(key, 'a')).resolves.toBeUndefined()
  })

  test('a name is in it once, with the time at which it was added last', async () => {
    const { kit, records, elsewhere, key } = at()
    await records.addMember(key, 'a', LIFE)
    await elsewhere.addMember(key, '__proto__', LIFE)
    const began = kit.now()
    await kit.pass(5000)
    await elsewhere.addMember(key, 'a', LIFE)
    const members = await records.members(key)
    expect(members.map(({ name }) => name).sort()).toEqual(['__proto__', 'a'])
    for (const { name, at: added } of members) {
      const expected = name === 'a' ? began + 5000 : began
      expect(Math.abs(added - expected)).toBeLessThan(SLACK)
    }
  })

  test('what is removed is gone, and nothing else', async () => {
    const { records, elsewhere, key } = at()
    for (const name of ['a', 'b', 'c']) await records.addMember(key, name, LIFE)
    await elsewhere.removeMember(key, 'b')
    await elsewhere.removeMember(key, 'never')
    expect(await namesOf(records, key)).toEqual(['a', 'c'])
    for (const name of ['a', 'c']) await records.removeMember(key, name)
    expect(await namesOf(records, key)).toEqual([])
  })

  test('names that are added at once are all in it', async () => {
    const { records, elsewhere, key } = at()
    await Promise.all(many((i) => (i % 2 ? records : elsewhere).addMember(key, `n${i}`, LIFE)))
    expect(await namesOf(records, key)).toEqual(many((i) => `n${i}`).sort())
  })

  test('what was found does not change with the set', async () => {
    const { records, key } = at()
    await records.addMember(key, 'a', LIFE)
    const found = await records.members(key)
    await records.removeMember(key, 'a')
    expect(found.map(({ name }) => name)).toEqual(['a'])
  })

  test('counted are those that were added since', async () => {
    const { kit, records, key } = at()
    await records.addMember(key, 'old', LIFE)
    await kit.pass(10_000)
    await records.addMember(key, 'new', LIFE)
    const counts = [kit.now() + SLACK, kit.now() - SLACK, kit.now() - 20_000, 0]
    expect(await Promise.all(counts.map((since) => records.countMembers(key, since)))).toEqual([0, 1, 2, 2])
  })
}

export function testsOfMembersLife(at: () => At): void {
  test('ST-03 a name that nobody renews leaves when another comes', async () => {
    const { kit, records, key } = at()
    await records.addMember(key, 'left', LIFE)
    await records.addMember(key, 'renewed', LIFE)
    await kit.pass(LIFE / 2)
    await records.addMember(key, 'renewed', LIFE)
    await kit.pass(LIFE / 2)
    await records.addMember(key, 'new', LIFE)
    expect((await records.members(key)).map(({ name }) => name).sort()).toEqual(['new', 'renewed'])
  })

  test('ST-03 a set that nobody renews ends, and not before its last name', async () => {
    const { kit, records, key } = at()
    await records.addMember(key, 'long', LIFE)
    await records.addMember(key, 'short', 10)
    await kit.pass(LIFE - SLACK)
    expect((await records.members(key)).map(({ name }) => name)).toContain('long')
    await kit.pass(SLACK)
    expect(await records.members(key)).toEqual([])
    expect(await records.countMembers(key, 0)).toBe(0)
  })
}
