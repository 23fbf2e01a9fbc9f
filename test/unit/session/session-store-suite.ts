import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { Store } from 'express-session'
import { until } from '../../support/until.js'
import type { OpenKit } from './kits.js'
import { testsOfIndex, testsOfOwnPart } from './session-own-suite.js'
import { testsOfExpress } from './session-express-suite.js'
import { testsOfLife } from './session-life-suite.js'
import { badgeOf, begin, loaded, methodsOf, newSession, withStores, type At } from './session-kit.js'

/** What holds of a `SessionStore` on whatever keeps its records. */
export function sessionStoreSuite(title: string, open: OpenKit): void {
  describe(title, () => {
    const at = withStores(open)
    describe('the contract of express-session', () => testsOfContract(at))
    describe('spoilt records', () => testsOfSpoiltRecords(at))
    describe('the own part', () => testsOfOwnPart(at))
    describe('sessions under a key', () => testsOfIndex(at))
    describe('life', () => testsOfLife(at))
    describe('requests of express-session', () => testsOfExpress(at))
  })
}

function testsOfContract(at: () => At): void {
  test('SE-04 it is a Store, and has no touch', () => {
    expect(at().store).toBeInstanceOf(Store)
    expect('touch' in at().store).toBe(false)
  })

  test('it gives null for a session that it does not have, and ends none', async () => {
    const { get, destroy } = methodsOf(at().store)
    expect(await get('never')).toBeNull()
    await expect(destroy('never')).resolves.toBeUndefined()
    expect(await at().store.end('never')).toBeUndefined()
    expect(await at().store.hold('never')).toBeUndefined()
  })

  test('what is set is there in every process, until it is destroyed in any', async () => {
    const { store, elsewhere, holder } = at()
    const sid = await begin(store, badgeOf(holder), { basket: ['tea'] })
    for (const one of [store, elsewhere])
      expect(await methodsOf(one).get(sid)).toMatchObject({ basket: ['tea'], badge: badgeOf(holder) })
    await methodsOf(elsewhere).destroy(sid)
    for (const one of [store, elsewhere]) expect(await methodsOf(one).get(sid)).toBeNull()
  })

  test('set and destroy do without a callback', async () => {
    const { store } = at()
    const sid = randomUUID()
    const look = () => methodsOf(store).get(sid)
    store.set(sid, newSession({ note: 'x' }))
    await until(async () => (await look()) ?? undefined)
    store.destroy(sid)
    await until(async () => ((await look()) === null ? true : undefined))
  })

  test('SE-04 what express-session makes of it has a cookie without an end', async () => {
    const { store, holder } = at()
    const { session } = await loaded(store, await begin(store, badgeOf(holder)))
    expect(session.cookie.maxAge ?? null).toBeNull()
    expect(session.cookie.originalMaxAge).toBeNull()
  })

  test('each request has a copy of its own of what the app keeps', async () => {
    const { store, holder } = at()
    const sid = await begin(store, badgeOf(holder), { basket: ['tea'] })
    const [one, other] = [await loaded(store, sid), await loaded(store, sid)]
    const basket = one.session.basket as string[]
    basket.push('coffee')
    one.session.note = 'mine'
    expect([other.session.basket, other.session.note]).toEqual([['tea'], undefined])
    expect(await methodsOf(store).get(sid)).not.toHaveProperty('note')
  })

  test.each(['__proto__', 'constructor', 'toString', 'cookie'])(
    'an app may keep something as %s',
    async (name) => {
      const { store, holder } = at()
      const given = newSession({ badge: badgeOf(holder) })
      Object.defineProperty(given, name, { value: 'mine', enumerable: true, configurable: true })
      const sid = randomUUID()
      await methodsOf(store).set(sid, given)
      const found = await methodsOf(store).get(sid)
      const value: unknown = Object.getOwnPropertyDescriptor(found ?? {}, name)?.value
      // The cookie is express-session's, and never what the app says.
      expect(value).toEqual(name === 'cookie' ? { originalMaxAge: null } : 'mine')
      expect(found?.badge).toEqual(badgeOf(holder))
    },
  )
}

function testsOfSpoiltRecords(at: () => At): void {
  const SPOILT = [
    '{',
    '',
    'null',
    '[]',
    '"x"',
    '7',
    '{}',
    '{"data":7,"createdAt":1}',
    '{"data":"{}","createdAt":"x"}',
    '{"data":"{","createdAt":1}',
    '\u0000\u0001',
  ]
  /** A session whose record holds something else. */
  async function spoil(value: string): Promise<{ sid: string; key: string }> {
    const { kit, store, holder } = at()
    const sid = await begin(store, badgeOf(holder))
    const key = `session:${store.idOf(sid)}`
    await kit.records.replace(key, await kit.records.get(key), value)
    return { sid, key }
  }

  test.each(SPOILT)('SE-15 a record that holds %j is no session, and it is dropped', async (value) => {
    const { kit, store, holder } = at()
    const { sid, key } = await spoil(value)
    expect(await methodsOf(store).get(sid)).toBeNull()
    expect(await kit.records.get(key)).toBeUndefined()
    await begin(store, badgeOf(holder))
    expect(await store.find(holder)).toHaveLength(1)
  })

  test.each(SPOILT)('SE-15 a record that holds %j is in nobody’s way', async (value) => {
    const { store, holder } = at()
    const { sid } = await spoil(value)
    const good = await begin(store, badgeOf(holder))
    expect(await store.hold(sid)).toBeUndefined()
    expect(await store.find(holder)).toHaveLength(1)
    expect(await store.endAll(holder, () => true)).toHaveLength(1)
    expect(await methodsOf(store).get(good)).toBeNull()
    expect(await store.end(sid)).toBeUndefined()
  })

  test('SE-15 a record with an own part that is not one of ours is no session, not even an anonymous one', async () => {
    const { kit, store, holder } = at()
    const own = { later: 'version' }
    const { sid } = await spoil(JSON.stringify({ own, data: '{"note":"x"}', createdAt: kit.now() }))
    expect(await methodsOf(store).get(sid)).toBeNull()
    expect(await store.find(holder)).toEqual([])
  })
}
