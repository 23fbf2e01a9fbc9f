import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createSeal } from '../../../src/session/seal.js'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, type TestApp } from '../../support/test-app.js'
import { TcpRecorder } from '../../support/two-recorder.js'
import {
  keysOf,
  sessionIdIn,
  sessionKeyOf,
  startShared,
  stopShared,
  TwoApps,
} from '../../support/two-apps.js'
import { logoutToken, personWithSession, tell } from '../logout/logout-tokens.js'

let provider: ScriptedProvider
let redis: RedisServer
let recorder: TcpRecorder
let apps: TwoApps
/** For it, everybody's tokens are due. */
let later: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
  recorder = await TcpRecorder.start(redis.port)
  const url = `redis://127.0.0.1:${recorder.port}`
  apps = await TwoApps.start(provider, url)
  const { publicUrl } = apps.a
  later = await startShared(provider, url, { publicUrl, now: () => Date.now() + 280_000 })
})
afterEach(async () => {
  provider.reset()
  await redis.flush()
})
afterAll(async () => {
  await apps.stop()
  await stopShared(later)
  await recorder.close()
  await redis.stop()
  await provider.close()
})

/** Everything that is in Redis, keys included. */
async function contents(): Promise<string> {
  const lua = `
    local all = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
      table.insert(all, key)
      if redis.call('TYPE', key).ok == 'string' then table.insert(all, redis.call('GET', key))
      else for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do table.insert(all, member) end end
    end
    return all`
  return ((await redis.command('EVAL', lua, '0')) as string[]).join('\n')
}

/** A text as it is, and as it may be written by somebody who does not hide it, within a longer text, too. */
function writings(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const inBase64 = [0, 1, 2].flatMap((from) => {
    const whole = bytes.subarray(from, from + 3 * Math.floor((bytes.length - from) / 3))
    return [whole.toString('base64'), whole.toString('base64url')]
  })
  const plain = [text, bytes.toString('hex'), encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]
  return [...plain, ...inBase64].filter((writing) => writing.length >= 8)
}

const partsOfJwt = (token: unknown): string[] => (typeof token === 'string' ? token.split('.') : [])

