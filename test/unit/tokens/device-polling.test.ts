import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { devicePolling } from '../../../src/tokens/device-polling.js'
import { TokenError, type TokenErrorCode } from '../../../src/tokens/errors.js'
import type { TokenSet } from '../../../src/tokens/token-set.js'

const TOKENS: TokenSet = { accessToken: 'a', tokenType: 'bearer', obtainedAt: 0, expiresAt: 1 }
type Fate =
  | 'tokens'
  | 'authorization_pending'
  | 'slow_down'
  | '503'
  | 'silence'
  | 'access_denied'
  | 'expired_token'
  | 'refused'

const failure = (code: TokenErrorCode, error: string): TokenError =>
  new TokenError(code, error, { status: 400, error })
const FAILURES: Readonly<Record<Exclude<Fate, 'tokens'>, TokenError>> = {
  authorization_pending: failure('grant_refused', 'authorization_pending'),
  slow_down: failure('grant_refused', 'slow_down'),
  '503': failure('unavailable', 'temporarily_unavailable'),
  silence: failure('unavailable', 'temporarily_unavailable'),
  access_denied: failure('access_denied', 'access_denied'),
  expired_token: failure('expired_token', 'expired_token'),
  refused: failure('grant_refused', 'invalid_grant'),
}

interface Play {
  readonly interval?: number | undefined
  readonly expiresIn?: number
  readonly fates?: readonly Fate[]
  /** Seconds that each poll takes. */
  readonly takes?: number
}

/** Polls on a clock of its own; in seconds, when each poll began, and how it ended. */
async function play({ interval, expiresIn = 600, fates = [], takes = 0 }: Play) {
  let now = 1_700_000_000_000
  const begin = now
  const polls: number[] = []
  const outcome: unknown = await devicePolling({
    interval,
    expiresIn,
    abandoned: new AbortController().signal,
    now: () => now,
    sleep: (milliseconds) => {
      now += Math.max(0, milliseconds)
      return Promise.resolve()
    },
    poll: () => {
      polls.push((now - begin) / 1000)
      now += takes * 1000
      const fate = fates[polls.length - 1] ?? 'authorization_pending'
      return fate === 'tokens' ? Promise.resolve(TOKENS) : Promise.reject(FAILURES[fate])
    },
  }).catch((error: unknown) => error)
  return { polls, outcome, ended: (now - begin) / 1000 }
}

describe('polling for the tokens of a device', () => {
  test('CL-06 as often as told, 5 s where nothing is, and tokens end it', async () => {
    const fates: Fate[] = ['authorization_pending', 'authorization_pending', 'tokens']
    expect(await play({ interval: undefined, fates })).toMatchObject({ polls: [5, 10, 15], outcome: TOKENS })
    expect(await play({ interval: 7, fates })).toMatchObject({ polls: [7, 14, 21], outcome: TOKENS })
  })

  test('CL-06 each slow_down adds 5 s, for good', async () => {
    const fates: Fate[] = [
      'slow_down',
      'authorization_pending',
      'slow_down',
      'authorization_pending',
      'tokens',
    ]
    expect((await play({ interval: 5, fates })).polls).toEqual([5, 15, 25, 40, 55])
  })

  test('CL-06 an outage is waited out, ever slower, and the pace is that of before when it is over', async () => {
    const fates: Fate[] = ['503', 'silence', '503', '503', '503', 'authorization_pending', 'tokens']
    const { polls, outcome } = await play({ fates })
    expect(polls).toEqual([5, 15, 35, 75, 135, 195, 200])
    expect(outcome).toBe(TOKENS)
  })

  test('CL-06 an outage makes nobody faster than he was told', async () => {
    expect((await play({ interval: 90, fates: ['503', '503', 'tokens'] })).polls).toEqual([90, 180, 270])
  })

  test('CL-06 nobody is asked after expires_in: the end is then, and not later', async () => {
    for (const [interval, expiresIn] of [
      [1e9, 600],
      [5, 12],
      [5, 5],
      [undefined, 3],
    ] as const) {
      const { polls, outcome, ended } = await play({ interval, expiresIn })
      expect(outcome).toMatchObject({ code: 'expired_token', error: 'expired_token' })
      expect(ended).toBe(expiresIn)
      expect(polls.filter((at) => at >= expiresIn)).toEqual([])
    }
  })

  test('CL-06 a refusal ends it at once, as it is', async () => {
    for (const fate of ['access_denied', 'expired_token', 'refused'] as const) {
      const { polls, outcome } = await play({ fates: ['authorization_pending', fate] })
      expect(outcome).toBe(FAILURES[fate])
      expect(polls).toHaveLength(2)
    }
  })

  test('CL-06 what is no answer of the server ends it, too', async () => {
    const own = new RangeError('a mistake')
    const polling = devicePolling({
      interval: 1,
      expiresIn: 10,
      abandoned: new AbortController().signal,
      now: () => 0,
      sleep: () => Promise.resolve(),
      poll: () => Promise.reject(own),
    })
    await expect(polling).rejects.toBe(own)
  })

  test('CL-06 who leaves ends it at once, before the first poll and while one is waited for', async () => {
    for (const before of [true, false]) {
      const leaving = new AbortController()
      const reason = new Error('Ctrl-C')
      let polls = 0
      if (before) leaving.abort(reason)
      const polling = devicePolling({
        interval: 0.001,
        expiresIn: 600,
        abandoned: leaving.signal,
        now: Date.now,
        poll: () => {
          if (++polls === 3) leaving.abort(reason)
          return Promise.reject(FAILURES.authorization_pending)
        },
      })
      await expect(polling).rejects.toBe(reason)
      expect(polls).toBe(before ? 0 : 3)
    }
  })

  test('CL-06 whatever is answered: never two polls closer than told, and an end at expires_in at the latest', async () => {
    const fates = fc.array(fc.constantFrom<Fate>('authorization_pending', 'slow_down', '503', 'silence'), {
      maxLength: 40,
    })
    const interval = fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(
        fates,
        interval,
        fc.integer({ min: 1, max: 2000 }),
        fc.nat({ max: 6 }),
        async (answers, told, expiresIn, takes) => {
          const { polls, ended } = await play({ interval: told, expiresIn, fates: answers, takes })
          let least = told ?? 5
          let last = 0
          for (const [index, at] of polls.entries()) {
            expect(at - last).toBeGreaterThanOrEqual(least)
            if (answers[index] === 'slow_down') least += 5
            last = at + takes
          }
          expect(ended).toBeLessThanOrEqual(expiresIn + takes)
          expect(ended).toBeGreaterThanOrEqual(expiresIn)
        },
      ),
      { numRuns: 500 },
    )
  })
})
