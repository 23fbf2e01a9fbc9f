import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createPasswordProvider, type TokenProvider } from '../../../src/tokens.js'
import { ScriptedApi } from '../../support/scripted-api.js'
import { PUBLIC_CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'

describe('a provider’s functions among the functions of others', () => {
  let provider: ScriptedProvider
  let api: ScriptedApi
  let tokens: TokenProvider

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
    api = await ScriptedApi.start()
  })
  beforeEach(() => {
    for (const each of [provider, api]) each.reset()
    provider.addPerson('alice')
    const client = { issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID }
    tokens = createPasswordProvider({ ...client, username: 'alice', password: 'alice-password' })
  })
  afterAll(() => Promise.all([provider.close(), api.stop()]))

  test('C000-16 it stands in for fetch, and the hook for any function that is called before a request', async () => {
    const standsIn: typeof fetch = tokens.fetch
    const answer = await standsIn(new Request(api.url, { method: 'PUT', body: 'x' }))
    expect(answer.status).toBe(200)
    expect(api.requests[0]?.method).toBe('PUT')
    // Whatever the hook of a client looks like.
    const hooks: [
      () => Promise<void>,
      () => void | Promise<void>,
      (request: { url: string }) => unknown,
      (config: { headers: Headers }) => Promise<unknown>,
      (name: string) => unknown,
      () => Promise<string>,
    ] = [
      tokens.ensureFresh,
      tokens.ensureFresh,
      tokens.ensureFresh,
      tokens.ensureFresh,
      tokens.ensureFresh,
      tokens.ensureFresh,
    ]
    await hooks[0]()
    const hook = tokens.ensureFresh as (given: unknown) => Promise<string>
    for (const given of [undefined, null, 'GET', 7, { signal: 'none' }, { signal: null }])
      expect(await hook(given)).toBe(await tokens())
  })

  test('an answer that a stand-in for fetch has made, which has no address, is one about the token', async () => {
    const first = await tokens()
    const own = globalThis.fetch
    const shown: (string | null)[] = []
    globalThis.fetch = (_input, init) => {
      shown.push(new Headers(init?.headers).get('authorization'))
      return Promise.resolve(new Response('', { status: shown.length === 1 ? 401 : 200 }))
    }
    try {
      expect((await tokens.fetch(api.url)).status).toBe(200)
    } finally {
      globalThis.fetch = own
    }
    expect(shown).toEqual([`Bearer ${first}`, `Bearer ${await tokens()}`])
    expect(shown[1]).not.toBe(shown[0])
  })
})
