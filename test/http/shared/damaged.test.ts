import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createSeal } from '../../../src/session/seal.js'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, type TestApp } from '../../support/test-app.js'
import { keysOf, sessionKeyOf, startShared, stopShared, TwoApps } from '../../support/two-apps.js'
import { logoutToken, personWithSession, tell } from '../logout/logout-tokens.js'

const SECRET = 'a-session-secret-of-the-tests-of-32-characters'

let provider: ScriptedProvider
let redis: RedisServer
let apps: TwoApps
/** For it, everybody's tokens are due. */
let later: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
  apps = await TwoApps.start(provider, redis.url)
  const { publicUrl } = apps.a
  later = await startShared(provider, redis.url, { publicUrl, now: () => Date.now() + 280_000 })
})
afterEach(async () => {
  provider.reset()
  await redis.flush()
})
afterAll(async () => {
  await apps.stop()
  await stopShared(later)
  await redis.stop()
  await provider.close()
})

type Damage = (key: string) => Promise<unknown>
const script =
  (lua: string): Damage =>
  async (key) => {
    await redis.command('DEL', key)
    return redis.command('EVAL', lua, '1', key)
  }
const text =
  (value: string): Damage =>
  async (key) => {
    await redis.command('DEL', key)
    return redis.command('SET', key, value)
  }
/** As if one of us had written it: it opens. */
const sealed =
  (value: string): Damage =>
  (key) =>
    text(createSeal([SECRET]).close(key, value))(key)

const NONSENSE: readonly [string, Damage][] = [
  ['an empty text', text('')],
  ['{', text('{')],
  ['null', text('null')],
  ['[]', text('[]')],
  ['"x"', text('"x"')],
  ['{}', text('{}')],
  [
    'binary',
    script(`local s = '' for i = 0, 255 do s = s .. string.char(i) end redis.call('SET', KEYS[1], s)`),
  ],
  ['a list', script(`redis.call('RPUSH', KEYS[1], 'x')`)],
  ['a hash', script(`redis.call('HSET', KEYS[1], 'x', 'y')`)],
  ['a set', script(`redis.call('SADD', KEYS[1], 'x')`)],
  ['a sorted set', script(`redis.call('ZADD', KEYS[1], 1, 'x', 2, '__proto__', 3, '')`)],
  ['a stream', script(`redis.call('XADD', KEYS[1], '*', 'x', 'y')`)],
  ['5 MB', script(`redis.call('SET', KEYS[1], string.rep('x', 5 * 1024 * 1024))`)],
  ['5 MB of line breaks', script(`redis.call('SET', KEYS[1], string.rep(string.char(10), 5 * 1024 * 1024))`)],
]
/** Nobody writes these without our secrets, but another version of ours may have. */
const SEALED = ['', '{', 'null', '[]', '"x"', '{}', '7', '{"data":"{","createdAt":1}'].map(
  (value): [string, Damage] => [`what opens and is ${value || 'empty'}`, sealed(value)],
)

async function expectHonestLogin(jar: Jar): Promise<void> {
  const person = newPerson()
  expect((await apps.b.signIn(provider, jar, person)).status).toBe(303)
  expect(await apps.ids(jar)).toEqual([person.sub, person.sub])
}

describe('SE-15 a session’s record', () => {
  test.each([...NONSENSE, ...SEALED])(
    'SE-15 set to %s: nobody is signed in, the record is dropped, signing in again works',
    async (_name, damage) => {
      const first = new Jar()
      await apps.a.signIn(provider, first)
      const key = await sessionKeyOf(redis, first)
      for (const [path, headers, status] of [
        ['/hello', NAVIGATION, 302],
        ['/api/whoami', SCRIPT, 401],
        ['/session', SCRIPT, 401],
        ['/', NAVIGATION, 200],
      ] as const)
        for (const app of apps.both) {
          await damage(key)
          const answer = await app.send(path, { jar: first.copy(), headers })
          expect([path, answer.status]).toEqual([path, status])
          expect(await redis.command('EXISTS', key)).toBe(0)
        }
      for (const act of [
        (jar: Jar) => apps.b.signOut(jar),
        (jar: Jar) => apps.a.signIn(provider, jar),
        (jar: Jar) => apps.a.navigate('/account', jar),
      ]) {
        await damage(key)
        expect([302, 303]).toContain((await act(first.copy())).status)
      }
      await damage(key)
      await expectHonestLogin(first)
    },
  )
})

describe('SE-15 a browser’s pending logins', () => {
  test.each([...NONSENSE, ...SEALED])(
    'SE-15 set to %s: the callback is 400, the next login works',
    async (_name, damage) => {
      const jar = new Jar()
      const callback = provider.approve((await apps.a.beginLogin(jar)).href, newPerson())
      const [key = ''] = await keysOf(redis, 'login')
      await damage(key)
      expect((await apps.b.callback(callback, jar)).status).toBe(400)
      expect(provider.count('token')).toBe(0)
      await damage(key)
      await expectHonestLogin(jar)
    },
  )
})

describe('SE-15 what is kept beside them', () => {
  test.each(NONSENSE)(
    'SE-15 every other key set to %s: no 5xx, and people go on',
    async (_name, damage) => {
      const damageAll = async (kind: string): Promise<number> => {
        const keys = await keysOf(redis, kind)
        for (const key of keys) await damage(key)
        return keys.length
      }
      const person = personWithSession()
      const [jar, other] = [new Jar(), new Jar()]
      await apps.a.signIn(provider, jar, person)
      await apps.a.signIn(provider, other, newPerson())
      // The indexes by which sessions are found.
      expect(await damageAll('sessions')).toBeGreaterThan(2)
      expect((await apps.b.navigate('/account', jar)).status).toBe(200)
      expect((await tell(apps.b, await logoutToken(provider, { sub: person.sub }))).status).toBe(200)
      await damageAll('sessions')
      expect((await apps.a.signOut(jar)).status).toBe(303)
      expect(await apps.ids(jar)).toEqual([undefined, undefined])

      // What is remembered of logouts.
      const token = await logoutToken(provider, { sub: person.sub })
      expect((await tell(apps.a, token)).status).toBe(200)
      expect(await damageAll('logout')).toBeGreaterThan(0)
      expect(await damageAll('logout-token')).toBeGreaterThan(0)
      expect([200, 400]).toContain((await tell(apps.b, token)).status)
      await damageAll('logout')
      const again = new Jar()
      expect((await apps.a.signIn(provider, again, person)).status).toBe(303)

      // The lock of a renewal that is due.
      const key = (await sessionKeyOf(redis, other)).replace(':session:', ':lock:')
      await damage(key)
      expect(await later.whoami(other)).toBeDefined()
      expect(provider.calls.filter(({ form }) => form.get('grant_type') === 'refresh_token')).toHaveLength(1)
    },
    20_000,
  )
})
