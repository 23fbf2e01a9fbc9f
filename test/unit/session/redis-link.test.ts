import { createServer } from 'node:http'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { connectTo, type RedisLink } from '../../../src/session/redis-link.js'
import { RedisServer, type RedisOptions } from '../../support/redis-server.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { until } from '../../support/until.js'
import { ask, ForgetfulRelay, put, serves, take, Witness } from './link-kit.js'

// Outages of several seconds.
jest.setTimeout(40_000)

const UNAVAILABLE = { code: 'session_store_unavailable', status: 503 }

let server: RedisServer
let link: RedisLink
let witness: Witness

async function start(options: RedisOptions = {}, urlOf = (url: string): string => url): Promise<void> {
  server = await RedisServer.start(options)
  connect(urlOf(server.url))
}

function connect(url: string): void {
  witness = new Witness()
  link = connectTo(url, witness)
}

afterEach(async () => {
  await link.close()
  await server.stop()
})

/** One after the other, until `milliseconds` are over. */
async function keepAsking(milliseconds: number): Promise<readonly { error: unknown; took: number }[]> {
  const answers: { error: unknown; took: number }[] = []
  const end = Date.now() + milliseconds
  await until(async () => {
    answers.push(await ask(link))
    return Date.now() > end ? true : undefined
  }, milliseconds * 3)
  return answers
}

describe('a Redis that does not answer', () => {
  beforeEach(async () => {
    await start()
    await serves(link)
    witness.lines.length = 0
  })

  test('P-12 whoever asks learns of it after 1.5 s, and whoever asks next at once', async () => {
    server.pause()
    const together = await Promise.all(Array.from({ length: 10 }, () => ask(link)))
    for (const { error, took } of together) {
      expect(error).toMatchObject({ ...UNAVAILABLE, message: 'probe failed: time-out' })
      expect([took > 1400, took < 2000]).toEqual([true, true])
    }
    for (let i = 0; i < 10; i++) {
      const { error, took } = await ask(link)
      expect(error).toMatchObject(UNAVAILABLE)
      expect(took).toBeLessThan(1000)
    }
  })

  test('P-13 it is asked again as soon as it answers again', async () => {
    server.pause()
    await ask(link)
    server.resume()
    expect(await serves(link)).toBeLessThan(5000)
    expect(witness.codes).toEqual(['store_unavailable', 'store_available'])
  })

  test('P-12 P-13 for as long as it lasts nobody waits longer; then it serves, with what it kept', async () => {
    await put(link, 'mine', 'kept')
    server.pause()
    const answers = await keepAsking(7000)
    expect(answers.filter(({ error }) => error === undefined)).toEqual([])
    expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(2000)
    server.resume()
    expect(await serves(link)).toBeLessThan(5000)
    expect(await take(link, 'mine')).toBe('kept')
    // It was said once that it is away, and once that it is back.
    expect(witness.codes).toEqual(['store_unavailable', 'store_available'])
  })

  test('what failed is measured as such', async () => {
    server.pause()
    witness.measured.length = 0
    await ask(link)
    await ask(link)
    expect(witness.measured.map(({ operation, ok }) => [operation, ok])).toEqual([
      ['probe', false],
      ['probe', false],
    ])
    expect(witness.measured.map(({ seconds }) => Math.round(seconds * 2) / 2)).toEqual([1.5, 0])
  })
})

describe('a Redis that ends', () => {
  test('P-12 P-13 without it nothing waits; started again on its port, it serves within 5 s', async () => {
    await start({ persistent: true })
    await serves(link)
    await put(link, 'mine', 'kept')
    witness.lines.length = 0
    await server.kill()
    // So long that the time between two attempts to connect would have grown beyond all bounds.
    const answers = await keepAsking(7000)
    for (const { error, took } of answers) {
      expect(error).toMatchObject(UNAVAILABLE)
      expect(took).toBeLessThan(1000)
    }
    await server.restart()
    expect(await serves(link)).toBeLessThan(5000)
    expect(await take(link, 'mine')).toBe('kept')
    expect(witness.codes).toEqual(['store_unavailable', 'store_available'])
  })

  test('P-11 P-13 one that is down at the start is used within 5 s once it is there', async () => {
    await start()
    await link.close()
    await server.kill()
    connect(server.url)
    const answers = await keepAsking(2500)
    for (const { error, took } of answers) {
      expect(error).toMatchObject(UNAVAILABLE)
      expect(took).toBeLessThan(2000)
    }
    await server.restart()
    expect(await serves(link)).toBeLessThan(5000)
  })

  test('P-13 one that is paused at the start, too', async () => {
    await start()
    await link.close()
    server.pause()
    connect(server.url)
    for (const { error, took } of await keepAsking(2500)) {
      expect(error).toMatchObject(UNAVAILABLE)
      expect(took).toBeLessThan(2000)
    }
    server.resume()
    expect(await serves(link)).toBeLessThan(5000)
  })

  test('after close nothing is asked, and nothing connects any more', async () => {
    await start()
    await serves(link)
    await link.close()
    expect((await ask(link)).error).toMatchObject(UNAVAILABLE)
    await expect(link.close()).resolves.toBeUndefined()
    await until(async () => (await clientsOf(server)) === 0 || undefined)
  })
})

