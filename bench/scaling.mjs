// What a session costs, and how much one process serves, with sessions in the process and in Redis: `docs/scaling.md`.
//
//   node bench/scaling.mjs [sessions] [seconds]
//
// The built server runs as operators run it, Redis is a real one, only the provider is ours. Load and provider share
// the machine with what is measured. So what counts is work per second of processor of the measured process, and the
// ratio of two such numbers within one run; both kinds of store take turns, and the median of three rounds is shown.
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildIfNeeded } from '../.ci/build.mjs'
import { Browser, doFor, doForAll, median } from './scaling-load.mjs'
import { RedisUnderTest, ServerUnderTest } from './scaling-processes.mjs'
import { Provider, TOKEN_LIFE } from './scaling-provider.mjs'

const [sessions = 2000, seconds = 3] = process.argv.slice(2).map(Number)
const ROUNDS = 3
const PARALLEL = 16
const WARM_UP = 1000

await buildIfNeeded()
const provider = await Provider.start()
const redis = await RedisUnderTest.start()

/**
 * @typedef {object} Rate
 * @property {number} perSecond as it was seen
 * @property {number} perCore per second of processor of the server's process
 * @property {number} perRedisCore per second of processor of Redis
 * @property {number} operations of Redis for each
 */

/**
 * @param {ServerUnderTest} server
 * @param {() => Promise<number>} work returns how often it was done
 * @returns {Promise<Rate>}
 */
async function rate(server, work) {
  const [before, redisBefore, operationsBefore] = [
    await server.usage(),
    await redis.cpu(),
    await redis.operations(),
  ]
  const begun = performance.now()
  const count = await work()
  const elapsed = (performance.now() - begun) / 1000
  return {
    perSecond: count / elapsed,
    perCore: count / ((await server.usage()).cpu - before.cpu),
    perRedisCore: count / ((await redis.cpu()) - redisBefore),
    operations: ((await redis.operations()) - operationsBefore) / count,
  }
}

/** @param {readonly Rate[]} rates */
function medianRate(rates) {
  const of = (/** @type {keyof Rate} */ name) => median(rates.map((one) => one[name]))
  return {
    perSecond: of('perSecond'),
    perCore: of('perCore'),
    perRedisCore: of('perRedisCore'),
    operations: of('operations'),
  }
}

/** @param {ServerUnderTest} server */
async function newcomer(server) {
  const browser = new Browser(server.port)
  await browser.signIn(provider)
  return browser
}

/**
 * @param {ServerUnderTest} server
 * @param {number} count
 */
async function signInMany(server, count) {
  /** @type {Browser[]} */
  const browsers = []
  await doForAll(Array.from({ length: count }), PARALLEL, async () => {
    browsers.push(await newcomer(server))
  })
  return browsers
}

/**
 * Milliseconds of one request, when there is no other.
 *
 * @param {Browser} browser
 */
async function latency(browser) {
  /** @type {number[]} */
  const times = []
  await doFor(1, 1, async () => {
    const begun = performance.now()
    await browser.hello()
    times.push(performance.now() - begun)
  })
  return median(times)
}

/**
 * What a server keeps when requests and their connections are over.
 *
 * @param {ServerUnderTest} server
 */
async function settled(server) {
  await sleep(1500)
  return server.usage({ sweep: true })
}

/**
 * One kind of store: what a session costs, then rounds of requests and sign-ins.
 *
 * @param {Record<string, string>} env
 */
async function prepare(env) {
  const server = await ServerUnderTest.start(provider.issuer, env)
  const warm = await signInMany(server, WARM_UP)
  await doForAll(warm, PARALLEL, (browser) => browser.hello())
  const [before, redisBefore] = [await settled(server), await redis.memory()]
  const browsers = await signInMany(server, sessions)
  const [after, redisAfter] = [await settled(server), await redis.memory()]
  return {
    server,
    browsers,
    keptBytes: (after.kept - before.kept) / sessions,
    redisBytes: (redisAfter - redisBefore) / sessions,
    /** @type {Record<'hello' | 'signIn', Rate[]>} */
    rates: { hello: [], signIn: [] },
    /** @type {number[]} */
    latencies: [],
  }
}

