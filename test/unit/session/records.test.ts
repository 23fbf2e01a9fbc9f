import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../../src/log.js'
import { noMetrics } from '../../../src/metrics.js'
import { connectTo } from '../../../src/session/redis-link.js'
import { RedisRecords } from '../../../src/session/redis-records.js'
import { createSeal } from '../../../src/session/seal.js'
import { until } from '../../support/until.js'
import { memoryKit, redisKit, type RedisKit } from './kits.js'
import { write } from './records-kit.js'
import { recordsSuite } from './records-suite.js'

recordsSuite('MemoryRecords', memoryKit)
recordsSuite('RedisRecords', redisKit)

describe('RedisRecords: what is not ours in Redis', () => {
  let kit: RedisKit
  beforeAll(async () => {
    kit = await redisKit()
  })
  afterAll(() => kit.close())
  beforeEach(() => kit.server.flush())

  /** The one key that there is. */
  async function theKey(): Promise<string> {
    const keys = await kit.server.keys()
    if (keys.length !== 1) throw new Error(`there are ${keys.length} keys`)
    return keys[0] ?? ''
  }

  /** Puts a value in the place of a record, its life kept. */
  async function spoil(value: string): Promise<string> {
    await write(kit.records, 'thing:1', 'whole')
    const key = await theKey()
    await kit.server.command('SET', key, value, 'KEEPTTL')
    return key
  }

  test.each([
    ['{', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['[]', '[]'],
    ['"x"', '"x"'],
    ['{}', '{}'],
    ['readable JSON of a record', '{"data":"{}","createdAt":1}'],
    ['binary', '\u0000\u0001\ufffd\u007f'],
    ['noise of the right form', randomBytes(200).toString('base64url')],
    ['5 MB', 'x'.repeat(5 * 1024 * 1024)],
  ])('SE-15 %s is no record: it is dropped, and a new one can be written', async (_what, value) => {
    await spoil(value)
    expect(await kit.records.get('thing:1')).toBeUndefined()
    expect(await kit.server.keys()).toEqual([])
    await write(kit.records, 'thing:1', 'new')
    expect((await kit.elsewhere.get('thing:1'))?.value).toBe('new')
  })

  test('SE-15 bytes that are no text are no record', async () => {
    const key = await spoil('x')
    await kit.server.command(
      'EVAL',
      String.raw`return redis.call('SET', KEYS[1], '\255\254\0\195(', 'KEEPTTL')`,
      '1',
      key,
    )
    expect(await kit.server.command('STRLEN', key)).toBe(5)
    expect(await kit.records.get('thing:1')).toBeUndefined()
    expect(await kit.server.keys()).toEqual([])
  })

  test('SE-15 nothing comes of removing it but that it is gone', async () => {
    await spoil('{')
    expect(await kit.records.remove('thing:1')).toBeUndefined()
    expect(await kit.server.keys()).toEqual([])
  })

  const OTHER_TYPES = [
    ['LPUSH', 'x'],
    ['HSET', 'a', 'b'],
    ['SADD', 'x'],
    ['ZADD', '1', 'x'],
    ['XADD', '*', 'a', 'b'],
  ] as const
  test.each(OTHER_TYPES)(
    'SE-15 a key made by %s is dropped, whatever is asked of it',
    async (command, ...rest) => {
      const asked: ((key: string) => Promise<unknown>)[] = [
        (key) => kit.records.get(key),
        (key) => kit.records.remove(key),
      ]
      for (const ask of asked) {
        const key = await spoil('x')
        await kit.server.command('DEL', key)
        await kit.server.command(command, key, ...rest)
        expect(await ask('thing:1')).toBeUndefined()
        expect(await kit.server.keys()).toEqual([])
      }
      const key = await spoil('x')
      await kit.server.command('DEL', key)
      await kit.server.command(command, key, ...rest)
      await write(kit.records, 'thing:1', 'new')
      expect((await kit.records.get('thing:1'))?.value).toBe('new')
    },
  )

  test.each(['SET', 'LPUSH', 'SADD'])(
    'SE-15 a set made by %s is dropped, whatever is asked of it',
    async (command) => {
      const asked: (() => Promise<unknown>)[] = [
        async () => expect(await kit.records.members('thing:1')).toEqual([]),
        async () => expect(await kit.records.countMembers('thing:1', 0)).toBe(0),
        () => kit.records.removeMember('thing:1', 'x'),
        async () => {
          await kit.records.addMember('thing:1', 'mine', 60_000)
          expect((await kit.records.members('thing:1')).map(({ name }) => name)).toEqual(['mine'])
          await kit.records.removeMember('thing:1', 'mine')
        },
      ]
      for (const ask of asked) {
        await kit.records.addMember('thing:1', 'a', 60_000)
        const key = await theKey()
        await kit.server.command('DEL', key)
        await kit.server.command(command, key, 'x')
        await ask()
        expect(await kit.server.keys()).toEqual([])
      }
    },
  )
})

describe('RedisRecords: what Redis gets to see', () => {
  let kit: RedisKit
  beforeAll(async () => {
    kit = await redisKit()
  })
  afterAll(() => kit.close())
  beforeEach(() => kit.server.flush())

  const inSpace = async (space: string, secrets: readonly string[]): Promise<RedisRecords> => {
    const link = connectTo(kit.server.url, { log: silentLog, metrics: noMetrics })
    const records = new RedisRecords({ link, seal: createSeal(secrets), space })
    await until(async () => (await records.probe()) || undefined)
    return records
  }
  const SECRET = 'one-secret-of-these-tests-of-32-characters'
  const OTHER = 'another-secret-of-the-tests-of-32-characters'

  test('ST-01 no value, and not the name of its space, in clear', async () => {
    const records = await inSpace('https://keycloak.example/realms/secret-realm', [SECRET])
    await write(records, 'thing:1', 'a-token-that-nobody-may-read')
    const [key = ''] = await kit.server.keys()
    const value = String(await kit.server.command('GET', key))
    expect(key).toMatch(/^latchkey:[\w-]{12}:thing:1$/)
    expect(value).toMatch(/^[\w-]+$/)
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('token')
    await records.close()
  })

  test('two apps in one Redis do not see each other’s records', async () => {
    const [one, other] = await Promise.all([inSpace('one', [SECRET]), inSpace('other', [SECRET])])
    await write(one, 'thing:1', 'mine')
    expect(await other.get('thing:1')).toBeUndefined()
    expect(await other.remove('thing:1')).toBeUndefined()
    await write(other, 'thing:1', 'theirs')
    expect((await one.get('thing:1'))?.value).toBe('mine')
    await Promise.all([one.close(), other.close()])
  })

  test('ST-02 a record moved to another key, or another app’s, is dropped there', async () => {
    const [one, other] = await Promise.all([inSpace('one', [SECRET]), inSpace('other', [SECRET])])
    await write(one, 'session:A', 'of A')
    const [key = ''] = await kit.server.keys()
    await kit.server.command('COPY', key, key.replace('session:A', 'session:B'))
    expect(await one.get('session:B')).toBeUndefined()
    await write(other, 'session:A', 'theirs')
    const theirs = (await kit.server.keys()).find((name) => name !== key) ?? ''
    await kit.server.command('COPY', key, theirs, 'REPLACE')
    expect(await other.get('session:A')).toBeUndefined()
    expect(await kit.server.keys()).toEqual([key])
    expect((await one.get('session:A'))?.value).toBe('of A')
    await Promise.all([one.close(), other.close()])
  })

  test('ST-02 a record is read while its secret is listed, and dropped once that is removed', async () => {
    const [old, both, fresh] = await Promise.all([
      inSpace('app', [SECRET]),
      inSpace('app', [OTHER, SECRET]),
      inSpace('app', [OTHER]),
    ])
    await write(old, 'thing:1', 'kept')
    const read = await both.get('thing:1')
    expect(read?.value).toBe('kept')
    await both.replace('thing:1', read, 'sealed anew')
    expect((await fresh.get('thing:1'))?.value).toBe('sealed anew')
    expect(await old.get('thing:1')).toBeUndefined()
    expect(await kit.server.keys()).toEqual([])
    await Promise.all([old.close(), both.close(), fresh.close()])
  })

  test('ST-02 but a lock stays that one holds who knows a newer secret', async () => {
    const [old, fresh] = await Promise.all([inSpace('app', [SECRET]), inSpace('app', [OTHER])])
    await write(fresh, 'lock:1', 'held')
    expect(await old.get('lock:1')).toBeUndefined()
    expect(await old.replace('lock:1', undefined, 'mine', 60_000)).toBeUndefined()
    expect((await fresh.get('lock:1'))?.value).toBe('held')
    await Promise.all([old.close(), fresh.close()])
  })
})

describe('RedisRecords: the end', () => {
  test('after close nothing is asked any more, and probe says so', async () => {
    const kit = await redisKit()
    await kit.records.close()
    await expect(kit.records.get('thing:1')).rejects.toMatchObject({ code: 'session_store_unavailable' })
    expect([await kit.records.probe(), await kit.elsewhere.probe()]).toEqual([false, true])
    await expect(kit.records.close()).resolves.toBeUndefined()
    await kit.close()
    expect(await kit.elsewhere.probe()).toBe(false)
  })
})
