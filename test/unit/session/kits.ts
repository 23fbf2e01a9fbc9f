import { randomUUID } from 'node:crypto'
import { silentLog } from '../../../src/log.js'
import { noMetrics } from '../../../src/metrics.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import type { Records } from '../../../src/session/records.js'
import { connectTo } from '../../../src/session/redis-link.js'
import { RedisRecords } from '../../../src/session/redis-records.js'
import { createSeal } from '../../../src/session/seal.js'
import { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'

/** Records to test with. */
export interface Kit {
  readonly records: Records
  /** The same records as another process has them. */
  readonly elsewhere: Records
  readonly now: () => number
  /** Lets milliseconds go by. What real time does beside it is far below {@link SLACK}. */
  pass(milliseconds: number): Promise<void>
  close(): Promise<void>
}

export type OpenKit = () => Promise<Kit>

/** Milliseconds that a test may take to do what it does. */
export const SLACK = 2_000

class Clock {
  #ahead = 0
  readonly now = (): number => Date.now() + this.#ahead

  pass(milliseconds: number): void {
    this.#ahead += milliseconds
  }
}

export const memoryKit: OpenKit = () => {
  const clock = new Clock()
  const records = new MemoryRecords({ now: clock.now })
  return Promise.resolve({
    records,
    elsewhere: records,
    now: clock.now,
    pass(milliseconds) {
      clock.pass(milliseconds)
      return Promise.resolve()
    },
    close: () => records.close(),
  })
}

/** What time does to the keys of a Redis. */
const PASS = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`

export interface RedisKit extends Kit {
  readonly server: RedisServer
}

export async function redisKit(): Promise<RedisKit> {
  const clock = new Clock()
  const server = await RedisServer.start()
  const seal = createSeal(['the-secret-of-these-tests-of-32-characters'])
  const space = randomUUID()
  const open = async (): Promise<Records> => {
    const link = connectTo(server.url, { log: silentLog, metrics: noMetrics })
    const records = new RedisRecords({ link, seal, space, now: clock.now })
    await until(async () => (await records.probe()) || undefined)
    return records
  }
  const [records, elsewhere] = await Promise.all([open(), open()])
  return {
    server,
    records,
    elsewhere,
    now: clock.now,
    async pass(milliseconds) {
      clock.pass(milliseconds)
      await server.command('EVAL', PASS, '0', String(milliseconds))
    },
    async close() {
      await Promise.all([records.close(), elsewhere.close()])
      await server.stop()
    },
  }
}
