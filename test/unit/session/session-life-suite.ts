import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { SLACK } from './kits.js'
import {
  ABSOLUTE,
  badgeOf,
  begin,
  IDLE,
  loaded,
  methodsOf,
  newSession,
  newStore,
  type At,
  type BadgeStore,
} from './session-kit.js'

const TENTH = IDLE / 10

export function testsOfLife(at: () => At): void {
  const isThere = async (store: BadgeStore, sid: string) => (await methodsOf(store).get(sid)) !== null
  const pass = (seconds: number): Promise<void> => at().kit.pass(seconds * 1000)
  /** Seconds for which a session will live. */
  async function lifeOf(sid: string): Promise<number> {
    const { kit, store } = at()
    const record = await kit.records.get(`session:${store.idOf(sid)}`)
    return ((record?.endsAt ?? 0) - kit.now()) / 1000
  }
  async function expectLife(sid: string, seconds: number): Promise<void> {
    expect(Math.abs((await lifeOf(sid)) - seconds)).toBeLessThan(SLACK / 1000)
  }
  const use = async (sid: string): Promise<void> =>
    at().elsewhere.keepAlive(await loaded(at().elsewhere, sid))

  test('SE-04 ST-03 an idle session ends, also in the index and in the count', async () => {
    const { store, holder } = at()
    await pass(IDLE)
    const sid = await begin(store, badgeOf(holder))
    await expectLife(sid, IDLE)
    await pass(IDLE - 3)
    expect([await isThere(store, sid), await store.count()]).toEqual([true, 1])
    await pass(4)
    expect([await isThere(store, sid), await store.count()]).toEqual([false, 0])
    expect(await store.find(holder)).toEqual([])
  })

  test('SE-04 an idle session is counted no more while others go on', async () => {
    const { store, elsewhere, holder } = at()
    await pass(IDLE)
    await begin(store, badgeOf(holder))
    await pass(IDLE / 2)
    const used = await begin(elsewhere, badgeOf(holder))
    expect(await store.count()).toBe(2)
    await pass(IDLE / 2 + 1)
    expect([await store.count(), await isThere(store, used)]).toEqual([1, true])
  })

  test('SE-04 AC-04 neither reading nor finding prolongs it', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    await pass(IDLE / 2)
    await loaded(elsewhere, sid)
    await elsewhere.find(holder)
    await store.hold(sid)
    await expectLife(sid, IDLE / 2)
  })

  test('SE-04 what is written into it keeps its life', async () => {
    const { store, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    await pass(IDLE / 2)
    const { session } = await loaded(store, sid)
    session.note = 'x'
    await methodsOf(store).set(sid, session)
    const held = await store.hold(sid)
    if (held === undefined) throw new Error('not held')
    await store.replaceOwn(sid, held, badgeOf(holder, 'second'))
    await expectLife(sid, IDLE / 2)
  })

  test('ST-03 use prolongs it at most once in a tenth of the idle time', async () => {
    const { store, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    await pass(TENTH - 3)
    await use(sid)
    await expectLife(sid, IDLE - TENTH + 3)
    await pass(6)
    await use(sid)
    await expectLife(sid, IDLE)
    await pass(TENTH - 3)
    await use(sid)
    await expectLife(sid, IDLE - TENTH + 3)
  })

  test('ST-03 within one request it is prolonged once', async () => {
    const { store, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    await pass(IDLE / 2)
    const req = await loaded(store, sid)
    await store.keepAlive(req)
    await at().kit.records.prolong(`session:${store.idOf(sid)}`, 7000)
    await store.keepAlive(req)
    await expectLife(sid, 7)
  })

  test('SE-04 ST-03 however busy, it ends at its absolute end', async () => {
    const { store, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const step = IDLE / 2
    for (let age = step; age < ABSOLUTE; age += step) {
      await pass(step)
      await use(sid)
      await expectLife(sid, Math.min(IDLE, ABSOLUTE - age))
      // As long as it lives it is found, and it is counted.
      expect(await store.find(holder)).toHaveLength(1)
      expect(await store.count()).toBeGreaterThan(0)
    }
    await pass(step)
    expect(await isThere(store, sid)).toBe(false)
  })

  test('SE-04 an absolute time below the idle time counts', async () => {
    const { kit, holder } = at()
    const brief = newStore(kit.records, kit, { absoluteTimeout: 10 })
    const sid = await begin(brief, badgeOf(holder))
    await expectLife(sid, 10)
    const req = await loaded(brief, sid)
    expect(Math.abs(brief.endsAt(req) - kit.now() - 10_000)).toBeLessThan(SLACK)
  })

  test('when a request’s session ends is known after use, too', async () => {
    const { kit, store, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    await pass(IDLE / 2)
    const req = await loaded(store, sid)
    expect(Math.abs(store.endsAt(req) - kit.now() - (IDLE / 2) * 1000)).toBeLessThan(SLACK)
    await store.keepAlive(req)
    expect(Math.abs(store.endsAt(req) - kit.now() - IDLE * 1000)).toBeLessThan(SLACK)
  })

  test('when it was last used is known to a tenth of the idle time', async () => {
    const { kit, store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const begun = kit.now()
    await pass(TENTH * 2)
    await use(sid)
    const [found] = await elsewhere.find(holder)
    expect(Math.abs((found?.seenAt ?? 0) - begun - TENTH * 2000)).toBeLessThan(SLACK)
  })

  test('SE-04 use brings back no session that has ended meanwhile', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    await pass(IDLE / 2)
    const req = await loaded(store, sid)
    await elsewhere.end(sid)
    await store.keepAlive(req)
    expect([await isThere(store, sid), await store.find(holder)]).toEqual([false, []])
  })

  test('use of a session that is not stored stores nothing', async () => {
    const { store } = at()
    const sid = randomUUID()
    await store.keepAlive({ sessionID: sid, session: newSession() as never })
    expect(await isThere(store, sid)).toBe(false)
  })
}
