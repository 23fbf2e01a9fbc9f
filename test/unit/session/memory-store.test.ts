import { beforeEach, describe, expect, test } from '@jest/globals'
import { Cookie, Store, type SessionData } from 'express-session'
import { MemoryStore } from '../../../src/session/memory-store.js'

const IDLE = 1800
const ABSOLUTE = 36_000

let now: number
let store: MemoryStore
beforeEach(() => {
  now = 1_700_000_000_000
  store = new MemoryStore({ idleTimeout: IDLE, absoluteTimeout: ABSOLUTE, now: () => now })
})
const pass = (seconds: number): void => {
  now += seconds * 1000
}

declare module 'express-session' {
  interface SessionData {
    thing?: unknown
  }
}

const session = (thing: unknown = 'x'): SessionData => ({ cookie: new Cookie(), thing })
function get(of: Store, sid: string): Promise<SessionData | null | undefined> {
  return new Promise((resolve, reject) => {
    of.get(sid, (error: unknown, found) => (error ? reject(new Error('store')) : resolve(found)))
  })
}
const set = (of: Store, sid: string, data: SessionData): Promise<unknown> =>
  new Promise((resolve) => of.set(sid, data, resolve))
const destroy = (of: Store, sid: string): Promise<unknown> =>
  new Promise((resolve) => of.destroy(sid, resolve))

describe('MemoryStore: the contract of express-session', () => {
  test('is a Store, and has no touch', () => {
    expect(store).toBeInstanceOf(Store)
    expect('touch' in store).toBe(false)
  })

  test('gives null for a session that it does not have', async () => {
    expect(await get(store, 'a')).toBeNull()
    expect(await store.endsAt('a')).toBeUndefined()
    await expect(store.keepAlive('a')).resolves.toBeUndefined()
    expect(store.size).toBe(0)
  })

  test('set, get and destroy call back without an error', async () => {
    expect(await set(store, 'a', session())).toBeUndefined()
    expect(await get(store, 'a')).toMatchObject({ thing: 'x' })
    expect(await destroy(store, 'a')).toBeUndefined()
    expect(await get(store, 'a')).toBeNull()
  })

  test('set and destroy do without a callback', async () => {
    store.set('a', session())
    expect(await get(store, 'a')).not.toBeNull()
    store.destroy('a')
    expect(await get(store, 'a')).toBeNull()
  })

  test('SE-04 what express-session makes of it has a cookie without an end', async () => {
    await set(store, 'a', session())
    const found = await get(store, 'a')
    expect(found?.cookie).toEqual({ originalMaxAge: null })
  })

  test('keeps no cookie, and leaves the session it was given as it was', async () => {
    const given = session()
    await set(store, 'a', given)
    expect(given.cookie).toBeInstanceOf(Cookie)
  })

  test('keeps values as they are, without a copy', async () => {
    const thing = Object.freeze({ deep: {} })
    await set(store, 'a', session(thing))
    expect((await get(store, 'a'))?.thing).toBe(thing)
  })

  test('what is put on a session that was read stays there only when it is set', async () => {
    await set(store, 'a', session('old'))
    const read = await get(store, 'a')
    if (read) read.thing = 'new'
    expect((await get(store, 'a'))?.thing).toBe('old')
  })
})

describe('MemoryStore: times', () => {
  test('SE-04 an idle session ends, to the millisecond', async () => {
    await set(store, 'a', session())
    pass(IDLE - 0.001)
    expect(await get(store, 'a')).not.toBeNull()
    pass(0.001)
    expect(await get(store, 'a')).toBeNull()
    expect(store.size).toBe(0)
  })

  test('SE-04 AC-04 reading does not prolong it, keepAlive and set do', async () => {
    await set(store, 'a', session())
    pass(1000)
    await get(store, 'a')
    expect(await store.endsAt('a')).toBe(now + (IDLE - 1000) * 1000)
    await store.keepAlive('a')
    expect(await store.endsAt('a')).toBe(now + IDLE * 1000)
    pass(1000)
    await set(store, 'a', session())
    expect(await store.endsAt('a')).toBe(now + IDLE * 1000)
  })

  test('SE-04 a busy session ends, whatever keeps it alive', async () => {
    await set(store, 'a', session())
    for (let second = 0; second < ABSOLUTE - 1000; second += 1000) {
      pass(1000)
      await store.keepAlive('a')
      await set(store, 'a', session())
    }
    expect(await store.endsAt('a')).toBe(now + 1000 * 1000)
    pass(999.999)
    expect(await get(store, 'a')).not.toBeNull()
    await store.keepAlive('a')
    pass(0.001)
    expect(await get(store, 'a')).toBeNull()
  })

  test('SE-04 keepAlive does not bring back a session that is over', async () => {
    await set(store, 'a', session())
    pass(IDLE)
    await store.keepAlive('a')
    expect(await get(store, 'a')).toBeNull()
  })

  test('a session under an id that was used before begins anew', async () => {
    await set(store, 'a', session())
    pass(IDLE)
    await set(store, 'a', session())
    expect(await store.endsAt('a')).toBe(now + IDLE * 1000)
  })

  test('an absolute time below the idle time counts', async () => {
    const short = new MemoryStore({ idleTimeout: 100, absoluteTimeout: 10, now: () => now })
    await set(short, 'a', session())
    expect(await short.endsAt('a')).toBe(now + 10_000)
  })
})

describe('MemoryStore: memory', () => {
  test('RE-14 holds no more sessions than it may', async () => {
    const small = new MemoryStore({
      idleTimeout: IDLE,
      absoluteTimeout: ABSOLUTE,
      maxEntries: 10,
      now: () => now,
    })
    for (let at = 0; at < 100; at++) await set(small, `s${at}`, session())
    expect(small.size).toBe(10)
    expect(await get(small, 's99')).not.toBeNull()
    expect(await get(small, 's0')).toBeNull()
  })

  test('RE-14 a session in use outlives those that are not', async () => {
    const small = new MemoryStore({
      idleTimeout: IDLE,
      absoluteTimeout: ABSOLUTE,
      maxEntries: 3,
      now: () => now,
    })
    for (const sid of ['a', 'b', 'c']) await set(small, sid, session())
    await small.keepAlive('a')
    await set(small, 'd', session())
    expect([await get(small, 'a'), await get(small, 'b')]).toEqual([expect.anything(), null])
  })

  test('RE-14 large sessions count for what they hold, at any depth', async () => {
    const small = new MemoryStore({
      idleTimeout: IDLE,
      absoluteTimeout: ABSOLUTE,
      maxBytes: 100_000,
      now: () => now,
    })
    for (let at = 0; at < 100; at++)
      await set(small, `s${at}`, session({ tokens: [{ access: 'x'.repeat(9000) }] }))
    expect(small.size).toBe(10)
  })

  test('RE-14 a session larger than all there is is not kept', async () => {
    const small = new MemoryStore({
      idleTimeout: IDLE,
      absoluteTimeout: ABSOLUTE,
      maxBytes: 1000,
      now: () => now,
    })
    await set(small, 'a', session('x'.repeat(2000)))
    expect(small.size).toBe(0)
  })
})