describe('ST-01 what Redis gets to see', () => {
  test('ST-01 in login, refresh, step-up and sign-out: no token, code, nonce, verifier, state, name, e-mail or subject, and no cookie', async () => {
    const secrets = new Map<string, string>()
    const note = (what: string, value: unknown): void => {
      if (typeof value === 'string' && value.length >= 8) secrets.set(value, what)
    }
    provider.onTokenResponse = (body) => {
      for (const name of ['access_token', 'id_token', 'refresh_token']) {
        note(name, body[name])
        for (const part of partsOfJwt(body[name])) note(`part of ${name}`, part)
      }
      return body
    }
    let person = personWithSession()
    for (const name of ['sub', 'name', 'preferred_username', 'email', 'sid']) note(name, person[name])
    const seen: string[] = []
    const look = async (): Promise<void> => void seen.push(await contents())
    const jar = new Jar()
    const noteCookies = (): void => {
      for (const name of jar.names) {
        note(`cookie ${name}`, jar.get(name))
        note(`cookie ${name}`, decodeURIComponent(jar.get(name) ?? ''))
      }
    }
    const login = async (path: string, app: TestApp, acr = 'pwd'): Promise<void> => {
      const request = await apps.a.beginLogin(jar, path)
      for (const name of ['state', 'nonce', 'code_challenge']) note(name, request.searchParams.get(name))
      await look()
      const callback = provider.approve(request.href, { ...person, acr })
      for (const name of ['code', 'session_state']) note(name, callback.searchParams.get(name))
      expect((await app.callback(callback, jar)).status).toBe(303)
      noteCookies()
      note('session id', sessionIdIn(jar))
      await look()
    }
    await login('/login?return_to=/hello?secret-place', apps.b)
    note('return_to', 'secret-place')
    expect(await later.whoami(jar)).toMatchObject({ id: person.sub })
    await look()
    await login('/vault', apps.a, '2fa')
    expect((await apps.b.navigate('/vault', jar)).status).toBe(200)
    expect((await apps.b.navigate('/account', jar)).status).toBe(200)
    const other = new Jar()
    await apps.a.signIn(provider, other, person)
    const token = await logoutToken(provider, {
      sid: person.sid,
      sub: person.sub,
      jti: 'the-jti-of-this-token',
    })
    note('logout token', token)
    note('jti', 'the-jti-of-this-token')
    expect((await tell(apps.b, token)).status).toBe(200)
    await look()
    // The sign-on session that was ended does not come back.
    person = { ...person, sid: 'the-sid-of-another-session' }
    note('sid', person.sid)
    await login('/login', apps.b)
    await apps.a.signOut(jar)
    await look()
    for (const { form } of provider.calls) note('verifier', form.get('code_verifier'))
    note('client secret', provider.client.secret)

    const sent = `${recorder.text}\n${seen.join('\n')}`
    // It has seen what it had to.
    expect(sent).toMatch(/latchkey:[\w-]+:session:/)
    expect(sent).toMatch(/latchkey:[\w-]+:login:/)
    expect(sent).toMatch(/latchkey:[\w-]+:lock:/)
    expect(secrets.size).toBeGreaterThan(40)
    const found = [...secrets].filter(([secret]) => [...writings(secret)].some((text) => sent.includes(text)))
    expect(found).toEqual([])
  })

  test('ST-01 nothing in it works as a cookie', async () => {
    const [jar, begun] = [new Jar(), new Jar()]
    await apps.a.signIn(provider, jar)
    const callback = provider.approve((await apps.a.beginLogin(begun)).href, newPerson())
    const words = new Set((await contents()).match(/[\w-]{16,}/g))
    expect(words.size).toBeGreaterThan(5)
    for (const word of words)
      for (const value of [word, `s:${word}`, encodeURIComponent(`s:${word}.${word}`), `${word}.${word}`]) {
        const thief = new Jar({
          cookies: [
            ['latchkey', value],
            ['latchkey-login', value.slice(0, 43)],
          ],
        })
        expect(await apps.b.whoami(thief)).toBeUndefined()
        expect((await apps.b.callback(callback, thief)).status).toBe(400)
      }
    expect(provider.count('token')).toBe(1)
    expect((await apps.b.callback(callback, begun)).status).toBe(303)
  })

  test('ST-01 a store error in the log names no key and no value', async () => {
    const jar = new Jar()
    await apps.a.signIn(provider, jar)
    const words = (await contents()).match(/[\w-]{16,}/g) ?? []
    redis.pause()
    try {
      expect((await apps.a.send('/session', { jar, headers: SCRIPT })).status).toBe(503)
    } finally {
      redis.resume()
    }
    const log = JSON.stringify(apps.a.log)
    expect(log).toContain('store_unavailable')
    expect(words.filter((word) => log.includes(word))).toEqual([])
    await apps.a.services.dependencies['store']?.()
  })
})

