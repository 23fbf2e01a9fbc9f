import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { LoginSession } from '../../../src/login/login-session.js'
import { createLogoutMemory, type LogoutMemory } from '../../../src/login/logout-memory.js'
import type { Ended } from '../../../src/login/session-keys.js'
import { memoryKit, redisKit, type Kit, type OpenKit } from '../session/kits.js'

const ISSUER = 'https://id.example'
/** Milliseconds; more than the tests themselves take. */
const MOMENT = 5000
const OVERTAKING = 300_000
/** When the ID tokens of these logins were issued, in seconds by the provider's clock. */
const IAT = 1_000_000

describe.each<[string, OpenKit]>([
  ['MemoryRecords', memoryKit],
  ['RedisRecords', redisKit],
])('what is known of logouts, on %s', (_name, open) => {
  let kit: Kit
  let memory: LogoutMemory
  /** The same in another process. */
  let elsewhere: LogoutMemory
  let sid: string
  let sub: string

  beforeAll(async () => {
    kit = await open()
    memory = createLogoutMemory(kit.records, kit.now)
    elsewhere = createLogoutMemory(kit.elsewhere, kit.now)
  })
  afterAll(() => kit.close())
  beforeEach(() => {
    sid = randomUUID()
    sub = randomUUID()
  })

  const login = (changes: { sid?: unknown; subject?: string; issuer?: string } = {}): LoginSession => {
    const { issuer = ISSUER, subject = sub, ...claims } = { sid, ...changes }
    return { issuer, subject, claims: { sub: subject, iat: IAT, ...claims } } as unknown as LoginSession
  }
  const ended = (changes: Partial<Ended>): Ended => ({
    issuer: ISSUER,
    sid: undefined,
    sub: undefined,
    ...changes,
  })
  const hasOvertaken = (found: LoginSession, begunAt = kit.now() - 1000): Promise<boolean> =>
    elsewhere.hasOvertaken(found, begunAt)

  test('BL-01 a logout token that was used is known on every process, as long as it could be used again', async () => {
    expect(await elsewhere.hasHeard(sid)).toBe(false)
    await memory.hear(sid, 60_000)
    expect([await memory.hasHeard(sid), await elsewhere.hasHeard(sid)]).toEqual([true, true])
    expect(await elsewhere.hasHeard(`${sid}x`)).toBe(false)
    await kit.pass(60_000 - MOMENT)
    expect(await elsewhere.hasHeard(sid)).toBe(true)
    await kit.pass(MOMENT)
    expect(await elsewhere.hasHeard(sid)).toBe(false)
  })

  test('a token that is heard again is known for the newer time', async () => {
    await memory.hear(sid, 10_000)
    await memory.hear(sid, 60_000)
    await kit.pass(30_000)
    expect(await elsewhere.hasHeard(sid)).toBe(true)
  })

  test('BL-14 a logout of another session, person, issuer, or of both apart, has overtaken nobody', async () => {
    await memory.note(ended({ sid: randomUUID() }))
    await memory.note(ended({ sub: randomUUID() }))
    await memory.note(ended({ sid, issuer: `${ISSUER}/` }))
    await memory.note(ended({ sub, issuer: `${ISSUER}/` }))
    // The one's session with the other's name.
    await memory.note(ended({ sid, sub: randomUUID() }))
    // What names a person is not what names a session.
    await memory.note(ended({ sid: sub }))
    await memory.note(ended({ sub: sid }))
    expect(await hasOvertaken(login())).toBe(false)
    expect(await hasOvertaken(login({ sid: undefined }))).toBe(false)
    expect(await hasOvertaken(login({ sid: 7 }))).toBe(false)
  })

  test.each<[string, (of: { sid: string; sub: string }) => Partial<Ended>]>([
    ['its session', ({ sid: sessionId }) => ({ sid: sessionId })],
    ['its session and person', (of) => of],
    ['its person', ({ sub: person }) => ({ sub: person })],
  ])('P-10 a logout of %s has overtaken the login that was begun before', async (_what, of) => {
    await memory.note(ended(of({ sid, sub })))
    expect(await hasOvertaken(login())).toBe(true)
  })

  test('BL-02 who signs in again after the logout of all their sessions is signed in', async () => {
    await memory.note(ended({ sub }))
    expect(await hasOvertaken(login(), kit.now() + 1000)).toBe(false)
    // The session of the provider does not come back.
    await memory.note(ended({ sid }))
    expect(await hasOvertaken(login(), kit.now() + 1000)).toBe(true)
  })

  test('P-17 what the provider issued is compared by its clock: two processes of ours may differ', async () => {
    // By ours the logout was long before the login was begun, by the provider's it was not, and the other way round.
    for (const [issuedAt, begunAt, expected] of [
      // In the same second of the provider's, ours decides.
      [IAT, kit.now() + 60_000, false],
      [IAT, kit.now(), true],
      [IAT + 1, kit.now() + 60_000, true],
      [IAT - 1, kit.now() - 60_000, false],
    ] as const) {
      await memory.note(ended({ sub }), issuedAt)
      expect(await hasOvertaken(login(), begunAt)).toBe(expected)
    }
    await memory.note(ended({ sid }), IAT - 1)
    expect(await hasOvertaken(login())).toBe(true)
  })

  test('a second logout of a person counts, too', async () => {
    await memory.note(ended({ sub }))
    await kit.pass(10_000)
    const begunAt = kit.now()
    await kit.pass(10_000)
    expect(await hasOvertaken(login(), begunAt)).toBe(false)
    await memory.note(ended({ sub }))
    expect(await hasOvertaken(login(), begunAt)).toBe(true)
  })

  test('ST-03 it is forgotten when no login can be under way any more', async () => {
    await memory.note(ended({ sid }))
    const begunAt = kit.now() - 1000
    await kit.pass(OVERTAKING - MOMENT)
    expect(await hasOvertaken(login(), begunAt)).toBe(true)
    await kit.pass(MOMENT)
    expect(await hasOvertaken(login(), begunAt)).toBe(false)
  })

  test('as many at once as there may be', async () => {
    await Promise.all([
      ...Array.from({ length: 5 }, () => memory.note(ended({ sid }))),
      ...Array.from({ length: 5 }, () => elsewhere.note(ended({ sid }))),
      ...Array.from({ length: 5 }, () => elsewhere.hear(sid, 60_000)),
    ])
    expect([await hasOvertaken(login()), await memory.hasHeard(sid)]).toEqual([true, true])
  })
})
