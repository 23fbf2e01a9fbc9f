import { beforeEach, describe, expect, test } from '@jest/globals'
import { LoginError } from '../../../src/login/errors.js'
import type { LoginSession } from '../../../src/login/login-session.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { until } from '../../support/until.js'
import { BEFORE, Bench, LIFE, SID } from './refresh-bench.js'

const AWAY = new ProviderError('provider_unavailable', 'no connection')
const REFUSED = new LoginError('refresh_refused', 'invalid_grant')

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})

/** The call that is made next. */
async function called(number = 1): Promise<Bench['calls'][number]> {
  return until(() => bench.calls[number - 1])
}
const tokensOf = (login: LoginSession | undefined): unknown[] => [
  login?.tokens.accessToken,
  login?.tokens.refreshToken,
]

describe('tokens that are not due', () => {
  test('are given as they are, and nobody is asked', async () => {
    const login = await bench.begin(1)
    bench.isStoreAway = true
    expect(await bench.process().fresh(SID, login)).toBe(login)
    expect(bench.calls).toHaveLength(0)
  })

  test('without a refresh token are given as they are, even when they are over', async () => {
    const { tokens, ...rest } = await bench.begin()
    const login = { ...rest, tokens: { ...tokens, refreshToken: undefined } }
    bench.pass(LIFE)
    expect(await bench.process().fresh(SID, login)).toBe(login)
    expect(bench.calls).toHaveLength(0)
  })
})

describe('tokens that are due', () => {
  test('C003-05 are renewed, stored, and given', async () => {
    const login = await bench.begin()
    const fresh = bench.process().fresh(SID, login)
    const call = await called()
    expect(tokensOf(call.login)).toEqual(['access-0', 'refresh-0'])
    call.succeed()
    const renewed = await fresh
    expect(renewed).toEqual({
      ...login,
      scope: ['openid', 'email'],
      tokens: {
        accessToken: 'access-1',
        refreshToken: 'refresh-1',
        idToken: 'id-1',
        obtainedAt: bench.now,
        expiresAt: bench.now + LIFE * 1000,
      },
    })
    expect(await bench.held()).toEqual(renewed)
    expect(bench.abandoned).toEqual([])
    expect(bench.outcomes).toEqual(['renewed'])
  })

  test('RF-01 P-8 are renewed once for all requests of a process, and for late ones with the old state', async () => {
    const login = await bench.begin()
    const refresher = bench.process()
    const requests = Array.from({ length: 20 }, () => refresher.fresh(SID, login))
    ;(await called()).succeed()
    const all = await Promise.all(requests)
    expect(new Set(all.map((each) => each?.tokens.accessToken))).toEqual(new Set(['access-1']))
    expect(tokensOf(await refresher.fresh(SID, login))).toEqual(['access-1', 'refresh-1'])
    expect(bench.calls).toHaveLength(1)
    expect(bench.outcomes).toEqual(['renewed', 'shared'])
  })

  test.each([0, LIFE])(
    'RF-01 P-8 are renewed once for all processes: those that wait look at the session (%d s later)',
    async (later) => {
      const login = await bench.begin()
      bench.pass(later)
      const requests = Array.from({ length: 4 }, () => bench.process().fresh(SID, login))
      ;(await called()).succeed()
      const all = await Promise.all(requests)
      expect(all.map(tokensOf)).toEqual(Array.from({ length: 4 }, () => ['access-1', 'refresh-1']))
      expect(bench.calls).toHaveLength(1)
      expect([...bench.outcomes].sort()).toEqual(['renewed', 'shared', 'shared', 'shared'])
    },
  )

  test('those of one session wait for nobody of another', async () => {
    const login = await bench.begin()
    const refresher = bench.process()
    const other = refresher.fresh('another-session', login)
    const mine = refresher.fresh(SID, login)
    ;(await called()).succeed()
    expect(tokensOf(await mine)).toEqual(['access-1', 'refresh-1'])
    // It is not in the store.
    expect(await other).toBeUndefined()
    expect(bench.calls).toHaveLength(1)
  })
})

describe('a sign-out while tokens are renewed', () => {
  test('P-10 wins: the session stays over, for who called and who waited', async () => {
    const login = await bench.begin()
    const caller = bench.process().fresh(SID, login)
    const call = await called()
    const waiter = bench.process().fresh(SID, login)
    await bench.store.end(SID)
    call.succeed()
    expect(await Promise.all([caller, waiter])).toEqual([undefined, undefined])
    expect(await bench.held()).toBeUndefined()
    expect(bench.records.size('session')).toBe(0)
    // Nobody would end them any more.
    expect(bench.abandoned.map(tokensOf)).toEqual([['access-1', 'refresh-1']])
  })
})

