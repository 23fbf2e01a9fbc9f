import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { noMetrics } from '../../../src/metrics.js'
import { connectTo } from '../../../src/session/redis-link.js'
import { RedisRecords } from '../../../src/session/redis-records.js'
import { createSeal } from '../../../src/session/seal.js'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { send, type Answer } from '../../support/send.js'
import { BUILD_TIMEOUT, buildServer, freePort, goodSettings } from '../../support/server-process.js'
import { TestApp } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { codeIn, read, root, sources, tableBelow } from './project.js'

jest.setTimeout(120_000)

const ADA = { sub: 'ada', name: 'Ada', preferred_username: 'ada', email: 'ada@example.org' }
const text = read('docs/scaling.md')
const [sentinelProgram = '', clusterClient = ''] = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(
  ([, block = '']) => block,
)

describe('the kinds of keys in docs/scaling.md', () => {
  test('are those of the source', () => {
    const told = tableBelow(text, 'What is in Redis').flatMap(([kind = '']) => codeIn(kind))
    const used = [...sources]
      .filter(([file]) => /^src\/(?:session|login)\//.test(file))
      .flatMap(([, source]) => [...source.matchAll(/`([a-z-]+):\$\{/g)].map(([, kind = '']) => kind))
    const kinds = new Set(used.filter((kind) => kind !== 'latchkey'))
    expect(told.toSorted()).toEqual([...kinds].sort())
  })
})

describe('the rights in docs/scaling.md', () => {
  const line = /^ACL SETUSER latchkey on >PASSWORD (.+)$/m.exec(text)?.[1] ?? ''
  const rules = line.split(' ')
  const commands = rules.filter((rule) => rule.startsWith('+'))
  const noLog = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  }
  let redis: RedisServer

  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis.stop())

  /** What every operation comes to for a user with these rights. */
  async function useAll(given: readonly string[]): Promise<readonly unknown[]> {
    await redis.flush()
    await redis.command('ACL', 'SETUSER', 'latchkey', 'reset', 'on', '>PASSWORD', ...given)
    const url = redis.url.replace('//', '//latchkey:PASSWORD@')
    const link = connectTo(url, { log: noLog, metrics: noMetrics })
    const seal = createSeal(['a-secret-of-the-tests-of-32-characters'])
    const records = new RedisRecords({ link, seal, space: 'documents' })
    const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch(() => 'refused')
    const found: unknown[] = []
    try {
      await until(async () => (await records.probe()) || undefined)
      const first = await records.replace('session:1', undefined, 'one', 60_000).catch(() => undefined)
      found.push(first?.value)
      found.push(await outcome(records.replace('session:1', first, 'two').then((made) => made?.value)))
      found.push(await outcome(records.prolong('session:1', 70_000)))
      found.push(
        await outcome(records.get('session:1').then((it) => (it?.endsAt ?? 0) > Date.now() + 65_000)),
      )
      found.push(await outcome(records.addMember('sessions:1', 'name', 60_000)))
      found.push(await outcome(records.members('sessions:1').then((them) => them.map(({ name }) => name))))
      found.push(await outcome(records.countMembers('sessions:1', 0)))
      found.push(await outcome(records.removeMember('sessions:1', 'name')))
      found.push(await outcome(records.remove('session:1').then((it) => it?.value)))
    } finally {
      await records.close()
    }
    return found
  }

  test('suffice for every operation, and no single one of them can be left out', async () => {
    const whole = ['one', 'two', undefined, true, undefined, ['name'], 1, undefined, 'two']
    expect(commands.length).toBeGreaterThan(10)
    for (const right of commands.filter((rule) => rule !== '+eval'))
      expect({ right, found: await useAll(rules.filter((rule) => rule !== right)) }).not.toEqual({
        right,
        found: whole,
      })
    expect(await useAll(rules)).toEqual(whole)
  })
})

describe('a Redis that is full and drops nothing', () => {
  let redis: RedisServer
  let provider: ScriptedProvider
  let app: TestApp
  let shift = 0
  const now = (): number => Date.now() + shift

  beforeAll(async () => {
    redis = await RedisServer.start({ args: ['--maxmemory-policy', 'noeviction'] })
    provider = await ScriptedProvider.start()
    const sessionSecrets = ['a-session-secret-of-the-tests-of-32-characters']
    app = await TestApp.start(provider, { redisUrl: redis.url, sessionSecrets, refreshBefore: 39, now })
  })
  afterAll(async () => {
    await app.stop()
    await provider.close()
    await redis.stop()
  })

  test('refuses sign-ins; who is signed in goes on while the access token lasts, and can sign out', async () => {
    provider.accessTokenLife = 40
    const jar = new Jar()
    await until(async () => ((await app.signIn(provider, jar)).status === 303 ? true : undefined))
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    expect((await app.navigate('/login')).status).toBe(503)
    expect(app.log).toContainEqual(expect.objectContaining({ code: 'store_unavailable', reason: 'OOM' }))
    shift = 5_000
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect(provider.count('token')).toBe(1)
    const copy = jar.copy()
    expect((await app.signOut(jar)).status).toBe(303)
    expect(await app.whoami(copy)).toBeUndefined()
    expect((await redis.keys()).filter((key) => key.includes(':session:'))).toEqual([])
  })
})

describe('the programs in docs/scaling.md', () => {
  let provider: ScriptedProvider
  let folder: string
  const children: ChildProcess[] = []
  const servers: RedisServer[] = []

  beforeAll(async () => {
    await buildServer()
    provider = await ScriptedProvider.start()
    folder = mkdtempSync(path.join(tmpdir(), 'latchkey-scaling-'))
    mkdirSync(path.join(folder, 'node_modules'))
    for (const name of ['express', 'redis'])
      symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name))
    symlinkSync(root, path.join(folder, 'node_modules/latchkey'))
  }, BUILD_TIMEOUT)
  afterEach(async () => {
    await Promise.all(children.splice(0).map(end))
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })
  afterAll(async () => {
    await provider.close()
    rmSync(folder, { recursive: true, force: true })
  })

  function end(child: ChildProcess): Promise<unknown> {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    return child.exitCode === null && child.signalCode === null ? ended : Promise.resolve()
  }

  function start(command: string, args: readonly string[], env: Record<string, string> = {}): () => string {
    const child = spawn(command, args, { cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env } })
    children.push(child)
    let seen = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (seen += chunk.toString()))
    return () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${seen}`)
      return seen
    }
  }

  /** Runs a program twice, as two processes of one app, and answers for where each is. */
  async function startTwice(program: string): Promise<readonly URL[]> {
    writeFileSync(path.join(folder, 'app.mjs'), program)
    const publicUrl = 'http://localhost:3000'
    const ports = [await freePort(), await freePort()]
    for (const port of ports) {
      const settings = { ...goodSettings(provider.issuer), PORT: String(port), PUBLIC_URL: publicUrl }
      const seen = start(process.execPath, ['app.mjs'], settings)
      await until(async () => {
        seen()
        const visit = send({ hostname: '127.0.0.1', port }, '/session')
        return visit.then((answer) => (answer.status === 401 ? true : undefined)).catch(() => undefined)
      })
    }
    return ports.map((port) => new URL(`http://127.0.0.1:${port}`))
  }

  const visit = (server: URL, address: string, jar: Jar): Promise<Answer> =>
    send(server, address, { jar, headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })

  /** A login that begins at one, ends at the other, and is known to both. */
  async function expectShared([one, other]: readonly URL[]): Promise<void> {
    if (one === undefined || other === undefined) throw new Error('two are needed')
    const jar = new Jar()
    const { location = '' } = await visit(one, '/login', jar)
    const callback = provider.approve(location, ADA)
    expect((await visit(other, callback.pathname + callback.search, jar)).status).toBe(303)
    for (const server of [one, other])
      expect(await visit(server, '/hello', jar)).toMatchObject({ status: 200, body: 'Hello, Ada!' })
  }

  async function redisWith(...args: string[]): Promise<RedisServer> {
    const server = await RedisServer.start({ args })
    servers.push(server)
    return server
  }

  test('with Sentinel share their sessions', async () => {
    const master = await redisWith()
    const port = await freePort()
    const file = path.join(folder, 'sentinel.conf')
    writeFileSync(
      file,
      `port ${port}\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 ${master.port} 1\n`,
    )
    const seen = start(process.env['LATCHKEY_TEST_REDIS'] ?? 'redis-server', [file, '--sentinel'])
    await until(() => seen().includes('+monitor') || undefined)
    const here = `{ host: '127.0.0.1', port: ${port} }`
    await expectShared(
      await startTwice(sentinelProgram.replaceAll(/\{ host: 'sentinel-\d', port: \d+ \}/g, here)),
    )
    expect(await master.keys()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^latchkey:.*:session:/)]),
    )
  })

  test('with a Cluster share their sessions, and the keys lie on several nodes', async () => {
    const options = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
    const nodes = [await redisWith(...options), await redisWith(...options), await redisWith(...options)]
    const [first] = nodes
    for (const [i, node] of nodes.entries()) {
      const [from, to] = [Math.ceil((16384 / 3) * i), Math.ceil((16384 / 3) * (i + 1)) - 1]
      await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
      if (node !== first) await first?.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port))
    }
    const isReady = async (node: RedisServer): Promise<boolean> =>
      /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(await node.command('CLUSTER', 'INFO')))
    await until(async () => (await Promise.all(nodes.map(isReady))).every(Boolean) || undefined, 20_000)
    const client = nodes.reduce(
      (program, node, i) => program.replace(`redis://node-${i + 1}:6379`, node.url),
      clusterClient.split('\n').slice(1).join('\n'),
    )
    const program = sentinelProgram
      .replace('createSentinel }', 'createCluster }')
      .replace(/^const redis = [\s\S]*?^\}\)\n/m, client)
    await expectShared(await startTwice(program))
    const kept = await Promise.all(nodes.map((node) => node.keys()))
    expect(kept.filter((keys) => keys.length > 0).length).toBeGreaterThan(1)
  })
})
