import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocks, type Locks } from '../../../src/session/lock.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import { until } from '../../support/until.js'
import { memoryKit, redisKit, type RedisKit } from './kits.js'
import { free, held, isTaken, LEASE, lockSuite, watch } from './lock-suite.js'

lockSuite('locks in memory', memoryKit)
lockSuite('locks in Redis', redisKit)

describe('locks while some renewals fail', () => {
  /** Whether a renewal is lost on its way there, or its answer on the way back. */
  class Lossy extends MemoryRecords {
    loses: 'nothing' | 'call' | 'answer' = 'nothing'
    lost = 0

    override async replace(...args: Parameters<MemoryRecords['replace']>) {
      if (this.loses === 'nothing') return super.replace(...args)
      if (this.loses === 'answer') await super.replace(...args)
      this.lost += 1
      throw new Error('lost')
    }
  }

  test.each(['call', 'answer'] as const)(
    'it is held when the %s is lost, and released well',
    async (what) => {
      const records = new Lossy()
      const locks = createLocks({ records, lease: LEASE })
      const lock = held(await locks.tryTake('x'))
      records.loses = what
      await until(() => (records.lost > 0 ? true : undefined))
      records.loses = 'nothing'
      expect(await watch(LEASE * 3, () => isTaken(locks, 'x'))).toEqual(new Set([true]))
      await lock.release()
      expect(await isTaken(locks, 'x')).toBe(false)
    },
  )
})

describe('locks while Redis fails', () => {
  let kit: RedisKit
  let locks: Locks
  let elsewhere: Locks
  const withLease = (lease: number): void => {
    locks = createLocks({ records: kit.records, lease })
    elsewhere = createLocks({ records: kit.elsewhere, lease })
  }
  beforeEach(async () => {
    kit = await redisKit()
    withLease(LEASE)
  })
  afterEach(() => kit.close())

  test('P-16 a lock whose holder is gone is free after its lease, and not before', async () => {
    withLease(1500)
    held(await locks.tryTake('x'))
    const begun = Date.now()
    // As when the process is killed: nothing of it reaches Redis any more.
    await kit.records.close()
    await free(elsewhere, 'x')
    const took = Date.now() - begun
    expect([took > 1000, took < 2500]).toEqual([true, true])
  })

  test('a Redis that does not answer for a moment does not take it from its holder', async () => {
    withLease(1200)
    const lock = held(await locks.tryTake('x'))
    kit.server.pause()
    await watch(600, () => Promise.resolve(true))
    kit.server.resume()
    expect(await watch(2400, () => isTaken(elsewhere, 'x'))).toEqual(new Set([true]))
    await lock.release()
    expect(await isTaken(elsewhere, 'x')).toBe(false)
  })

  test('a Redis that has lost everything learns of it again from its holder, if nobody else was quicker', async () => {
    const lock = held(await locks.tryTake('x'))
    await kit.server.restart()
    const know = async () =>
      (await kit.elsewhere.get('lock:x').catch(() => undefined)) !== undefined || undefined
    await until(know, 5000)
    expect(await watch(LEASE * 2, () => isTaken(elsewhere, 'x'))).toEqual(new Set([true]))
    await lock.release()
    expect(await isTaken(elsewhere, 'x')).toBe(false)
  })

  test.each(['release', 'rest'] as const)('%s does not fail while Redis is away', async (end) => {
    const lock = held(await locks.tryTake('x'))
    await kit.server.kill()
    const begun = Date.now()
    await expect(end === 'release' ? lock.release() : lock.rest(1000)).resolves.not.toThrow()
    expect(Date.now() - begun).toBeLessThan(2000)
    await expect(elsewhere.tryTake('x')).rejects.toMatchObject({ code: 'session_store_unavailable' })
  })
})
