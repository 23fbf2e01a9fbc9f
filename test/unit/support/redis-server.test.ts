import { afterEach, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import { RedisServer, type RedisOptions } from '../../support/redis-server.js'

let servers: RedisServer[] = []
async function start(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await RedisServer.start(options)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
})

/** A setting of the running server. */
async function setting(server: RedisServer, name: string): Promise<string> {
  return ((await server.command('CONFIG', 'GET', name)) as string[])[1] ?? ''
}

describe('a Redis that cannot start', () => {
  const { LATCHKEY_TEST_REDIS, PATH } = process.env
  afterEach(() => {
    for (const [name, value] of Object.entries({ LATCHKEY_TEST_REDIS, PATH })) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  })

  test('is missing: the error names the package', async () => {
    delete process.env['LATCHKEY_TEST_REDIS']
    process.env['PATH'] = '/nowhere'
    await expect(start()).rejects.toThrow('install the package redis-server')
  })

  test('is named, but not there', async () => {
    process.env['LATCHKEY_TEST_REDIS'] = '/nowhere/redis-server'
    await expect(start()).rejects.toThrow('/nowhere/redis-server does not start: spawn')
  })

  test('ends at once: the error has its own words', async () => {
    await expect(start({ args: ['--no-such-setting', 'yes'] })).rejects.toThrow(
      /it ended: .*no-such-setting/s,
    )
  })
})

describe('a Redis that runs', () => {
  test('answers, lists its keys in order, and forgets them when told to', async () => {
    const redis = await start()
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
    expect(await redis.command('PING')).toBe('PONG')
    for (const key of ['b', 'c', 'a']) await redis.command('SET', key, `value of ${key}`)
    expect(await redis.command('GET', 'c')).toBe('value of c')
    expect(await redis.keys()).toEqual(['a', 'b', 'c'])
    await redis.flush()
    expect(await redis.keys()).toEqual([])
  })

  test('tells why it refuses a command', async () => {
    const redis = await start()
    await redis.command('SET', 'a', 'text')
    await expect(redis.command('INCR', 'a')).rejects.toThrow('value is not an integer')
  })

  test('is one of several', async () => {
    const [one, other] = await Promise.all([start(), start()])
    await one.command('SET', 'a', '1')
    expect(await other.keys()).toEqual([])
  })

  test('wants the password, any characters in it', async () => {
    const redis = await start({ password: 'p@ss:w/rd %41' })
    const { port } = redis
    const stranger = Object.assign(Object.create(redis) as RedisServer, { url: `redis://127.0.0.1:${port}` })
    await expect(stranger.command('PING')).rejects.toThrow('NOAUTH')
    expect(await redis.command('PING')).toBe('PONG')
  })

  test('takes further settings', async () => {
    const redis = await start({ args: ['--maxmemory', '3mb'] })
    expect(await setting(redis, 'maxmemory')).toBe(String(3 * 1024 * 1024))
  })

  test('keeps nothing unless asked to', async () => {
    const redis = await start()
    expect([await setting(redis, 'save'), await setting(redis, 'appendonly')]).toEqual(['', 'no'])
    expect(await setting(redis, 'bind')).toBe('127.0.0.1')
  })
})

describe('a Redis in trouble', () => {
  test('paused it answers nothing, resumed it knows everything', async () => {
    const redis = await start()
    await redis.command('SET', 'a', '1')
    redis.pause()
    await expect(redis.command('GET', 'a')).rejects.toThrow('did not answer GET within')
    redis.resume()
    expect(await redis.command('GET', 'a')).toBe('1')
  })

  test('killed it refuses connections, and cannot be paused; restarted on its port it has lost its data', async () => {
    const redis = await start()
    const { port } = redis
    await redis.command('SET', 'a', '1')
    await redis.kill()
    await expect(redis.command('PING')).rejects.toThrow('ECONNREFUSED')
    expect(() => redis.pause()).toThrow('does not run')
    await redis.kill()
    await redis.restart()
    expect([redis.port, await redis.keys()]).toEqual([port, []])
    await redis.command('SET', 'b', '2')
    expect(await redis.keys()).toEqual(['b'])
  })

  test('a persistent one has kept the last write before the crash, each time', async () => {
    const redis = await start({ persistent: true })
    expect(await setting(redis, 'appendfsync')).toBe('always')
    for (const round of ['1', '2', '3']) {
      await redis.command('SET', `key ${round}`, round)
      await redis.kill()
      await redis.restart()
      expect(await redis.command('GET', `key ${round}`)).toBe(round)
    }
    expect(await redis.keys()).toEqual(['key 1', 'key 2', 'key 3'])
  })

  test('is restarted while it runs, and while it is paused', async () => {
    const redis = await start({ persistent: true })
    await redis.command('SET', 'a', '1')
    await redis.restart()
    expect(await redis.keys()).toEqual(['a'])
    redis.pause()
    await redis.restart()
    expect(await redis.keys()).toEqual(['a'])
  })

  test.each<[string, (redis: RedisServer) => unknown]>([
    ['running', () => undefined],
    ['paused', (redis) => redis.pause()],
    ['killed', (redis) => redis.kill()],
    ['stopped', (redis) => redis.stop()],
  ])('%s it can be stopped, and leaves nothing', async (_state, bring) => {
    const redis = await start({ persistent: true })
    const folder = await setting(redis, 'dir')
    expect(existsSync(folder)).toBe(true)
    await bring(redis)
    await redis.stop()
    expect(existsSync(folder)).toBe(false)
    await expect(redis.command('PING')).rejects.toThrow('ECONNREFUSED')
    await expect(redis.restart()).rejects.toThrow('stopped for good')
  })
})
