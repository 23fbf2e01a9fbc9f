import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { badgeOf, begin, loaded, methodsOf, newSession, type At, type BadgeStore } from './session-kit.js'

export function testsOfOwnPart(at: () => At): void {
  const tokenIn = async (store: BadgeStore, sid: string) => (await methodsOf(store).get(sid))?.badge?.token

  test('RF-01 of many who put theirs in place of one that is held, exactly one does', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const held = await store.hold(sid)
    if (held === undefined) throw new Error('not held')
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? store : elsewhere).replaceOwn(sid, held, badgeOf(holder, `by ${i}`)),
      ),
    )
    expect(results.filter((won) => won)).toHaveLength(1)
    expect(await tokenIn(elsewhere, sid)).toBe(`by ${results.indexOf(true)}`)
  })

  test('RF-01 nothing is put in place of one that is not there any more, and no ended session comes back', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const held = await store.hold(sid)
    const late = await elsewhere.hold(sid)
    if (held === undefined || late === undefined) throw new Error('not held')
    expect(await store.replaceOwn(sid, held, badgeOf(holder, 'second'))).toBe(true)
    expect(await elsewhere.replaceOwn(sid, late, badgeOf(holder, 'late'))).toBe(false)
    expect(await elsewhere.endHeld(sid, late)).toBe(false)
    expect(await tokenIn(store, sid)).toBe('second')
    const second = await store.hold(sid)
    if (second === undefined) throw new Error('not held')
    await elsewhere.end(sid)
    expect(await store.replaceOwn(sid, second, badgeOf(holder, 'late'))).toBe(false)
    expect(await store.endHeld(sid, second)).toBe(false)
    expect(await methodsOf(store).get(sid)).toBeNull()
    expect(await store.find(holder)).toEqual([])
  })

  test('what the app has changed since does not keep the own part from being replaced, or ended', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder), { note: 'old' })
    const change = async (note: string): Promise<void> => {
      const { session } = await loaded(elsewhere, sid)
      session.note = note
      await methodsOf(elsewhere).set(sid, session)
    }
    const held = await store.hold(sid)
    await change('new')
    if (held === undefined) throw new Error('not held')
    expect(await store.replaceOwn(sid, held, badgeOf(holder, 'second'))).toBe(true)
    expect(await methodsOf(store).get(sid)).toMatchObject({ note: 'new', badge: { token: 'second' } })
    const second = await store.hold(sid)
    await change('newer')
    if (second === undefined) throw new Error('not held')
    expect(await store.endHeld(sid, second)).toBe(true)
    expect([await methodsOf(store).get(sid), await store.find(holder)]).toEqual([null, []])
  })

  test('of replacing and ending at once, exactly one happens', async () => {
    const { store, elsewhere, holder } = at()
    for (let round = 0; round < 10; round++) {
      const sid = await begin(store, badgeOf(holder))
      const held = await store.hold(sid)
      if (held === undefined) throw new Error('not held')
      const [replaced, ended] = await Promise.all([
        store.replaceOwn(sid, held, badgeOf(holder, 'second')),
        elsewhere.endHeld(sid, held),
      ])
      expect([replaced, ended].filter((done) => done)).toHaveLength(1)
      expect(await tokenIn(store, sid)).toBe(replaced ? 'second' : undefined)
    }
  })

  test('what a session held at its end comes back once', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const held = await store.hold(sid)
    if (held === undefined) throw new Error('not held')
    await store.replaceOwn(sid, held, badgeOf(holder, 'second'))
    const ended = await Promise.all([store.end(sid), elsewhere.end(sid), elsewhere.endFound(store.idOf(sid))])
    expect(ended.filter((own) => own !== undefined)).toEqual([badgeOf(holder, 'second')])
  })
}

