import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { RedisServer } from '../../support/redis-server.js'
import { send } from '../../support/send.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { until } from '../../support/until.js'

/** A connection, with all that came over it. */
class Client {
  readonly socket: Socket
  text = ''
  state: 'connecting' | 'open' | 'ended' | 'reset' = 'connecting'

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('connect', () => (this.state = 'open'))
    this.socket.on('data', (chunk) => (this.text += chunk.toString()))
    this.socket.on('end', () => (this.state = 'ended'))
    this.socket.on('error', () => (this.state = 'reset'))
  }

  async has(text: string): Promise<void> {
    await until(() => this.text === text || undefined)
  }

  async is(state: Client['state']): Promise<void> {
    await until(() => this.state === state || undefined)
  }
}

let echo: Server
let accepted: Socket[]
/** What the server behind the proxy was sent, over all connections. */
let heard: string
let proxy: TcpProxy
let clients: Client[]

beforeEach(async () => {
  accepted = []
  heard = ''
  clients = []
  echo = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      heard += chunk.toString()
      socket.write(chunk)
    })
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  proxy = await TcpProxy.start((echo.address() as AddressInfo).port)
})
afterEach(async () => {
  for (const { socket } of clients) socket.destroy()
  await proxy.close()
  for (const socket of accepted) socket.destroy()
  await new Promise((resolve) => echo.close(resolve))
})

async function open(): Promise<Client> {
  const client = new Client(proxy.port)
  clients.push(client)
  await client.is('open')
  return client
}

/** A connection that is known to go through. */
async function openThrough(): Promise<Client> {
  const client = await open()
  client.socket.write('hello ')
  await client.has('hello ')
  return client
}

/** Something that takes the same way over another proxy: what could have arrived meanwhile has. */
async function meanwhile(): Promise<void> {
  const other = await TcpProxy.start((echo.address() as AddressInfo).port)
  try {
    const client = new Client(other.port)
    clients.push(client)
    for (let round = 1; round <= 5; round++) {
      client.socket.write('.')
      await client.has('.'.repeat(round))
    }
  } finally {
    await other.close()
  }
}

