import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createPasswordProvider, type TokenFetchInit, type TokenProvider } from '../../../src/tokens.js'
import { ScriptedApi } from '../../support/scripted-api.js'
import { json, PUBLIC_CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { failureOf } from '../../support/token-failures.js'

/** Of whatever realm. */
const TYPE_ERROR = { name: 'TypeError' }
const ALICE = { username: 'alice', password: 'alice-password' }

describe('provider.fetch', () => {
  let provider: ScriptedProvider
  let api: ScriptedApi
  let elsewhere: ScriptedApi
  let tokens: TokenProvider
  let now = Date.now()

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
    api = await ScriptedApi.start()
    elsewhere = await ScriptedApi.start()
  })
  beforeEach(() => {
    for (const each of [provider, api, elsewhere]) each.reset()
    provider.addPerson('alice')
    now = Date.now()
    const common = { issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, now: () => now }
    tokens = createPasswordProvider({ ...common, ...ALICE })
  })
  afterAll(() => Promise.all([provider.close(), api.stop(), elsewhere.stop()]))

  const post = (init: TokenFetchInit = {}) => tokens.fetch(api.url, { method: 'POST', body: 'x', ...init })
  const readableText = (text: string) => new Blob([text]).stream()

  test('C000-25 answered 401 once: one renewal, one repeat, success', async () => {
    const first = await tokens()
    api.takeOnly((token) => token !== first)
    const answer = await tokens.fetch(`${api.url}/whoami?x=1`, { headers: { accept: 'text/x' } })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ ok: true })
    expect(api.requests.map(({ path }) => path)).toEqual(['/whoami?x=1', '/whoami?x=1'])
    expect(api.requests.map(({ headers }) => headers['accept'])).toEqual(['text/x', 'text/x'])
    expect(api.tokens).toEqual([first, await tokens()])
    expect(provider.count('token')).toBe(2)
  })

  test('C000-25 a second 401 is the answer; an API that refuses every token causes no storm of renewals', async () => {
    api.answer = 401
    const answer = await tokens.fetch(api.url)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toEqual({ error: 'invalid_token' })
    expect(api.requests).toHaveLength(2)
    for (let call = 0; call < 20; call++) {
      expect((await tokens.fetch(api.url)).status).toBe(401)
      // What another one takes is no sign that this one takes it.
      expect((await tokens.fetch(elsewhere.url)).status).toBe(200)
    }
    expect(provider.count('token')).toBe(5)
    now += 11_000
    await tokens.fetch(api.url)
    expect(provider.count('token')).toBe(6)
    elsewhere.next = [401]
    expect((await tokens.fetch(elsewhere.url)).status).toBe(200)
    expect(provider.count('token')).toBe(7)
  })

  test('C000-25 right after a second 401, and after a 401 that was not repeated, one 401 is mended as ever', async () => {
    api.next = [401, 401, 401]
    expect((await tokens.fetch(api.url)).status).toBe(401)
    expect((await post()).status).toBe(401)
    for (let round = 0; round < 3; round++) {
      api.next = [401]
      expect((await post({ repeatable: true })).status).toBe(200)
    }
  })

  test('C000-25 fifty at once are refused: one renewal', async () => {
    const first = await tokens()
    api.takeOnly((token) => token !== first)
    const answers = await Promise.all(Array.from({ length: 50 }, () => tokens.fetch(api.url)))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(provider.count('token')).toBe(2)
  })

  test('C000-25 a POST and a PATCH are not repeated, but the next call has another token', async () => {
    for (const method of ['POST', 'PATCH']) {
      api.requests = []
      const first = await tokens()
      api.takeOnly((token) => token !== first)
      expect((await post({ method })).status).toBe(401)
      expect(api.requests).toHaveLength(1)
      expect((await post({ method })).status).toBe(200)
      expect(api.requests).toHaveLength(2)
      now += 11_000
    }
  })

  test('C000-25 methods that may be sent twice are; a GET that is said not to be is not', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      api.requests = []
      api.next = [401]
      expect((await tokens.fetch(api.url, { method })).status).toBe(200)
      expect(api.requests.map((request) => request.method)).toEqual([method, method])
      now += 11_000
    }
    api.next = [401]
    expect((await tokens.fetch(api.url, { repeatable: false })).status).toBe(401)
  })

  test('C000-25 a POST that is said to be repeatable is sent again with the same body, whatever it is', async () => {
    const form = new FormData()
    form.set('a', 'b')
    const bodies = [
      'text',
      new URLSearchParams({ a: 'b' }),
      form,
      new TextEncoder().encode('x'.repeat(70_000)),
    ]
    for (const body of [...bodies, new Blob(['blob'])]) {
      api.requests = []
      api.next = [401]
      expect((await post({ body, repeatable: true })).status).toBe(200)
      const [first, second] = api.requests
      expect(first?.body).toMatch(/./)
      expect(second?.body).toBe(first?.body)
      expect(second?.headers['content-type']).toBe(first?.headers['content-type'])
      expect(second?.headers['content-length']).toBe(String(Buffer.byteLength(first?.body ?? '')))
      now += 11_000
    }
  })

  test('C000-25 a stream is sent, of the web or of Node, and cannot be sent twice', async () => {
    for (const stream of [() => readableText('bits'), () => Readable.from([Buffer.from('bits')])]) {
      const body = stream() as ReadableStream
      expect((await post({ body, repeatable: true })).status).toBe(200)
      api.next = [401]
      const again = await post({ body: stream() as ReadableStream, repeatable: true })
      expect(again.status).toBe(401)
      expect(await again.json()).toEqual({ error: 'invalid_token' })
      now += 11_000
    }
    expect(api.requests.map(({ body }) => body)).toEqual(['bits', 'bits', 'bits', 'bits'])
  })

  test('a Request is taken, too; one whose body is used already is refused before anything is asked', async () => {
    const request = new Request(api.url, { method: 'PUT', body: 'x', headers: { accept: 'text/x' } })
    api.next = [401]
    const fetch = tokens.fetch
    expect((await fetch(request)).status).toBe(200)
    expect(api.requests.map(({ method, body }) => method + body)).toEqual(['PUTx', 'PUTx'])
    provider.calls = []
    now += 280_000
    await expect(fetch(request)).rejects.toMatchObject(TYPE_ERROR)
    const reason = new Error('enough')
    const aborted = new Request(api.url, { signal: AbortSignal.abort(reason) })
    await expect(fetch(aborted)).rejects.toBe(reason)
    expect(provider.calls).toEqual([])
  })

  test('a request that cannot be is refused before a token is asked for', async () => {
    await expect(tokens.fetch('not an address')).rejects.toMatchObject(TYPE_ERROR)
    await expect(tokens.fetch(api.url, { body: 'x' })).rejects.toMatchObject(TYPE_ERROR)
    expect(provider.calls).toEqual([])
  })

  test('A-6 without a token nothing is sent to the API', async () => {
    provider.answers.token = (_call, res) => json(res, 200, { token_type: 'Bearer' })
    expect((await failureOf(tokens.fetch(api.url))).code).toBe('invalid_response')
    expect(api.requests).toEqual([])
  })

  test('C000-25 when the renewal is refused, that is the error', async () => {
    await tokens()
    api.answer = 401
    provider.answers.token = (_call, res) => json(res, 401, { error: 'invalid_client' })
    expect((await failureOf(tokens.fetch(api.url))).code).toBe('client_refused')
    expect(api.requests).toHaveLength(1)
  })

  test('a client that is refused for a while goes on with a token that lasts', async () => {
    const token = await tokens()
    provider.calls = []
    provider.answers.token = (_call, res) => json(res, 401, { error: 'unauthorized_client' })
    await expect(tokens.renew()).rejects.toMatchObject({ code: 'client_refused' })
    for (let call = 0; call < 20; call++) expect(await tokens()).toBe(token)
    expect(provider.count('token')).toBe(1)
    await expect(tokens.renew({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(await tokens()).toBe(token)
  })

  test('C000-25 when none can be had, the caller has the API’s answer, and others go on with the token', async () => {
    const token = await tokens()
    api.answer = 401
    provider.calls = []
    provider.answers.token = (_call, res) => void res.writeHead(503).end()
    for (let call = 0; call < 20; call++) expect((await tokens.fetch(api.url)).status).toBe(401)
    expect(await tokens()).toBe(token)
    expect(provider.count('token')).toBe(1)
  })

  test('C000-25 a token that an API took and refuses later is renewed, although it is new', async () => {
    await tokens()
    for (let round = 0; round < 3; round++) {
      api.next = [401, 200]
      expect((await tokens.fetch(api.url)).status).toBe(200)
    }
  })

  test('a body can be read long after it came, and its deadline is the caller’s', async () => {
    const answer = await tokens.fetch(api.url)
    expect(answer).toBeInstanceOf(Response)
    expect(answer.clone().url).toBe(answer.url)
  })

  test('C000-25 a 401 whose body never ends, or breaks off, is left at once', async () => {
    for (const end of ['never', 'broken']) {
      const first = await tokens()
      const server = createServer((req, res) => {
        if (req.headers.authorization !== `Bearer ${first}`) return void res.end('ok')
        res.writeHead(401, { 'content-length': '1000000' }).write('x')
        if (end === 'broken') setTimeout(() => res.destroy(), 10)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      expect((await tokens.fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      now += 11_000
    }
  })

  test('a caller that aborts ends its own waiting, for the token and for the API', async () => {
    provider.answers.token = () => undefined
    await expect(tokens.fetch(api.url, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    expect(api.requests).toEqual([])
  })

  test('the answer is a Response as everybody knows it, with its address, its cookies and no body where there is none', async () => {
    api.next = [{ status: 302, headers: { location: '/there' } }]
    const answer = await tokens.fetch(`${api.url}/here`)
    expect(answer).toBeInstanceOf(Response)
    expect([answer.url, answer.redirected, answer.type]).toEqual([`${api.url}/there`, true, 'basic'])
    api.next = [204, 304]
    expect((await tokens.fetch(api.url)).body).toBeNull()
    expect((await tokens.fetch(api.url)).status).toBe(304)
    api.next = [ScriptedApi.redirect('/there')]
    const manual = await tokens.fetch(api.url, { redirect: 'manual' })
    expect([manual.status, manual.headers.get('location')]).toEqual([302, '/there'])
    api.next = [ScriptedApi.redirect('/there')]
    await expect(tokens.fetch(api.url, { redirect: 'error' })).rejects.toMatchObject(TYPE_ERROR)
  })

  test('TK-03 redirected to another origin: it goes on without our header, and a 401 there is not about our token', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const method of ['GET', 'POST', 'PUT']) {
        elsewhere.requests = []
        elsewhere.answer = 401
        api.answer = ScriptedApi.redirect(`${elsewhere.url}/theirs`, status)
        const body = method === 'GET' ? {} : { body: 'x' }
        const answer = await tokens.fetch(api.url, { method, ...body, headers: { cookie: 'a=b' } })
        expect(answer.status).toBe(401)
        expect(elsewhere.requests).toHaveLength(1)
        expect(elsewhere.requests[0]?.headers).not.toHaveProperty('authorization')
        expect(elsewhere.requests[0]?.headers).not.toHaveProperty('cookie')
      }
    }
    expect(provider.count('token')).toBe(1)
  })
})