describe('a refusal', () => {
  test.each([REFUSED, new LoginError('id_token_invalid', 'another person')])(
    'RF-02 P-9 ends the session, and the log says why: $code',
    async (error) => {
      const login = await bench.begin()
      const fresh = bench.process().fresh(SID, login)
      ;(await called()).fail(error)
      expect(await fresh).toBeUndefined()
      expect(await bench.held()).toBeUndefined()
      expect(bench.outcomes).toEqual(['ended'])
      expect(bench.logged).toEqual([
        expect.objectContaining({
          code: 'session_ended',
          sub: 'person',
          reason: `${error.code}: ${error.message}`,
        }),
      ])
    },
  )

  test('P-9 is not believed when the session has been renewed meanwhile', async () => {
    const login = await bench.begin()
    const fresh = bench.process().fresh(SID, login)
    const call = await called()
    const held = await bench.store.hold(SID)
    if (held === undefined) throw new Error('no session')
    const newer = {
      ...login,
      tokens: { ...login.tokens, refreshToken: 'newer', expiresAt: bench.now + 300_000 },
    }
    expect(await bench.store.replaceOwn(SID, held, newer)).toBe(true)
    call.fail(REFUSED)
    expect(tokensOf(await fresh)).toEqual(['access-0', 'newer'])
    expect(tokensOf(await bench.held())).toEqual(['access-0', 'newer'])
    expect(bench.outcomes).toEqual(['shared'])
  })
})

describe('a failure', () => {
  const FAILURES = [
    AWAY,
    new LoginError('client_refused', 'the secret was changed'),
    new LoginError('token_response_invalid', 'no JSON'),
  ]

  test.each(FAILURES)(
    'RF-02 P-9 ends no session; while the token is good it serves: $code',
    async (error) => {
      const login = await bench.begin()
      const fresh = bench.process().fresh(SID, login)
      ;(await called()).fail(error)
      expect(await fresh).toBe(login)
      expect(tokensOf(await bench.held())).toEqual(['access-0', 'refresh-0'])
      expect(bench.outcomes).toEqual(['failed'])
      expect(bench.logged).toEqual([expect.objectContaining({ code: error.code, reason: error.message })])
    },
  )

  test.each(FAILURES)('RF-02 P-3 is told when the token is over: $code', async (error) => {
    const login = await bench.begin()
    bench.pass(BEFORE)
    const fresh = bench.process().fresh(SID, login)
    ;(await called()).fail(error)
    await expect(fresh).rejects.toBe(error)
    expect(await bench.held()).toBeDefined()
  })

  test('a bug is not taken for one', async () => {
    const login = await bench.begin()
    const fresh = bench.process().fresh(SID, login)
    const bug = new TypeError('a bug')
    ;(await called()).fail(bug)
    await expect(fresh).rejects.toBe(bug)
  })

  test('P-4 is remembered for 2 s while the token is good, by every process', async () => {
    const login = await bench.begin()
    const one = bench.process()
    const other = bench.process()
    const first = one.fresh(SID, login)
    ;(await called()).fail(AWAY)
    await first
    bench.pass(1.999)
    const { asked } = bench
    expect(await one.fresh(SID, login)).toBe(login)
    // In its own process not even the store is asked.
    expect(bench.asked).toBe(asked)
    expect(await other.fresh(SID, login)).toBe(login)
    expect(bench.calls).toHaveLength(1)
    bench.pass(2.001)
    const again = one.fresh(SID, login)
    ;(await called(2)).succeed()
    expect(tokensOf(await again)).toEqual(['access-2', 'refresh-2'])
  })

  test('P-2 when the token is over it is tried again at once, on whatever process', async () => {
    const login = await bench.begin()
    const one = bench.process()
    const first = one.fresh(SID, login)
    ;(await called()).fail(AWAY)
    await first
    bench.pass(BEFORE)
    const second = one.fresh(SID, login)
    ;(await called(2)).fail(AWAY)
    await expect(second).rejects.toBe(AWAY)
    const third = bench.process().fresh(SID, login)
    ;(await called(3)).succeed()
    expect(tokensOf(await third)).toEqual(['access-3', 'refresh-3'])
  })

  test('P-8 those who wait for a call that fails are told so, and do not call one after the other', async () => {
    const login = await bench.begin()
    bench.pass(BEFORE)
    const caller = bench.process().fresh(SID, login)
    const call = await called()
    const waiting = Array.from({ length: 3 }, () => bench.process().fresh(SID, login))
    const told = Promise.allSettled([caller, ...waiting])
    call.fail(AWAY)
    expect((await told).map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    expect(bench.calls).toHaveLength(1)
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: 'provider_unavailable' })
  })
})

describe('an ID token that there is no key to judge by', () => {
  const unjudged = { refreshToken: 'refresh-1', error: new ProviderError('provider_keys_unusable', 'no key') }

  test('P-9 the session stays as it was, with the new refresh token, which is the one that is sent next', async () => {
    const login = await bench.begin()
    const refresher = bench.process()
    const first = refresher.fresh(SID, login)
    ;(await called()).answer({ unjudged })
    expect(await first).toBe(login)
    const { tokens, ...rest } = login
    expect(await bench.held()).toEqual({ ...rest, tokens: { ...tokens, refreshToken: 'refresh-1' } })
    expect(bench.outcomes).toEqual(['failed'])
    bench.pass(2.001)
    const second = refresher.fresh(SID, login)
    expect(tokensOf((await called(2)).login)).toEqual(['access-0', 'refresh-1'])
    bench.calls[1]?.succeed()
    expect(tokensOf(await second)).toEqual(['access-2', 'refresh-2'])
  })

  test('RF-02 is a failure when the token is over', async () => {
    const login = await bench.begin()
    bench.pass(BEFORE)
    const fresh = bench.process().fresh(SID, login)
    ;(await called()).answer({ unjudged })
    await expect(fresh).rejects.toBe(unjudged.error)
    expect(tokensOf(await bench.held())).toEqual(['access-0', 'refresh-1'])
  })
})
