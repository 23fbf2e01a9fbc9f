import { describe, expect, test } from '@jest/globals'
import { Cookie, type SessionData } from 'express-session'
import { MemoryStore } from '../../../src/session/memory-store.js'
import { SessionIndex } from '../../../src/session/session-index.js'

describe('SessionIndex', () => {
  test('finds the sessions under each of their keys', () => {
    const index = new SessionIndex()
    index.add('s1', ['a', 'b'])
    index.add('s2', ['b'])
    index.add('s2', ['b'])
    expect(['a', 'b', 'c'].map((key) => index.find(key))).toEqual([['s1'], ['s1', 's2'], []])
  })

  test('keeps nothing of what is removed, and removing twice does nothing', () => {
    const index = new SessionIndex()
    index.add('s1', ['a', 'b'])
    index.add('s2', ['b'])
    for (let i = 0; i < 2; i++) index.remove('s1', ['a', 'b', 'c'])
    expect([index.find('a'), index.find('b'), index.size]).toEqual([[], ['s2'], 1])
    index.remove('s2', ['b'])
    expect(index.size).toBe(0)
  })

  test('takes any text as a key, and what it found does not change with it', () => {
    const index = new SessionIndex()
    index.add('s1', ['__proto__', ''])
    const found = index.find('__proto__')
    index.remove('s1', ['__proto__'])
    expect([found, index.find('__proto__'), index.find(''), index.find('toString')]).toEqual([
      ['s1'],
      [],
      ['s1'],
      [],
    ])
  })
})

describe('MemoryStore.endAll', () => {
  const session = (keys: readonly string[]): SessionData => Object.assign({ cookie: new Cookie() }, { keys })
  const clock = { now: 1_700_000_000_000 }
  const makeStore = (limits: { maxEntries?: number; maxBytes?: number } = {}): MemoryStore =>
    new MemoryStore({
      idleTimeout: 60,
      absoluteTimeout: 600,
      keysOf: (data) => (data as { keys?: readonly string[] }).keys ?? [],
      now: () => clock.now,
      ...limits,
    })
  const all = (): boolean => true
  const has = (store: MemoryStore, sid: string): boolean => {
    let found: unknown
    store.get(sid, (_error, data) => (found = data))
    return found !== null
  }

  test('BL-01 BL-02 ends what is under the key and is meant, and counts it', async () => {
    const store = makeStore()
    store.set('s1', session(['a']))
    store.set('s2', session(['a', 'b']))
    store.set('s3', session(['b']))
    expect(await store.endAll('a', (data) => (data as { keys?: string[] }).keys?.length === 2)).toBe(1)
    expect(['s1', 's2', 's3'].map((sid) => has(store, sid))).toEqual([true, false, true])
    expect([await store.endAll('b', all), await store.endAll('b', all), store.size]).toEqual([1, 0, 1])
  })

  test('a session is found under the keys it was written with last', async () => {
    const store = makeStore()
    store.set('s1', session(['a']))
    store.set('s1', session(['b']))
    expect([await store.endAll('a', all), await store.endAll('b', all)]).toEqual([0, 1])
  })

  test('does not count what has expired, been destroyed or been pushed out', async () => {
    const store = makeStore({ maxEntries: 2 })
    for (const sid of ['s1', 's2', 's3']) store.set(sid, session(['a']))
    store.destroy('s2')
    expect(await store.endAll('a', all)).toBe(1)
    store.set('s4', session(['a']))
    clock.now += 61_000
    expect(await store.endAll('a', all)).toBe(0)
  })

  test('what has ended is not written again, until nobody can be writing it any more', async () => {
    const store = makeStore()
    store.set('s1', session(['a']))
    await store.endAll('a', all)
    store.set('s1', session(['a']))
    expect([has(store, 's1'), await store.endAll('a', all)]).toEqual([false, 0])
    clock.now += 600_001
    store.set('s1', session(['a']))
    expect(has(store, 's1')).toBe(true)
  })
})