/** @param {Awaited<ReturnType<typeof prepare>>} store */
async function round({ server, browsers, rates, latencies }) {
  const someone = (/** @type {number} */ turn) => /** @type {Browser} */ (browsers[turn % browsers.length])
  rates.hello.push(await rate(server, () => doFor(seconds, PARALLEL, (turn) => someone(turn).hello())))
  rates.signIn.push(
    await rate(server, () =>
      doFor(seconds, PARALLEL, async () => {
        await newcomer(server)
      }),
    ),
  )
  latencies.push(await latency(someone(0)))
}

/**
 * Every token is due a second after it was given out, and each session is used once in a round.
 *
 * @param {Record<string, string>} env
 */
async function refreshes(env) {
  const server = await ServerUnderTest.start(provider.issuer, {
    ...env,
    REFRESH_BEFORE: String(TOKEN_LIFE - 1),
  })
  const browsers = await signInMany(server, Math.min(sessions, 1000))
  const rates = []
  for (let i = 0; i < ROUNDS; i++) {
    await sleep(1100)
    const before = provider.refreshed
    rates.push(
      await rate(server, async () => {
        await doForAll(browsers, PARALLEL, (browser) => browser.hello())
        return browsers.length
      }),
    )
    const renewed = provider.refreshed - before
    if (renewed !== browsers.length) throw new Error(`${renewed} refreshes for ${browsers.length} sessions`)
  }
  await server.stop()
  return medianRate(rates)
}

const whole = (/** @type {number} */ number) => Math.round(number).toLocaleString('en')

/** @param {readonly (readonly string[])[]} rows */
function print(rows) {
  const widths = (rows[0] ?? []).map((_cell, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    )
  process.stdout.write('\n')
}

const memory = await prepare({})
const shared = await prepare({ REDIS_URL: redis.url })
const kinds = await redis.kinds()
for (let i = 0; i < ROUNDS; i++) {
  await round(memory)
  await round(shared)
}
const work = [
  { name: 'GET /hello', memory: medianRate(memory.rates.hello), shared: medianRate(shared.rates.hello) },
  { name: 'sign-in', memory: medianRate(memory.rates.signIn), shared: medianRate(shared.rates.signIn) },
]
const latencies = [median(memory.latencies), median(shared.latencies)]
await Promise.all([memory.server.stop(), shared.server.stop()])
work.push({
  name: 'GET /hello with a refresh',
  memory: await refreshes({}),
  shared: await refreshes({ REDIS_URL: redis.url }),
})

const machine = `${cpus().length} cores, ${cpus()[0]?.model}`
process.stdout.write(`Node ${process.versions.node}, Redis ${await redis.version()}, ${machine}\n`)
process.stdout.write(`${whole(sessions)} sessions, ${whole(provider.tokenBytes)} bytes of tokens in each\n\n`)
print([
  ['one session', 'in memory', 'with Redis'],
  ['bytes kept in the process', whole(memory.keptBytes), whole(shared.keptBytes)],
  ['bytes in Redis', '', whole(shared.redisBytes)],
])
print([
  ['keys in Redis', 'keys per session', 'bytes per session'],
  ...[...kinds].map(([kind, { keys, bytes }]) => {
    const of = sessions + WARM_UP
    return [kind, (keys / of).toFixed(2), whole(bytes / of)]
  }),
])
print([
  ['per second of processor', 'in memory', 'with Redis', 'ratio', 'Redis alone', 'operations each'],
  ...work.map(({ name, memory: alone, shared: both }) => [
    name,
    whole(alone.perCore),
    whole(both.perCore),
    (both.perCore / alone.perCore).toFixed(2),
    whole(both.perRedisCore),
    both.operations.toFixed(1),
  ]),
])
print([
  ['seen per second', 'in memory', 'with Redis'],
  ...work.map(({ name, memory: alone, shared: both }) => [
    name,
    whole(alone.perSecond),
    whole(both.perSecond),
  ]),
  ['ms of one GET /hello alone', ...latencies.map((number) => number.toFixed(2))],
])

await redis.stop()
provider.stop()
process.exit()
