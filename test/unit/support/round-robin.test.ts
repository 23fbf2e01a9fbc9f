import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Jar } from '../../support/browser-jar.js'
import { RoundRobin, type RoundRobinOptions } from '../../support/round-robin.js'
import { send, type Answer, type Send } from '../../support/send.js'
import { until } from '../../support/until.js'

interface Backend {
  readonly server: Server
  readonly port: number
  readonly requests: IncomingMessage[]
  /** How it answers; its number unless a test says otherwise. */
  answer: RequestListener
}

let backends: Backend[]
let proxies: RoundRobin[]

beforeEach(async () => {
  proxies = []
  backends = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const requests: IncomingMessage[] = []
      const server = createServer((req, res) => {
        requests.push(req)
        backends[index]?.answer(req, res)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      return { server, port, requests, answer: (_req, res) => res.end(`I am ${index}`) }
    }),
  )
})
afterEach(async () => {
  await Promise.all([...proxies.map((proxy) => proxy.close()), ...backends.map(stop)])
})

async function stop({ server }: Backend): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function start(options?: RoundRobinOptions): Promise<RoundRobin> {
  const proxy = await RoundRobin.start(
    backends.map(({ port }) => port),
    options,
  )
  proxies.push(proxy)
  return proxy
}

function get({ port }: RoundRobin, path = '/', options: Send = {}): Promise<Answer> {
  return send({ hostname: '127.0.0.1', port }, path, options)
}

/** The backends that answer so many requests, one after the other. */
async function whoAnswers(proxy: RoundRobin, count: number): Promise<unknown[]> {
  const answered: unknown[] = []
  for (let turn = 0; turn < count; turn++) {
    const { headers, body } = await get(proxy)
    expect(body).toBe(`I am ${String(headers['x-backend'])}`)
    answered.push(headers['x-backend'])
  }
  return answered
}

describe('RoundRobin: who answers', () => {
  test('each in its turn', async () => {
    expect(await whoAnswers(await start(), 7)).toEqual(['0', '1', '2', '0', '1', '2', '0'])
  })

  test('requests at the same time are spread, too', async () => {
    const proxy = await start()
    await Promise.all(Array.from({ length: 9 }, () => get(proxy)))
    expect(backends.map(({ requests }) => requests.length)).toEqual([3, 3, 3])
  })

  test('one that does not listen is left out, and takes its turn again when it is back', async () => {
    const proxy = await start()
    const [first] = backends
    if (!first) throw new Error('no backend')
    await stop(first)
    expect(await whoAnswers(proxy, 4)).toEqual(['1', '2', '1', '2'])
    await new Promise<void>((resolve) => first.server.listen(first.port, '127.0.0.1', resolve))
    expect(await whoAnswers(proxy, 3)).toEqual(['0', '1', '2'])
  })

  test('a body reaches the one that takes it after another refused', async () => {
    const proxy = await start()
    for (const backend of backends.slice(0, 2)) await stop(backend)
    for (const backend of backends) backend.answer = (req, res) => void req.pipe(res)
    const body = 'x'.repeat(1_000_000)
    const answer = await get(proxy, '/', { method: 'POST', body })
    expect(answer.headers['x-backend']).toBe('2')
    expect(answer.body === body).toBe(true)
  })

  test('nobody, when all refuse: 502', async () => {
    const proxy = await start()
    await Promise.all(backends.map(stop))
    const { status, headers } = await get(proxy)
    expect([status, headers['x-backend']]).toEqual([502, undefined])
  })

  test('one that breaks off is not asked again, and nobody else: 502', async () => {
    const proxy = await start()
    for (const backend of backends) backend.answer = (req) => req.socket.destroy()
    const { status, headers } = await get(proxy, '/', { method: 'POST', body: 'once' })
    expect([status, headers['x-backend']]).toEqual([502, '0'])
    expect(backends.map(({ requests }) => requests.length)).toEqual([1, 0, 0])
  })

  test.each<[string, RequestListener]>([
    [
      'breaks off in the middle',
      (_req, res) => {
        res.writeHead(200, { 'content-length': '100' })
        res.write('half', () => res.destroy())
      },
    ],
    [
      'becomes no HTTP in the middle',
      ({ socket }) =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nwhat?\r\n'),
    ],
  ])('an answer that %s breaks off for the client', async (_how, answer) => {
    const proxy = await start()
    for (const backend of backends) backend.answer = answer
    await expect(get(proxy)).rejects.toThrow(/aborted|hang up/)
  })

  test('a client that goes away is gone for the backend', async () => {
    const proxy = await start()
    let gone = false
    for (const backend of backends) backend.answer = (_req, res) => res.on('close', () => (gone = true))
    const controller = new AbortController()
    const asked = fetch(proxy.url, { signal: controller.signal })
    await until(() => backends[0]?.requests[0])
    controller.abort()
    await expect(asked).rejects.toThrow('aborted')
    await until(() => gone || undefined)
  })
})

describe('RoundRobin: what goes through', () => {
  test('method, path, headers and body', async () => {
    const proxy = await start()
    for (const backend of backends) backend.answer = (req, res) => void req.pipe(res)
    const jar = new Jar({ cookies: [['id', '1']] })
    const headers = { host: 'app.example.test', 'x-mine': 'yes' }
    const answer = await get(proxy, '/a%2Fb?c=d', { method: 'PUT', jar, headers, body: 'sent' })
    expect(answer.body).toBe('sent')
    const [request] = backends[0]?.requests ?? []
    expect([request?.method, request?.url]).toEqual(['PUT', '/a%2Fb?c=d'])
    expect(request?.headers).toMatchObject({ ...headers, cookie: 'id=1' })
  })

  test('a GET gets no body', async () => {
    await get(await start())
    const names = Object.keys(backends[0]?.requests[0]?.headers ?? {})
    expect(names).not.toContain('content-length')
    expect(names).not.toContain('transfer-encoding')
  })

  test('the Host that is given', async () => {
    await get(await start({ host: 'app.example.test' }), '/', { headers: { host: 'other.example.test' } })
    expect(backends[0]?.requests[0]?.headers.host).toBe('app.example.test')
  })

  test('status, headers, several cookies; redirects are not followed', async () => {
    const proxy = await start()
    const cookies = ['a=1; Path=/; HttpOnly', 'b=2; Path=/']
    for (const backend of backends) {
      backend.answer = (_req, res) => {
        res.setHeader('Set-Cookie', cookies)
        res.writeHead(303, { location: '/there', 'x-mine': 'yes' }).end()
      }
    }
    const jar = new Jar()
    const answer = await get(proxy, '/', { jar })
    expect([answer.status, answer.location, answer.headers['x-mine']]).toEqual([303, '/there', 'yes'])
    expect(answer.cookies).toEqual(cookies)
    expect(jar.header).toBe('a=1; b=2')
    expect(answer.rawHeaders.filter((name) => name.toLowerCase() === 'set-cookie')).toHaveLength(2)
  })
})
