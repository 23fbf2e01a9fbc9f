import { beforeEach, describe, expect, test } from '@jest/globals'
import {
  MemoryPendingLogins,
  type PendingLogin,
  type PendingLogins,
} from '../../../src/login/pending-logins.js'

const TIMEOUT = 1800
const LIMIT = 3
const REMEMBER = 36_000

let now: number
const login = (returnTo = '/hello'): PendingLogin => ({ nonce: 'nonce', codeVerifier: 'verifier', returnTo })
const pass = (seconds: number): void => {
  now += seconds * 1000
}

/** The rules of every implementation. */
describe.each<[string, () => PendingLogins]>([
  [
    'MemoryPendingLogins',
    () => new MemoryPendingLogins({ timeout: TIMEOUT, limit: LIMIT, remember: REMEMBER, now: () => now }),
  ],
])('%s', (_name, create) => {
  let logins: PendingLogins
  beforeEach(() => {
    now = 1_700_000_000_000
    logins = create()
  })

  test('FL-05 knows nothing of a state that was never added', async () => {
    await logins.add('browser', 'state', login())
    for (const state of ['', 'stat', 'state1', 'STATE', '__proto__'])
      expect(await logins.take('browser', state)).toEqual({ kind: 'unknown' })
    expect(await logins.take('browser', 'state')).toEqual({ kind: 'pending', login: login() })
  })

  test('gives a login to the browser that began it only, and goes on keeping it for that one', async () => {
    await logins.add('a', 'state', login())
    expect(await logins.take('b', 'state')).toEqual({ kind: 'unknown' })
    expect(await logins.take('a', 'state')).toMatchObject({ kind: 'pending' })
  })

  test('FL-06 gives a login once, and then says where it led', async () => {
    await logins.add('browser', 'state', login('/there'))
    const taken = await Promise.all(Array.from({ length: 5 }, () => logins.take('browser', 'state')))
    expect(taken.map(({ kind }) => kind).sort()).toEqual(['pending', 'spent', 'spent', 'spent', 'spent'])
    expect(await logins.take('browser', 'state')).toEqual({ kind: 'spent', returnTo: '/there' })
  })

  test('FL-13 a login is over at its timeout, is still recognised, and is forgotten in the end', async () => {
    await logins.add('browser', 'state', login('/there'))
    pass(TIMEOUT - 0.001)
    await logins.add('browser', 'later', login())
    pass(0.001)
    expect(await logins.take('browser', 'state')).toEqual({ kind: 'expired', returnTo: '/there' })
    expect(await logins.take('browser', 'later')).toMatchObject({ kind: 'pending' })
    expect(await logins.take('browser', 'state')).toEqual({ kind: 'expired', returnTo: '/there' })
  })

  test('FL-13 a browser that does nothing is forgotten at twice the timeout', async () => {
    await logins.add('browser', 'state', login())
    pass(2 * TIMEOUT - 0.001)
    expect(await logins.take('browser', 'state')).toMatchObject({ kind: 'expired' })
    pass(0.001)
    expect(await logins.take('browser', 'state')).toEqual({ kind: 'unknown' })
  })

  test('FL-12 a finished login is recognised as long as a session may last', async () => {
    await logins.add('browser', 'state', login())
    await logins.take('browser', 'state')
    pass(REMEMBER - 0.001)
    expect(await logins.take('browser', 'state')).toMatchObject({ kind: 'spent' })
    pass(0.001)
    expect(await logins.take('browser', 'state')).toEqual({ kind: 'unknown' })
  })

  test('FL-18 C003-13 keeps the newest, up to the limit, and finishes each', async () => {
    for (const state of ['1', '2', '3', '4', '5']) await logins.add('browser', state, login(`/${state}`))
    const kinds = []
    for (const state of ['1', '2', '3', '4', '5']) kinds.push((await logins.take('browser', state)).kind)
    expect(kinds).toEqual(['unknown', 'unknown', 'pending', 'pending', 'pending'])
  })

  test('FL-18 what is over does not push out what is pending', async () => {
    await logins.add('browser', 'first', login())
    for (let at = 0; at < 10; at++) {
      await logins.add('browser', `s${at}`, login())
      await logins.take('browser', `s${at}`)
    }
    expect(await logins.take('browser', 'first')).toMatchObject({ kind: 'pending' })
    expect(await logins.take('browser', 's9')).toMatchObject({ kind: 'spent' })
    expect(await logins.take('browser', 's0')).toEqual({ kind: 'unknown' })
  })
})

describe('MemoryPendingLogins: memory', () => {
  const create = (options: { maxEntries?: number; maxBytes?: number } = {}) =>
    new MemoryPendingLogins({
      timeout: TIMEOUT,
      limit: LIMIT,
      remember: REMEMBER,
      now: () => now,
      ...options,
    })

  test('RE-14 never holds more browsers than it may, and keeps the newest', async () => {
    const logins = create({ maxEntries: 100 })
    for (let at = 0; at < 1000; at++) {
      await logins.add(`browser-${at}`, 'state', login())
      expect(logins.size).toBeLessThanOrEqual(100)
    }
    expect(await logins.take('browser-999', 'state')).toMatchObject({ kind: 'pending' })
    expect(await logins.take('browser-0', 'state')).toEqual({ kind: 'unknown' })
  })

  test('RE-14 long places to return to count', async () => {
    const logins = create({ maxBytes: 100_000 })
    for (let at = 0; at < 1000; at++)
      await logins.add(`browser-${at}`, 'state', login(`/${'x'.repeat(1900)}`))
    expect(logins.size).toBeLessThanOrEqual(50)
    expect(logins.size).toBeGreaterThan(20)
  })

  test('RE-14 by default ten thousand browsers at most', async () => {
    const logins = create()
    for (let at = 0; at < 10_100; at++) await logins.add(`browser-${at}`, 'state', login())
    expect(logins.size).toBe(10_000)
  })

  test('RE-14 browsers that never came back are dropped when others come', async () => {
    const logins = create()
    for (let at = 0; at < 50; at++) await logins.add(`browser-${at}`, 'state', login())
    pass(2 * TIMEOUT + 60)
    await logins.add('another', 'state', login())
    expect(logins.size).toBe(1)
  })
})
