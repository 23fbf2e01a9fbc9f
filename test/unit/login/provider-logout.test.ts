import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { importJWK, type CryptoKey } from 'jose'
import type { LoginSession } from '../../../src/login/login-session.js'
import { createLogoutMemory, type LogoutMemory } from '../../../src/login/logout-memory.js'
import { createProviderLogout, type ProviderLogout } from '../../../src/login/provider-logout.js'
import { endedKey, sessionKeys } from '../../../src/login/session-keys.js'
import { SessionError } from '../../../src/session/errors.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import { createSigningKey, sign, type SigningKey } from '../../support/signing.js'

const NOW = 1_700_000_000
const ISSUER = 'https://id.example'
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

/** The sessions at the beginning, by their `sid`. */
const ALL = ['1', '2', '3', undefined]

let key: SigningKey
let publicKey: CryptoKey
let sessions: LoginSession[]
let records: MemoryRecords
let memory: LogoutMemory
let logout: ProviderLogout
let isAway: boolean

beforeAll(async () => {
  key = await createSigningKey('ES256')
  publicKey = (await importJWK(key.publicJwk)) as CryptoKey
})
beforeEach(() => {
  const now = (): number => NOW * 1000
  sessions = [login('a', '1'), login('a', '2'), login('b', '3'), login('b', undefined)]
  records = new MemoryRecords({ now })
  memory = createLogoutMemory(records, now)
  isAway = false
  logout = createProviderLogout({
    issuer: ISSUER,
    clientId: 'us',
    keys: { find: () => Promise.resolve(publicKey), findNewer: () => Promise.resolve(undefined) },
    clockTolerance: 30,
    now,
    memory,
    store: {
      endAll(sessionKey, isMeant) {
        if (isAway) return Promise.reject(new SessionError('session_store_unavailable', 'away'))
        const ended = sessions.filter((each) => sessionKeys(each).includes(sessionKey) && isMeant(each))
        sessions = sessions.filter((each) => !ended.includes(each))
        return Promise.resolve(ended)
      },
    },
  })
})

function login(subject: string, sid: string | undefined): LoginSession {
  return { issuer: ISSUER, subject, claims: { sub: subject, sid, iat: NOW } } as unknown as LoginSession
}
const left = (): unknown[] => sessions.map(({ claims }) => claims['sid'])
const ask = (query: string): Promise<number> => logout.byRequest(new URLSearchParams(query))
const token = (claims: Record<string, unknown>): Promise<string> =>
  sign({ iss: ISSUER, aud: 'us', iat: NOW, exp: NOW + 120, jti: 'jti', events: EVENTS, ...claims }, key, {
    typ: 'logout+jwt',
  })
const iss = `iss=${encodeURIComponent(ISSUER)}`

describe('a front-channel request (Front-Channel Logout 1.0 §2)', () => {
  test.each([
    ['nothing', ''],
    ['no iss', 'sid=1'],
    ['no sid', iss],
    ['an empty sid', `${iss}&sid=`],
    ['an empty iss', 'iss=&sid=1'],
    ['another issuer', 'iss=https%3A%2F%2Fother.example&sid=1'],
    ['our issuer with a slash', `${iss}%2F&sid=1`],
    ['our issuer in another case', `${iss.toUpperCase()}&sid=1`],
    ['iss twice', `${iss}&${iss}&sid=1`],
    ['another iss beside ours', `${iss}&iss=x&sid=1`],
    ['sid twice', `${iss}&sid=1&sid=1`],
    ['two sids', `${iss}&sid=1&sid=2`],
    ['a sid as a list', `${iss}&sid[]=1`],
  ])('AC-06 with %s is refused, and ends no session', async (_name, query) => {
    await expect(ask(query)).rejects.toMatchObject({ code: 'invalid_logout_request', status: 400 })
    expect(left()).toEqual(ALL)
    expect(records.size('logout')).toBe(0)
  })

  test('AC-06 for a session that nobody has ends none', async () => {
    expect(await ask(`${iss}&sid=4`)).toBe(0)
    expect(left()).toEqual(ALL)
  })

  test('AC-06 ends exactly the session that it names, and nothing is remembered of it: anybody may send one', async () => {
    expect(await ask(`${iss}&sid=1&more=x`)).toBe(1)
    expect(left()).toEqual(['2', '3', undefined])
    expect(records.size('logout')).toBe(0)
  })
})

describe('a logout token', () => {
  test('BL-03 that fails a check ends no session, and the error names the check only', async () => {
    const failed = logout.byToken(await token({ sid: '1', aud: 'them' }))
    await expect(failed).rejects.toMatchObject({ code: 'invalid_logout_token', status: 400 })
    await expect(failed).rejects.toThrow(/^the logout token failed a check \(aud: /)
    expect(left()).toEqual(ALL)
    expect(await memory.hasHeard('jti')).toBe(false)
  })

  test.each<[string, Record<string, unknown>, unknown[]]>([
    ['BL-01 sid', { sid: '1' }, ['2', '3', undefined]],
    ['BL-01 sid and sub', { sid: '1', sub: 'a' }, ['2', '3', undefined]],
    ['BL-02 sub', { sub: 'a' }, ['3', undefined]],
    ['BL-11 a sid that nobody has', { sid: '4' }, ALL],
    ['BL-01 the sid and sub of a person with a session that names none', { sid: '3', sub: 'b' }, ['1', '2']],
    ['BL-14 the sid of one and the sub of another', { sid: '1', sub: 'c' }, ALL],
  ])('%s ends what it names', async (_name, claims, remaining) => {
    const { ended, subject } = await logout.byToken(await token(claims))
    expect([ended, subject]).toEqual([ALL.length - remaining.length, claims['sub']])
    expect(left()).toEqual(remaining)
  })

  test('BL-01 is taken once', async () => {
    const used = await token({ sid: '1' })
    await logout.byToken(used)
    sessions = [login('a', '1')]
    await expect(logout.byToken(used)).rejects.toMatchObject({ code: 'invalid_logout_token' })
    expect(left()).toEqual(['1'])
  })

  test('P-10 may be sent again when the store was away, and what it ended is noted before it is searched for', async () => {
    const sent = await token({ sid: '1' })
    isAway = true
    await expect(logout.byToken(sent)).rejects.toMatchObject({ code: 'session_store_unavailable' })
    expect(await memory.hasOvertaken(login('a', '1'), 0)).toBe(true)
    isAway = false
    expect(await logout.byToken(sent)).toEqual({ ended: 1, subject: undefined })
    expect(endedKey({ issuer: ISSUER, sid: '1', sub: undefined })).toBe(sessionKeys(login('a', '1'))[1])
  })
})
