import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import {
  createPendingLogins,
  type PendingLogin,
  type PendingLogins,
} from '../../../src/login/pending-logins.js'
import { MemoryRecords, type Bounds } from '../../../src/session/memory-records.js'
import type { Records } from '../../../src/session/records.js'
import { memoryKit, redisKit, type Kit, type OpenKit } from '../session/kits.js'

const TIMEOUT = 1800
const LIMIT = 3
const REMEMBER = 36_000
/** Seconds; more than the tests themselves take. */
const MOMENT = 5

const login = (returnTo = '/hello'): PendingLogin => ({ nonce: 'nonce', codeVerifier: 'verifier', returnTo })
const over = (records: Records, now: () => number): PendingLogins =>
  createPendingLogins({ records, timeout: TIMEOUT, limit: LIMIT, remember: REMEMBER, now })

describe.each<[string, OpenKit]>([
  ['MemoryRecords', memoryKit],
  ['RedisRecords', redisKit],
])('pending logins on %s', (_name, open) => {
  let kit: Kit
  let logins: PendingLogins
  /** The same in another process. */
  let elsewhere: PendingLogins
  let browser: string
  const pass = (seconds: number): Promise<void> => kit.pass(seconds * 1000)

  beforeAll(async () => {
    kit = await open()
    logins = over(kit.records, kit.now)
    elsewhere = over(kit.elsewhere, kit.now)
  })
  afterAll(() => kit.close())
  beforeEach(() => {
    browser = randomUUID()
  })

  test('FL-05 knows nothing of a state that was never added', async () => {
    await logins.add(browser, 'state', login())
    for (const state of ['', 'stat', 'state1', 'STATE', '__proto__'])
      expect(await logins.take(browser, state)).toEqual({ kind: 'unknown' })
    expect(await logins.take(browser, 'state')).toEqual({ kind: 'pending', login: login() })
  })

  test('FL-04 gives a login to the browser that began it only, on whatever process, and keeps it for that one', async () => {
    await logins.add(browser, 'state', login())
    for (const other of ['', 'b', browser.slice(1)])
      expect(await elsewhere.take(other, 'state')).toEqual({ kind: 'unknown' })
    expect(await elsewhere.take(browser, 'state')).toEqual({ kind: 'pending', login: login() })
  })

  test('FL-06 gives a login once, on two processes at once, and then says where it led', async () => {
    await logins.add(browser, 'state', login('/there'))
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? logins : elsewhere).take(browser, 'state')),
    )
    expect(taken.filter(({ kind }) => kind === 'pending')).toHaveLength(1)
    expect(taken.filter(({ kind }) => kind === 'spent')).toHaveLength(9)
    expect(await elsewhere.take(browser, 'state')).toEqual({ kind: 'spent', returnTo: '/there' })
  })

  test('SU-01 SU-03 SU-07 gives back what was asked for, whole', async () => {
    const asked = {
      ...login(),
      maxAge: 60,
      strength: { acr: ['2fa'], maxAge: 60 },
      action: 'UPDATE_PASSWORD',
    }
    await logins.add(browser, 'state', asked)
    expect(await elsewhere.take(browser, 'state')).toEqual({ kind: 'pending', login: asked })
  })

  test('FL-13 a login is over at its timeout, is still recognised, and is forgotten in the end', async () => {
    await logins.add(browser, 'state', login('/there'))
    await pass(TIMEOUT - MOMENT)
    await logins.add(browser, 'later', login())
    await pass(MOMENT)
    expect(await logins.take(browser, 'state')).toEqual({ kind: 'expired', returnTo: '/there' })
    expect(await logins.take(browser, 'later')).toMatchObject({ kind: 'pending' })
    expect(await logins.take(browser, 'state')).toEqual({ kind: 'expired', returnTo: '/there' })
  })

  test('FL-13 ST-03 a browser that does nothing is forgotten at twice the timeout', async () => {
    await logins.add(browser, 'state', login())
    await pass(2 * TIMEOUT - MOMENT)
    expect(await logins.take(browser, 'state')).toMatchObject({ kind: 'expired' })
    await pass(MOMENT)
    expect(await logins.take(browser, 'state')).toEqual({ kind: 'unknown' })
  })

  test('FL-12 ST-03 a finished login is recognised as long as a session may last', async () => {
    await logins.add(browser, 'state', login())
    await logins.take(browser, 'state')
    await pass(REMEMBER - MOMENT)
    expect(await logins.take(browser, 'state')).toMatchObject({ kind: 'spent' })
    await pass(MOMENT)
    expect(await logins.take(browser, 'state')).toEqual({ kind: 'unknown' })
  })

  test('FL-18 C003-13 keeps the newest, up to the limit, and finishes each', async () => {
    for (const state of ['1', '2', '3', '4', '5']) await logins.add(browser, state, login(`/${state}`))
    const kinds = []
    for (const state of ['1', '2', '3', '4', '5']) kinds.push((await logins.take(browser, state)).kind)
    expect(kinds).toEqual(['unknown', 'unknown', 'pending', 'pending', 'pending'])
  })

  test('C003-13 logins that are begun at the same time are all there', async () => {
    const states = ['1', '2', '3']
    await Promise.all(states.map((state, at) => (at === 0 ? elsewhere : logins).add(browser, state, login())))
    for (const state of states) expect(await logins.take(browser, state)).toMatchObject({ kind: 'pending' })
  })

  test('FL-18 what is over does not push out what is pending', async () => {
    await logins.add(browser, 'first', login())
    for (let at = 0; at < 10; at++) {
      await logins.add(browser, `s${at}`, login())
      await logins.take(browser, `s${at}`)
    }
    expect(await logins.take(browser, 'first')).toMatchObject({ kind: 'pending' })
    expect(await logins.take(browser, 's9')).toMatchObject({ kind: 'spent' })
    expect(await logins.take(browser, 's0')).toEqual({ kind: 'unknown' })
  })
})

