import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackChannel } from '../../../src/provider/back-channel.js'

const MIB = 1024 * 1024

let server: Server
let origin: string
let answer: (req: IncomingMessage, res: ServerResponse) => void
let requests: string[]

beforeAll(async () => {
  server = createServer((req, res) => {
    requests.push(`${req.method ?? ''} ${req.url ?? ''}`)
    answer(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  requests = []
  answer = (_req, res) => void res.end('{}')
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const channel = (timeout = 1, internalUrl?: string) =>
  createBackChannel({
    issuer: internalUrl === undefined ? origin : 'https://id.example',
    internalUrl,
    timeout,
  })

/** Milliseconds until it settles, and what it throws. */
async function failure(call: Promise<unknown>): Promise<{ ms: number; error: unknown }> {
  const begun = performance.now()
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { ms: performance.now() - begun, error }
}

describe('createBackChannel: the deadline', () => {
  test.each<[string, typeof answer]>([
    ['headers that never come', () => undefined],
    ['a body that never comes', (_req, res) => res.writeHead(200).flushHeaders()],
    [
      'a body that stops halfway',
      (_req, res) => void res.writeHead(200, { 'content-length': 10 }).write('half'),
    ],
    [
      'a body that drips',
      (_req, res) => {
        const drip = setInterval(() => res.write('x'), 50)
        res.on('close', () => clearInterval(drip))
      },
    ],
  ])('TE-03 P-4 %s: provider_unavailable in time', async (_name, how) => {
    answer = how
    const { ms, error } = await failure(channel()(`${origin}/x`))
    expect(error).toMatchObject({
      code: 'provider_unavailable',
      message: `no answer from ${origin}/x: time-out`,
    })
    expect(ms).toBeGreaterThan(900)
    expect(ms).toBeLessThan(1600)
  })

  test('the caller’s own signal ends a call, too', async () => {
    answer = () => undefined
    const { ms, error } = await failure(channel(5)(`${origin}/x`, { signal: AbortSignal.timeout(50) }))
    expect(error).toMatchObject({ code: 'provider_unavailable' })
    expect(ms).toBeLessThan(1000)
  })
})

describe('createBackChannel: answers that are none', () => {
  test('TE-04 a connection that is cut', async () => {
    answer = (_req, res) => {
      res.writeHead(200, { 'content-length': 100 }).write('half', () => res.destroy())
    }
    const { error } = await failure(channel()(`${origin}/x`))
    expect(error).toMatchObject({ code: 'provider_unavailable', status: 503, retryAfter: 5 })
  })

  test('a closed port, with the hint for containers', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`
    await new Promise((resolve) => closed.close(resolve))
    const direct = createBackChannel({ issuer: address, timeout: 1 })
    expect((await failure(direct(address))).error).toMatchObject({
      message: `no answer from ${address}/: ECONNREFUSED`,
      hint: expect.stringContaining('set internalUrl (OIDC_INTERNAL_URL)'),
    })
    const internal = createBackChannel({ issuer: 'https://id.example', internalUrl: address, timeout: 1 })
    expect((await failure(internal('https://id.example/x'))).error).toMatchObject({
      hint: `nothing answers at ${address}, the origin of internalUrl (OIDC_INTERNAL_URL)`,
    })
  })

  test.each([
    ['of its length', { 'content-length': String(MIB + 1) }],
    ['in chunks', {}],
  ])('a body above 1 MiB %s: provider_response_invalid', async (_name, headers) => {
    answer = (_req, res) => void res.writeHead(200, headers).end(Buffer.alloc(MIB + 1, 'x'))
    const { error } = await failure(channel()(`${origin}/x`))
    expect(error).toMatchObject({ code: 'provider_response_invalid', status: 502 })
  })

  test('a body without end is given up at the bound', async () => {
    answer = (_req, res) => {
      const more = (): void => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536)));
        if (!res.destroyed) res.once('drain', more)
      }
      more()
    }
    const { ms, error } = await failure(channel(5)(`${origin}/x`))
    expect(error).toMatchObject({ code: 'provider_response_invalid' })
    expect(ms).toBeLessThan(3000)
  })

  test('neither query nor text of the other side is in the message', async () => {
    answer = (_req, res) => void res.socket?.destroy()
    const { error } = await failure(channel()(`${origin}/token?code=the-code`))
    expect(String(error)).not.toContain('the-code')
    expect(String(error)).toContain('/token')
  })
})

describe('createBackChannel: answers', () => {
  test.each([301, 302, 303, 307, 308])('TE-05 %i is given back, not followed', async (status) => {
    answer = (_req, res) => void res.writeHead(status, { location: `${origin}/elsewhere` }).end()
    expect((await channel()(`${origin}/x`)).status).toBe(status)
    expect(requests).toEqual(['GET /x'])
  })

  test.each([204, 205, 304])('%i has no body', async (status) => {
    answer = (_req, res) => void res.writeHead(status).end()
    const response = await channel()(`${origin}/x`)
    expect([response.status, await response.text()]).toEqual([status, ''])
  })

  test('exactly 1 MiB passes, with status and headers', async () => {
    answer = (_req, res) => void res.writeHead(400, { 'x-a': 'b' }).end(Buffer.alloc(MIB, 'x'))
    const response = await channel()(`${origin}/x`)
    expect([response.status, response.headers.get('x-a'), (await response.text()).length]).toEqual([
      400,
      'b',
      MIB,
    ])
  })
})

describe('createBackChannel: the internal address', () => {
  test.each(['https://id.example/a/b?c=d', 'http://id.example:8080/a/b?c=d', 'https://evil.example/a/b?c=d'])(
    'replaces the origin of %s',
    async (url) => {
      await channel(1, origin)(url, { method: 'POST', body: 'x' })
      expect(requests).toEqual(['POST /a/b?c=d'])
    },
  )

  test('may be on a default port, which replaces the one of the public address', async () => {
    await failure(
      createBackChannel({ issuer: origin, internalUrl: 'http://127.0.0.1', timeout: 1 })(`${origin}/x`),
    )
    expect(requests).toEqual([])
  })
})