export function testsOfIndex(at: () => At): void {
  const has = async (store: BadgeStore, sid: string) => (await methodsOf(store).get(sid)) !== null

  test('BL-01 BL-02 what is under the key and is meant ends, in every process, and nothing else', async () => {
    const { store, elsewhere, holder } = at()
    const other = randomUUID()
    const mine = await begin(store, badgeOf(holder, 'a'))
    const both = await begin(elsewhere, badgeOf(holder, 'b', [holder, other]))
    const theirs = await begin(elsewhere, badgeOf(other, 'c'))
    expect(await store.endAll(randomUUID(), () => true)).toEqual([])
    expect(await store.endAll(holder, () => false)).toEqual([])
    const ended = await store.endAll(holder, ({ token }) => token === 'b')
    expect(ended.map(({ token }) => token)).toEqual(['b'])
    expect(await Promise.all([mine, both, theirs].map((sid) => has(elsewhere, sid)))).toEqual([
      true,
      false,
      true,
    ])
    expect((await elsewhere.endAll(other, () => true)).map(({ token }) => token)).toEqual(['c'])
    expect(await elsewhere.endAll(other, () => true)).toEqual([])
    expect(await has(store, mine)).toBe(true)
  })

  test('find gives a handle that is no cookie, and by which that session ends', async () => {
    const { kit, store, elsewhere, holder } = at()
    const sids = await Promise.all([begin(store, badgeOf(holder, 'a')), begin(store, badgeOf(holder, 'b'))])
    const found = await elsewhere.find(holder)
    expect(found.map(({ id }) => id).sort()).toEqual(sids.map((sid) => store.idOf(sid)).sort())
    for (const { id, seenAt } of found) {
      expect(sids).not.toContain(id)
      expect(await methodsOf(store).get(id)).toBeNull()
      expect(Math.abs(kit.now() - seenAt)).toBeLessThan(5000)
    }
    const first = found.find(({ own }) => own.token === 'a')
    expect(await elsewhere.endFound(first?.id ?? '')).toEqual(badgeOf(holder, 'a'))
    expect(await Promise.all(sids.map((sid) => has(store, sid)))).toEqual([false, true])
  })

  test.each(['', '__proto__', '["a"]', 'ü\n', 'x'.repeat(10_000)])(
    'any text is a key: %.30s',
    async (key) => {
      const { store } = at()
      await begin(store, badgeOf('somebody', 'a', [key]))
      expect(await store.endAll(key, () => true)).toHaveLength(1)
      expect(await store.find(key)).toEqual([])
    },
  )

  test('a session is found under the keys of the own part that it has now', async () => {
    const { store, elsewhere, holder } = at()
    const [before, after] = [`${holder}-before`, `${holder}-after`]
    const sid = await begin(store, badgeOf(holder, 'first', [before]))
    const held = await store.hold(sid)
    if (held === undefined) throw new Error('not held')
    expect(await store.replaceOwn(sid, held, badgeOf(holder, 'second', [after]))).toBe(true)
    expect((await elsewhere.find(after)).map(({ own }) => own.token)).toEqual(['second'])
    expect(await elsewhere.find(before)).toEqual([])
    expect(await elsewhere.endAll(before, () => true)).toEqual([])
    expect(await elsewhere.endAll(after, () => true)).toHaveLength(1)
  })

  test('keys of an own part that was not put in place find nobody', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const late = await elsewhere.hold(sid)
    const held = await store.hold(sid)
    if (held === undefined || late === undefined) throw new Error('not held')
    await store.replaceOwn(sid, held, badgeOf(holder, 'second'))
    const other = randomUUID()
    expect(await elsewhere.replaceOwn(sid, late, badgeOf(other, 'late'))).toBe(false)
    expect(await store.endAll(other, () => true)).toEqual([])
    expect(await has(store, sid)).toBe(true)
  })

  test('an anonymous session is under no key and is not counted', async () => {
    const { store } = at()
    const before = await store.count()
    await methodsOf(store).set(randomUUID(), newSession({ note: 'x' }))
    expect(await store.count()).toBe(before)
  })

  test('the count is of all processes, and without those that have ended', async () => {
    const { store, elsewhere, holder } = at()
    const before = await store.count()
    const sid = await begin(store, badgeOf(holder))
    await begin(elsewhere, badgeOf(holder))
    expect([await store.count(), await elsewhere.count()]).toEqual([before + 2, before + 2])
    await elsewhere.end(sid)
    expect(await store.count()).toBe(before + 1)
    await store.endAll(holder, () => true)
    expect(await elsewhere.count()).toBe(before)
  })
}