describe('pending logins: what is written', () => {
  let now = 1_700_000_000_000
  const create = (bounds?: Bounds) => {
    const records = new MemoryRecords({ now: () => now, ...(bounds && { bounds: { login: bounds } }) })
    return { records, logins: over(records, () => now) }
  }

  test('ST-01 neither the state nor what the browser has', async () => {
    const { records } = create()
    const written: string[] = []
    const replace: Records['replace'] = (key, before, value, life) => {
      written.push(key, value)
      return records.replace(key, before, value, life)
    }
    const spied = { get: records.get.bind(records), replace } as Records
    const logins = over(spied, () => now)
    await logins.add('the-browser', 'the-state', login())
    await logins.take('the-browser', 'the-state')
    expect(written).toHaveLength(4)
    expect(written.join()).not.toMatch(/the-browser|the-state/)
  })

  test('FL-06 nothing of a login that was taken but where it led', async () => {
    const { records, logins } = create()
    await logins.add('browser', 'state', login('/there'))
    let last = ''
    const replace: Records['replace'] = (key, before, value, life) => {
      last = value
      return records.replace(key, before, value, life)
    }
    await over({ get: records.get.bind(records), replace } as Records, () => now).take('browser', 'state')
    expect(last).toContain('/there')
    expect(last).not.toMatch(/nonce|verifier/)
  })

  test('RE-14 never holds more browsers than it may, and keeps the newest', async () => {
    const { records, logins } = create({ maxEntries: 100, maxBytes: Infinity })
    for (let at = 0; at < 1000; at++) {
      await logins.add(`browser-${at}`, 'state', login())
      expect(records.size('login')).toBeLessThanOrEqual(100)
    }
    expect(await logins.take('browser-999', 'state')).toMatchObject({ kind: 'pending' })
    expect(await logins.take('browser-0', 'state')).toEqual({ kind: 'unknown' })
  })

  test('RE-14 long places to return to count', async () => {
    const { records, logins } = create({ maxEntries: 1000, maxBytes: 100_000 })
    for (let at = 0; at < 1000; at++)
      await logins.add(`browser-${at}`, 'state', login(`/${'x'.repeat(1900)}`))
    expect(records.size('login')).toBeLessThanOrEqual(50)
    expect(records.size('login')).toBeGreaterThan(15)
  })

  test('RE-14 by default ten thousand browsers at most', async () => {
    const { records, logins } = create()
    for (let at = 0; at < 10_100; at++) await logins.add(`browser-${at}`, 'state', login())
    expect(records.size('login')).toBe(10_000)
  })

  test('RE-14 browsers that never came back are dropped when others come', async () => {
    const { records, logins } = create()
    for (let at = 0; at < 50; at++) await logins.add(`browser-${at}`, 'state', login())
    now += (2 * TIMEOUT + 60) * 1000
    await logins.add('another', 'state', login())
    expect(records.size('login')).toBe(1)
  })
})
