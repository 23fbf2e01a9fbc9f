import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { memoryKit, redisKit, type RedisKit } from './kits.js'
import { badgeOf, begin, IDLE, loaded, methodsOf, newSession, newStore } from './session-kit.js'
import { sessionStoreSuite } from './session-store-suite.js'

sessionStoreSuite('SessionStore in memory', memoryKit)
sessionStoreSuite('SessionStore in Redis', redisKit)

describe('SessionStore: what there is in Redis', () => {
  let kit: RedisKit
  beforeAll(async () => {
    kit = await redisKit()
  })
  afterAll(() => kit.close())
  beforeEach(() => kit.server.flush())

  test('ST-03 after 200 sessions of every fate each key has a life, and at the end none is left', async () => {
    const store = newStore(kit.records, kit)
    for (let i = 0; i < 200; i++) {
      const sid = await begin(store, badgeOf(`holder ${i % 20}`))
      const req = await loaded(store, sid)
      const held = await store.hold(sid)
      if (held === undefined) throw new Error('not held')
      if (i % 5 === 0) await store.end(sid)
      if (i % 5 === 1) await store.replaceOwn(sid, held, badgeOf('somebody else'))
      req.session.note = 'x'
      await methodsOf(store).set(sid, req.session)
      if (i % 5 === 2) await kit.pass(IDLE * 150)
      await store.keepAlive(req)
      if (i % 5 === 3) await methodsOf(store).set(randomUUID(), newSession({ note: 'anonymous' }))
    }
    await store.endAll('holder 4', () => true)
    const keys = await kit.server.keys()
    expect(keys.length).toBeGreaterThan(20)
    for (const key of keys) {
      const left = Number(await kit.server.command('PTTL', key))
      // The index outlives what it names, by any process's clock.
      const most = key.includes(':session:') ? IDLE * 1000 : IDLE * 2000 + 60_000
      expect([key, left > 0 && left <= most]).toEqual([key, true])
    }
    await kit.pass(IDLE * 2000 + 60_000)
    expect(await kit.server.keys()).toEqual([])
  })

  test('ST-01 a session id opens nothing that is named like it, and nothing of a session is readable', async () => {
    const store = newStore(kit.records, kit)
    const sid = await begin(store, badgeOf('Ada', 'a-token'), { note: 'private' })
    const keys = await kit.server.keys()
    const dump = await Promise.all(
      keys.map(async (key) => {
        const isSet = (await kit.server.command('TYPE', key)) === 'zset'
        return kit.server.command(...(isSet ? ['ZRANGE', key, '0', '-1'] : ['GET', key]))
      }),
    )
    const all = JSON.stringify([keys, dump])
    expect(keys.length).toBe(3)
    for (const word of [sid, 'Ada', 'a-token', 'private', 'badge', 'createdAt'])
      expect(all).not.toContain(word)
  })
})
