import { afterEach, describe, expect, test } from '@jest/globals'
import { createClient, createCluster } from 'redis'
import { nextFreePort } from '../../../keycloak/lib/ports.mjs'
import { linkTo, type RedisClient } from '../../../src/session/redis-link.js'
import { RedisRecords } from '../../../src/session/redis-records.js'
import { createSeal } from '../../../src/session/seal.js'
import { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'
import { Witness } from './link-kit.js'
import { badgeOf, begin, methodsOf, newStore } from './session-kit.js'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanUp.reverse()) await end()
  cleanUp.length = 0
})

function recordsOn(client: RedisClient, witness = new Witness()): RedisRecords {
  const seal = createSeal(['a-secret-of-these-tests-of-32-characters-or-so'])
  return new RedisRecords({ link: linkTo(client, witness), seal, space: 'app' })
}

async function startServer(args: readonly string[] = []): Promise<RedisServer> {
  const server = await RedisServer.start({ args })
  cleanUp.push(() => server.stop())
  return server
}

/** Three masters that have the slots among them. */
async function startCluster(): Promise<readonly RedisServer[]> {
  const buses = [await nextFreePort(0), await nextFreePort(0), await nextFreePort(0)]
  const nodes = await Promise.all(
    buses.map((bus) => startServer(['--cluster-enabled', 'yes', '--cluster-port', String(bus)])),
  )
  const [first] = nodes
  const ends = [0, 5461, 10923, 16384]
  for (const [i, node] of nodes.entries()) {
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(ends[i]), String((ends[i + 1] ?? 0) - 1))
    if (node !== first)
      await node.command('CLUSTER', 'MEET', '127.0.0.1', String(first?.port), String(buses[0]))
  }
  await until(async () => {
    const states = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'INFO')))
    const isWhole = states.every((state) => /cluster_state:ok[^]*cluster_known_nodes:3/.test(String(state)))
    return isWhole || undefined
  })
  return nodes
}

/** A person who signs in a few times, and out everywhere. */
async function useSessions(records: RedisRecords): Promise<void> {
  const store = newStore(records, { now: Date.now })
  const sids = await Promise.all(Array.from({ length: 30 }, (_, i) => begin(store, badgeOf('Ada', `t${i}`))))
  for (const [i, sid] of sids.entries())
    expect(await methodsOf(store).get(sid)).toMatchObject({ badge: { token: `t${i}` } })
  expect(await store.find('Ada')).toHaveLength(30)
  expect(await store.endAll('Ada', () => true)).toHaveLength(30)
  expect([await store.find('Ada'), await store.count()]).toEqual([[], 0])
}

describe('a client of the redis package that somebody else made', () => {
  test('createClient', async () => {
    const server = await startServer()
    const client = createClient({ url: server.url })
    await client.connect()
    cleanUp.push(() => client.destroy())
    const records = recordsOn(client)
    expect(await records.probe()).toBe(true)
    await useSessions(records)
    // Whoever made it closes it.
    await records.close()
    expect(await client.ping()).toBe('PONG')
  })

  test('createClient with RESP 2', async () => {
    const server = await startServer()
    const client = createClient({ url: server.url, RESP: 2 })
    await client.connect()
    cleanUp.push(() => client.destroy())
    await useSessions(recordsOn(client))
  })

  test('createCluster: no operation needs two keys at once', async () => {
    const nodes = await startCluster()
    const client = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) })
    client.on('error', () => undefined)
    await client.connect()
    cleanUp.push(() => client.destroy())
    const records = recordsOn(client)
    await useSessions(records)
    for (let i = 0; i < 30; i++) await records.replace(`thing:${i}`, undefined, `v${i}`, 60_000)
    const counts = await Promise.all(nodes.map(async (node) => (await node.keys()).length))
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(counts.reduce((sum, count) => sum + count)).toBe(30)
    for (let i = 0; i < 30; i++) expect((await records.get(`thing:${i}`))?.value).toBe(`v${i}`)
  }, 60_000)

  test('P-12 P-13 one that has lost its Redis is no reason to wait, and serves when it is back', async () => {
    const server = await startServer()
    const client = createClient({ url: server.url })
    // Without a listener, an error of the client would end the process.
    client.on('error', () => undefined)
    await client.connect()
    cleanUp.push(() => client.destroy())
    const witness = new Witness()
    const records = recordsOn(client, witness)
    const unavailable = async (): Promise<void> => {
      const begun = performance.now()
      await expect(records.get('thing:1')).rejects.toMatchObject({ code: 'session_store_unavailable' })
      expect(performance.now() - begun).toBeLessThan(2000)
    }
    const available = () => until(async () => (await records.probe()) || undefined, 5000)
    await server.kill()
    await unavailable()
    await server.restart()
    await available()
    server.pause()
    await unavailable()
    server.resume()
    await available()
    expect(witness.codes).toEqual([
      'store_unavailable',
      'store_available',
      'store_unavailable',
      'store_available',
    ])
  })

  test('one that was never connected fails at once', async () => {
    const client = createClient({ url: 'redis://127.0.0.1:1' })
    const begun = performance.now()
    await expect(recordsOn(client).get('thing:1')).rejects.toMatchObject({
      code: 'session_store_unavailable',
    })
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  const WORDS = 'their words at 10.0.0.1 with a-password'
  test.each([
    ['an error', () => Promise.reject(new Error(WORDS)), 'Error'],
    [
      'an error of the system',
      () => Promise.reject(Object.assign(new Error(WORDS), { code: 'EPIPE' })),
      'EPIPE',
    ],
    ['an answer of Redis', () => Promise.reject(new Error(`READONLY ${WORDS}`)), 'READONLY'],
    [
      'an error at once',
      () => {
        throw new TypeError(WORDS)
      },
      'TypeError',
    ],
  ])('AC-05 of %s one word is told, and no more', async (_what, fail: () => Promise<never>, reason) => {
    const witness = new Witness()
    const error: unknown = await recordsOn({ eval: fail }, witness)
      .get('thing:1')
      .catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'session_store_unavailable', message: `get failed: ${reason}` })
    expect(witness.lines.map(({ reason: logged }) => logged)).toEqual([reason])
    expect(JSON.stringify([error, witness.lines])).not.toContain('their words')
  })
})
