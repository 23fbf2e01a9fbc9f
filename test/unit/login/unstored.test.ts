import { beforeEach, describe, expect, test } from '@jest/globals'
import type { LoginSession } from '../../../src/login/login-session.js'
import { until } from '../../support/until.js'
import { BEFORE, Bench, SID } from './refresh-bench.js'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})

/** The first call. */
async function called(): Promise<Bench['calls'][number]> {
  return until(() => bench.calls[0])
}
const tokensOf = (login: LoginSession | undefined): unknown[] => [
  login?.tokens.accessToken,
  login?.tokens.refreshToken,
]

describe('a store that is away', () => {
  test('P-12 the token serves while it is good, and then it is said what is away', async () => {
    const login = await bench.begin()
    bench.isStoreAway = true
    expect(await bench.process().fresh(SID, login)).toBe(login)
    bench.pass(BEFORE)
    await expect(bench.process().fresh(SID, login)).rejects.toMatchObject({
      code: 'session_store_unavailable',
    })
    expect(bench.calls).toHaveLength(0)
  })

  test('P-13 what was renewed while it went away is stored when it is back, by itself', async () => {
    const login = await bench.begin()
    bench.losesSession = true
    const fresh = bench.process().fresh(SID, login)
    ;(await called()).succeed()
    expect(await fresh).toBe(login)
    expect(tokensOf(await bench.held())).toEqual(['access-0', 'refresh-0'])
    bench.losesSession = bench.isStoreAway = false
    await until(async () => (await bench.held())?.tokens.refreshToken === 'refresh-1' || undefined, 3000)
    expect(tokensOf(await bench.held())).toEqual(['access-1', 'refresh-1'])
  })

  test('P-13 the spent token is not sent again, neither meanwhile nor by the first request after', async () => {
    const login = await bench.begin()
    bench.losesSession = true
    const refresher = bench.process()
    const first = refresher.fresh(SID, login)
    ;(await called()).succeed()
    await first
    bench.pass(BEFORE)
    await expect(refresher.fresh(SID, login)).rejects.toMatchObject({ code: 'session_store_unavailable' })
    bench.losesSession = bench.isStoreAway = false
    expect(tokensOf(await refresher.fresh(SID, login))).toEqual(['access-1', 'refresh-1'])
    expect(bench.calls).toHaveLength(1)
  })

  test('P-10 P-13 a session that was ended meanwhile stays so', async () => {
    const login = await bench.begin()
    bench.losesSession = true
    const refresher = bench.process()
    const first = refresher.fresh(SID, login)
    ;(await called()).succeed()
    await first
    await bench.store.end(SID)
    bench.losesSession = bench.isStoreAway = false
    bench.pass(BEFORE)
    expect(await refresher.fresh(SID, login)).toBeUndefined()
    expect(bench.records.size('session')).toBe(0)
  })
})