describe('ST-02 what somebody who can write to Redis makes of it', () => {
  const get = async (key: string): Promise<string> => String(await redis.command('GET', key))

  async function expectNobody(jar: Jar, key: string): Promise<void> {
    for (const app of apps.both) {
      const answer = await app.send('/hello', { jar: jar.copy(), headers: NAVIGATION })
      expect([answer.status, answer.location?.split('?')[0]]).toEqual([302, '/login'])
    }
    expect(await redis.command('EXISTS', key)).toBe(0)
  }

  test('ST-02 A’s record under B’s key: nobody is signed in there, the record is dropped, and A stays', async () => {
    const [a, b, person] = [new Jar(), new Jar(), newPerson()]
    await apps.a.signIn(provider, a, person)
    await apps.b.signIn(provider, b)
    const key = await sessionKeyOf(redis, b)
    await redis.command('COPY', await sessionKeyOf(redis, a), key, 'REPLACE')
    await expectNobody(b, key)
    expect(await apps.ids(a)).toEqual([person.sub, person.sub])
  })

  test('ST-02 one bit changed, anywhere in it', async () => {
    const jar = new Jar()
    await apps.a.signIn(provider, jar)
    const key = await sessionKeyOf(redis, jar)
    const bytes = Buffer.from(await get(key), 'base64url')
    const places = [0, 11, 12, 27, 28, 29, bytes.length >> 1, bytes.length - 1]
    for (const place of places) {
      const changed = Buffer.from(bytes)
      changed[place] = (changed[place] ?? 0) ^ (1 << (place % 8))
      await redis.command('SET', key, changed.toString('base64url'), 'EX', '600')
      await expectNobody(jar, key)
    }
    for (const length of [0, 1, 27, 28, bytes.length - 1]) {
      await redis.command('SET', key, bytes.subarray(0, length).toString('base64url'), 'EX', '600')
      await expectNobody(jar, key)
    }
    await redis.command('SET', key, bytes.toString('base64url'), 'EX', '600')
    expect((await apps.ids(jar)).every((id) => id !== undefined)).toBe(true)
  })

  test('ST-02 a pending login’s record under a session’s key, and a session’s under a pending login’s', async () => {
    const [jar, begun] = [new Jar(), new Jar()]
    await apps.a.signIn(provider, jar)
    const callback = provider.approve((await apps.a.beginLogin(begun)).href, newPerson())
    const key = await sessionKeyOf(redis, jar)
    const record = await get(key)
    const logins = await keysOf(redis, 'login')
    expect(logins).toHaveLength(2)
    for (const login of logins) {
      await redis.command('COPY', login, key, 'REPLACE')
      await expectNobody(jar, key)
    }
    for (const login of logins) await redis.command('SET', login, record, 'EX', '600')
    expect((await apps.b.callback(callback, begun)).status).toBe(400)
    expect(provider.count('token')).toBe(1)
    const person = newPerson()
    expect((await apps.b.signIn(provider, begun, person)).status).toBe(303)
    expect(await apps.ids(begun)).toEqual([person.sub, person.sub])
  })

  test('ST-02 sealed under the secret listed second: it reads; under one since removed: nobody, and dropped', async () => {
    const [OLD, NEW] = [
      'an-old-secret-of-the-tests-of-32-characters',
      'a-new-secret-of-the-tests-of-32-characters',
    ]
    const start = (sessionSecrets: string[]): Promise<TestApp> =>
      startShared(provider, redis.url, { publicUrl: apps.a.publicUrl, sessionSecrets })
    const [old, both, only] = [await start([OLD]), await start([NEW, OLD]), await start([NEW])]
    try {
      const [person, jar] = [newPerson(), new Jar()]
      await old.signIn(provider, jar, person)
      const key = await sessionKeyOf(redis, jar)
      const sealedByOld = await get(key)
      expect(await both.whoami(jar)).toMatchObject({ id: person.sub })
      // The id of a session signed by the new secret, its record sealed by the removed one.
      const fresh = new Jar()
      await both.signIn(provider, fresh, person)
      const freshKey = await sessionKeyOf(redis, fresh)
      expect(await only.whoami(fresh)).toMatchObject({ id: person.sub })
      const text = createSeal([NEW]).open(freshKey, await get(freshKey)) ?? ''
      expect(text).toContain(person.sub)
      await redis.command('SET', freshKey, createSeal([OLD]).close(freshKey, text), 'EX', '600')
      expect(await both.whoami(fresh)).toMatchObject({ id: person.sub })
      expect(await only.whoami(fresh)).toBeUndefined()
      expect(await redis.command('EXISTS', freshKey)).toBe(0)
      expect(sealedByOld).toBe(await get(key))
    } finally {
      await Promise.all([old, both, only].map(stopShared))
    }
  })
})
