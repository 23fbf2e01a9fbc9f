import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocks, type HeldLock, type Locks } from '../../../src/session/lock.js'
import { until } from '../../support/until.js'
import type { Kit, OpenKit } from './kits.js'

/** Milliseconds; short, as the tests wait for it to be over. */
export const LEASE = 300

export function held(lock: HeldLock | string): HeldLock {
  if (typeof lock === 'string') throw new Error(`the lock is ${lock}`)
  return lock
}

/** Whether somebody has it. What was taken to find out is given back. */
export async function isTaken(locks: Locks, name: string): Promise<boolean> {
  const lock = await locks.tryTake(name)
  if (typeof lock === 'object') await lock.release()
  return lock === 'taken'
}

/** Looks again and again until `milliseconds` are over; what it has seen. */
export async function watch<T>(milliseconds: number, look: () => Promise<T>): Promise<Set<T>> {
  const seen = new Set<T>()
  const end = Date.now() + milliseconds
  await until(async () => {
    seen.add(await look())
    return Date.now() > end ? true : undefined
  }, milliseconds * 3)
  return seen
}

export const free = (locks: Locks, name: string): Promise<boolean> =>
  until(async () => ((await isTaken(locks, name)) ? undefined : true), 5000)

export function lockSuite(title: string, open: OpenKit): void {
  describe(title, () => {
    let kit: Kit
    let locks: Locks
    let elsewhere: Locks
    let name: string
    beforeAll(async () => {
      kit = await open()
      locks = createLocks({ records: kit.records, lease: LEASE })
      elsewhere = createLocks({ records: kit.elsewhere, lease: LEASE })
    })
    afterAll(() => kit.close())
    beforeEach(() => {
      name = randomUUID()
    })

    test('P-8 of many who want it at once, in every process, one has it', async () => {
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 ? locks : elsewhere).tryTake(name)),
      )
      const [winner, ...others] = results.filter((lock) => typeof lock === 'object')
      expect(others).toEqual([])
      expect(results.filter((lock) => lock === 'taken')).toHaveLength(39)
      await held(winner ?? 'free').release()
    })

    test('P-8 it is held for longer than its lease, until it is released; then it is free at once', async () => {
      const lock = held(await locks.tryTake(name))
      expect(await watch(LEASE * 4, () => isTaken(elsewhere, name))).toEqual(new Set([true]))
      await lock.release()
      expect(await isTaken(elsewhere, name)).toBe(false)
    })

    test('another name is another lock', async () => {
      const lock = held(await locks.tryTake(name))
      expect(await isTaken(elsewhere, `${name}x`)).toBe(false)
      await lock.release()
    })

    test('a holder who has lost it takes it from nobody, however it ends', async () => {
      const key = `lock:${name}`
      for (const end of ['release', 'rest'] as const) {
        const lost = held(await locks.tryTake(name))
        const taken = await until(async () =>
          kit.elsewhere.replace(key, await kit.elsewhere.get(key), 'another holder', 60_000),
        )
        // It tries to renew meanwhile what it believes to have.
        const holders = await watch(LEASE, async () => (await kit.records.get(key))?.value)
        await (end === 'release' ? lost.release() : lost.rest(60_000))
        holders.add((await kit.records.get(key))?.value)
        expect(holders).toEqual(new Set(['another holder']))
        expect(await locks.tryTake(name, { alsoResting: true })).toBe('taken')
        expect(await kit.elsewhere.remove(key, taken)).toBeDefined()
      }
    })

    test('released twice, it does not take the lock from whoever has it next', async () => {
      const lock = held(await locks.tryTake(name))
      await lock.release()
      const next = held(await elsewhere.tryTake(name))
      await lock.release()
      await lock.rest(60_000)
      expect(await locks.tryTake(name, { alsoResting: true })).toBe('taken')
      await next.release()
    })

    test('RF-02 at rest nobody takes it, in any process, but who must', async () => {
      await held(await locks.tryTake(name)).rest(60_000)
      expect([await locks.tryTake(name), await elsewhere.tryTake(name)]).toEqual(['resting', 'resting'])
      const results = await Promise.all(
        [locks, elsewhere, locks].map((one) => one.tryTake(name, { alsoResting: true })),
      )
      const urgent = results.filter((lock) => typeof lock === 'object')
      expect(urgent).toHaveLength(1)
      expect(results.filter((lock) => lock === 'taken')).toHaveLength(2)
      expect(await locks.tryTake(name)).toBe('taken')
      await urgent[0]?.release()
      expect(await isTaken(elsewhere, name)).toBe(false)
    })

    test('RF-02 a rest ends by itself, neither sooner nor later, also one longer than a lease', async () => {
      for (const life of [60_000, LEASE / 2]) {
        await held(await locks.tryTake(name)).rest(life)
        await kit.pass(life - Math.min(life / 2, 5000))
        expect(await elsewhere.tryTake(name)).toBe('resting')
        await kit.pass(Math.min(life / 2, 5000))
        await held(await elsewhere.tryTake(name)).release()
      }
    })
  })
}
