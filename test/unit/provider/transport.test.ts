import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createBackChannel } from '../../../src/provider/back-channel.js'
import { createTransport } from '../../../src/provider/transport.js'
import { ImpatientServer } from '../../support/impatient-server.js'
import { PlainProxy } from '../../support/plain-proxy.js'
import { ScriptedApi } from '../../support/scripted-api.js'
import { until } from '../../support/until.js'

const PASSWORD = 'the-password-of-the-proxy'
const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']

let before: Record<string, string | undefined>
beforeEach(() => {
  before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]))
  for (const name of VARIABLES) Reflect.deleteProperty(process.env, name)
})
afterEach(() => {
  for (const [name, value] of Object.entries(before))
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
})

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe.each(['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])(
  '%s that is no address',
  (variable) => {
    test.each([
      `http://me:${PASSWORD}@[bad`,
      `http://me:${PASSWORD}@:bad port/`,
      `http://me:${PASSWORD}@`,
      `http://me:${PASSWORD}@127.0.0.1:99999`,
      `http://me:%${PASSWORD}@127.0.0.1:1`,
      `http://me:${PASSWORD}@127.0.0.1:1/path?a#b`,
      `gopher://me:${PASSWORD}@127.0.0.1:1`,
      `me:${PASSWORD}@proxy.example:3128`,
      `${PASSWORD}.example:3128`,
      ' ',
    ])('TK-04 %j: each error names both settings and shows nothing of it', async (address) => {
      process.env[variable] = address
      for (const target of ['http://id.invalid/token', 'https://id.invalid/token']) {
        const transport = createTransport()
        for (let call = 0; call < 2; call += 1) {
          const error = await failureOf(transport(new URL(target), {}))
          expect(error).toBeInstanceOf(TypeError)
          expect(error).toMatchObject({
            message: 'HTTPS_PROXY or HTTP_PROXY is not the address of an http(s) proxy',
          })
          expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PASSWORD)
        }
        const backChannel = createBackChannel({ issuer: 'https://id.invalid', timeout: 2 })
        const error = await failureOf(backChannel(target))
        expect(error).toMatchObject({
          code: 'provider_unavailable',
          message: `no answer from ${target}: HTTPS_PROXY or HTTP_PROXY is not the address of an http(s) proxy`,
        })
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PASSWORD)
      }
    })
  },
)

describe('a server that resets connections which it has kept', () => {
  let server: ImpatientServer
  beforeEach(async () => {
    server = await ImpatientServer.start()
  })
  afterEach(() => server.stop())

  async function ask(transport: ReturnType<typeof createTransport>, method: string): Promise<string> {
    const answer = await transport(server.url, method === 'POST' ? { method, body: 'a=b' } : { method })
    return answer.text()
  }

  test('is asked anew each time where connections are not reused, and none is left', async () => {
    const transport = createTransport(undefined, { reuseConnections: false })
    for (let call = 0; call < 20; call += 1)
      expect(await ask(transport, call % 2 === 0 ? 'POST' : 'GET')).toBe('{}')
    expect(server.answered).toBe(20)
    await until(() => (server.open === 0 ? true : undefined))
  })

  test('costs a call where they are, as they are by default', async () => {
    const transport = createTransport()
    // The next may come before the connection is free, and have one of its own.
    const error = await until(() => failureOf(ask(transport, 'POST')))
    expect(error).toMatchObject({
      name: 'TypeError',
      cause: { code: expect.stringMatching(/ECONNRESET|SOCKET/) },
    })
  })
})

describe('plain http through HTTP_PROXY', () => {
  let api: ScriptedApi
  let proxy: PlainProxy
  beforeEach(async () => {
    api = await ScriptedApi.start()
    proxy = await PlainProxy.start(api.url)
    process.env['HTTP_PROXY'] = `http://me:${PASSWORD}@${proxy.host}`
  })
  afterEach(() => Promise.all([proxy.stop(), api.stop()]))

  const BASIC = `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`
  const form = { method: 'POST', headers: { authorization: 'Basic abc', accept: '*/*' }, body: 'a=b' }

  test.each([true, false])('goes without a tunnel, reused connections: %s', async (reuseConnections) => {
    const transport = createTransport(undefined, { reuseConnections })
    api.answer = { status: 200, body: 'hello' }
    for (const port of ['', ':8080']) {
      for (const path of ['/token?x=1', '/again'])
        expect(await (await transport(new URL(`http://id.invalid${port}${path}`), form)).text()).toBe('hello')
    }
    expect(proxy.asked).toEqual([
      'POST http://id.invalid/token?x=1',
      'POST http://id.invalid/again',
      'POST http://id.invalid:8080/token?x=1',
      'POST http://id.invalid:8080/again',
    ])
    expect(new Set(proxy.credentials)).toEqual(new Set([BASIC]))
    const [request] = api.requests
    expect(request).toMatchObject({
      path: '/token?x=1',
      body: 'a=b',
      headers: { authorization: 'Basic abc' },
    })
    expect(api.requests.map(({ headers }) => headers.host)).toEqual([
      'id.invalid',
      'id.invalid',
      'id.invalid:8080',
      'id.invalid:8080',
    ])
    // The proxy hands on what we say of the connection.
    const said = new Set(api.requests.map(({ headers }) => headers.connection))
    expect(said).toEqual(new Set([reuseConnections ? 'keep-alive' : 'close']))
  })

  test('a body that comes bit by bit, an answer that does, and one of 1 MB', async () => {
    const body = 'x'.repeat(1_000_000)
    api.answer = ({ body: sent }) => ({ status: 201, headers: { 'x-much': 'a, b' }, body: sent })
    const stream = new Blob([body]).stream()
    const init = { method: 'PUT', body: stream, duplex: 'half' }
    const answer = await createTransport()(new URL('http://id.invalid/'), init as RequestInit)
    expect([answer.status, answer.headers.get('x-much')]).toEqual([201, 'a, b'])
    expect(await answer.text()).toBe(body)
  })

  test('TK-04 is one error without its password when the proxy wants another', async () => {
    proxy.refusal = 407
    const error = await failureOf(createTransport()(new URL('http://id.invalid/token'), form))
    expect(error).toBeInstanceOf(TypeError)
    for (const hidden of [PASSWORD, BASIC])
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(hidden)
  })
  test('ends with its deadline', async () => {
    const signal = AbortSignal.timeout(100)
    await expect(
      createTransport()(new URL('http://hanging.invalid/token'), { ...form, signal }),
    ).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