describe('TcpProxy that passes', () => {
  test('data go both ways, whole and in order', async () => {
    const client = await open()
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index}\n`)
    for (const number of numbers) client.socket.write(number)
    await client.has(numbers.join(''))
    expect(heard).toBe(numbers.join(''))
  })

  test('the end of either side is the end of the other', async () => {
    const [one, other] = [await openThrough(), await openThrough()]
    one.socket.end()
    await until(() => accepted[0]?.destroyed === true || undefined)
    accepted[1]?.end('bye')
    await other.is('ended')
    expect([one.state, other.text]).toEqual(['ended', 'hello bye'])
  })

  test('a client that has said its last word still gets the reply', async () => {
    const client = await openThrough()
    proxy.delay = 100
    client.socket.end('last')
    await client.is('ended')
    expect(client.text).toBe('hello last')
  })

  test('the failure of the server is one for the client', async () => {
    const client = await openThrough()
    accepted[0]?.resetAndDestroy()
    await client.is('reset')
  })

  test('nobody behind it: the client is reset', async () => {
    await new Promise((resolve) => echo.close(resolve))
    const client = new Client(proxy.port)
    clients.push(client)
    await client.is('reset')
  })
})

describe('TcpProxy that is silent', () => {
  test('nothing reaches the server over a connection that exists; it arrives when the network is back', async () => {
    const client = await openThrough()
    proxy.mode = 'silent'
    client.socket.write('lost? ')
    await meanwhile()
    expect([heard.replaceAll('.', ''), client.text, client.state]).toEqual(['hello ', 'hello ', 'open'])
    proxy.mode = 'pass'
    await client.has('hello lost? ')
  })

  test('nothing reaches the client over a connection that exists, not even its end', async () => {
    const client = await openThrough()
    proxy.mode = 'silent'
    accepted[0]?.end('bye')
    await meanwhile()
    expect([client.text, client.state]).toEqual(['hello ', 'open'])
    // Nor does the proxy say goodbye on its behalf.
    expect(accepted[0]?.readableEnded).toBe(false)
    proxy.mode = 'pass'
    await client.is('ended')
    expect(client.text).toBe('hello bye')
  })

  test('a new connection is accepted, and the server does not know of it until the network is back', async () => {
    proxy.mode = 'silent'
    const client = await open()
    client.socket.write('anybody?')
    await meanwhile()
    expect([accepted.length, client.text, client.state]).toEqual([1, '', 'open'])
    proxy.mode = 'pass'
    await client.has('anybody?')
  })

  test('connections that waited are reset when it refuses', async () => {
    proxy.mode = 'silent'
    const client = await open()
    proxy.mode = 'refuse'
    await client.is('reset')
    expect(accepted).toEqual([])
  })
})

describe('TcpProxy that refuses', () => {
  test('connections that exist and new ones are reset; later ones go through again', async () => {
    const client = await openThrough()
    proxy.mode = 'refuse'
    await client.is('reset')
    await until(() => accepted[0]?.destroyed === true || undefined)
    const late = new Client(proxy.port)
    clients.push(late)
    await late.is('reset')
    expect(accepted).toHaveLength(1)
    proxy.mode = 'pass'
    await openThrough()
  })
})

describe('TcpProxy that is slow', () => {
  test('every reply takes that much longer, over connections that exist and new ones', async () => {
    const client = await openThrough()
    proxy.delay = 300
    for (const [slow, before] of [
      [client, 'hello '],
      [await open(), ''],
    ] as const) {
      const start = Date.now()
      slow.socket.write('slow')
      await slow.has(`${before}slow`)
      expect(Date.now() - start).toBeGreaterThanOrEqual(295)
    }
  })

  test('many parts take as long as one, and stay in order, though the delay ends meanwhile', async () => {
    const client = await openThrough()
    proxy.delay = 300
    const start = Date.now()
    for (const word of 'abcdefghij') {
      client.socket.write(word)
      await until(() => heard.endsWith(word) || undefined)
    }
    proxy.delay = 0
    client.socket.write('k')
    await client.has('hello abcdefghijk')
    const took = Date.now() - start
    expect(took).toBeGreaterThanOrEqual(295)
    expect(took).toBeLessThan(2000)
  })
})

describe('TcpProxy in front of real servers', () => {
  test('Redis, with its own client: through, silent, refused, through', async () => {
    const redis = await RedisServer.start()
    const front = await TcpProxy.start(redis.port)
    const through = Object.assign(Object.create(redis) as RedisServer, {
      url: `redis://127.0.0.1:${front.port}`,
    })
    try {
      await through.command('SET', 'a', '1')
      expect(await redis.keys()).toEqual(['a'])
      front.mode = 'silent'
      await expect(through.command('GET', 'a')).rejects.toThrow('did not answer GET')
      front.mode = 'refuse'
      await expect(through.command('GET', 'a')).rejects.toThrow(/ECONNRESET|closed unexpectedly/)
      front.mode = 'pass'
      expect(await through.command('GET', 'a')).toBe('1')
    } finally {
      await front.close()
      await redis.stop()
    }
  })

  test('HTTP, a large body in both directions', async () => {
    const server = createHttpServer((req, res) => void req.pipe(res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const front = await TcpProxy.start((server.address() as AddressInfo).port)
    try {
      const body = 'x'.repeat(5_000_000)
      const answer = await send({ hostname: '127.0.0.1', port: front.port }, '/', { method: 'POST', body })
      expect(answer.status).toBe(200)
      expect(answer.body === body).toBe(true)
    } finally {
      await front.close()
      server.closeAllConnections()
      server.close()
    }
  })
})