describe('a network that fails', () => {
  let proxy: TcpProxy
  beforeEach(async () => {
    server = await RedisServer.start()
    proxy = await TcpProxy.start(server.port)
    connect(`redis://127.0.0.1:${proxy.port}`)
    await serves(link)
  })
  afterEach(() => proxy.close())

  test('P-14 slow answers are answers', async () => {
    proxy.delay = 700
    const { error, took } = await ask(link)
    expect([error, took >= 690]).toEqual([undefined, true])
    expect(await put(link, 'mine', 'slow')).toBeGreaterThan(0)
    expect(await take(link, 'mine')).toBe('slow')
  })

  test.each([
    ['silent', 7000],
    ['refuse', 1500],
  ] as const)('P-12 P-13 while it is %s nobody waits; then it serves', async (mode, milliseconds) => {
    proxy.mode = mode
    for (const { error, took } of await keepAsking(milliseconds)) {
      expect(error).toMatchObject(UNAVAILABLE)
      expect(took).toBeLessThan(2000)
    }
    proxy.mode = 'pass'
    expect(await serves(link)).toBeLessThan(5000)
  })
})

test('P-13 a connection that is dead without a sign is given up for a new one', async () => {
  server = await RedisServer.start()
  const relay = await ForgetfulRelay.start(server.port)
  connect(`redis://127.0.0.1:${relay.port}`)
  await serves(link)
  relay.forget()
  expect((await ask(link)).error).toMatchObject(UNAVAILABLE)
  expect(await serves(link, 10_000)).toBeGreaterThan(1000)
  await relay.close()
})

describe('a Redis that refuses', () => {
  const PASSWORD = 'the-right-password'
  const WRONG = 'a-wrong-password'

  /** All that anybody could get to see of an error. */
  const everything = (error: unknown): string =>
    [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)].join('\n')

  test.each([
    ['a wrong password', WRONG],
    ['no password', ''],
  ])(
    'AC-05 for %s: not served, and neither password nor address nor its words are shown',
    async (_what, used) => {
      await start({ password: PASSWORD }, (url) => url.replace(`:${PASSWORD}@`, used && `:${used}@`))
      const answers = await keepAsking(2500)
      for (const { error, took } of answers) {
        expect(error).toMatchObject(UNAVAILABLE)
        expect(took).toBeLessThan(2000)
      }
      const shown = [...answers.map(({ error }) => everything(error)), JSON.stringify(witness.lines)].join(
        '\n',
      )
      expect(witness.codes).toEqual(['store_unavailable'])
      for (const secret of [WRONG, PASSWORD, String(server.port), '127.0.0.1', 'username', 'uthentication'])
        expect(shown).not.toContain(secret)
    },
  )

  test('AC-05 one that cannot be reached: its address is not shown', async () => {
    await start()
    await link.close()
    await server.kill()
    connect(server.url)
    const answers = await keepAsking(1000)
    const shown = [...answers.map(({ error }) => everything(error)), JSON.stringify(witness.lines)].join('\n')
    for (const secret of [String(server.port), '127.0.0.1']) expect(shown).not.toContain(secret)
  })

  test('P-13 once it takes the password, it serves within 5 s', async () => {
    await start({ password: PASSWORD }, (url) => url.replace(PASSWORD, WRONG))
    await keepAsking(1500)
    await server.command('ACL', 'SETUSER', 'default', `>${WRONG}`)
    expect(await serves(link)).toBeLessThan(5000)
  })

  test('one without room says so in the log, by one word, and serves again when it has some', async () => {
    await start()
    await serves(link)
    witness.lines.length = 0
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await expect(put(link, 'mine', 'x')).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: 'replace failed: OOM',
    })
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await expect(put(link, 'mine', 'x')).resolves.toBeGreaterThan(0)
    expect(witness.lines.map(({ code, reason }) => [code, reason])).toEqual([
      ['store_unavailable', 'OOM'],
      ['store_available', undefined],
    ])
  })

  test('AC-05 P-13 a server that is no Redis ends nothing of ours, and one that follows it on its port serves', async () => {
    await start()
    await link.close()
    await server.kill()
    const web = createServer((_req, res) => res.end('words of a web server'))
    await new Promise<void>((resolve) => web.listen(server.port, '127.0.0.1', resolve))
    connect(server.url)
    const answers = await keepAsking(2500)
    for (const { error } of answers) expect(error).toMatchObject(UNAVAILABLE)
    const shown = [...answers.map(({ error }) => everything(error)), JSON.stringify(witness.lines)].join('\n')
    expect(shown).not.toContain('HTTP')
    web.closeAllConnections()
    await new Promise((resolve) => web.close(resolve))
    await server.restart()
    expect(await serves(link)).toBeLessThan(5000)
  })
})

/** How many clients a server has, beside the one that asks. */
async function clientsOf(of: RedisServer): Promise<number> {
  return (
    String(await of.command('CLIENT', 'LIST', 'TYPE', 'normal'))
      .trim()
      .split('\n').length - 1
  )
}
