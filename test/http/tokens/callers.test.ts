import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  createClientCredentialsProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  type TokenProvider,
} from '../../../src/tokens.js'
import { answerTokenRequest } from '../../support/scripted-grants.js'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  json,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { failureOf } from '../../support/token-failures.js'
import { until } from '../../support/until.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const ALICE = { username: 'alice', password: 'alice-password' }
const REFRESH = 'refresh_token'

describe('many callers of one provider', () => {
  let provider: ScriptedProvider
  let now = Date.now()
  let given = 0
  const common = () => ({ issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, now: () => now })
  const service = () => ({ ...common(), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    provider.addPerson('alice')
    now = Date.now()
  })
  afterAll(() => provider.close())

  /** A provider whose access token is due; nothing was asked so far. */
  async function due(options: object = {}): Promise<TokenProvider> {
    const person = provider.addPerson(`person-${given++}`)
    const refreshToken = provider.families.issue(provider.families.begin(person, 'sid'))
    const accessToken = await provider.accessToken()
    now += 271_000
    return createRefreshTokenProvider({ ...common(), ...options, refreshToken, accessToken })
  }

  /** Holds every token request back until it is let go. */
  function holdTokens(): { letGo(): void } {
    let letGo = (): void => undefined
    const gate = new Promise<void>((resolve) => (letGo = resolve))
    provider.answers.token = async (call, res) => {
      await gate
      const { status, body } = await answerTokenRequest(provider, call)
      json(res, status, body)
    }
    return { letGo }
  }

  test('TK-01 C000-14 fifty callers: one request, one token; who aborts, and whose time is over, fail alone', async () => {
    const tokens = await due()
    const hold = holdTokens()
    const first = new AbortController()
    const own = new AbortController()
    const reason = new Error('has something else to do')
    const leaving = tokens({ signal: first.signal })
    // Node 20 forgets a deadline that nobody but AbortSignal.any holds.
    const deadline = AbortSignal.timeout(50)
    const limited = tokens({ signal: AbortSignal.any([own.signal, deadline]) })
    const others = Array.from({ length: 48 }, (_, index) => (index % 2 ? tokens() : tokens.ensureFresh()))
    first.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    await expect(limited).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(deadline.aborted).toBe(true)
    await until(() => provider.grants(REFRESH) || undefined)
    hold.letGo()
    const got = await Promise.all(others)
    expect(new Set(got).size).toBe(1)
    expect(provider.count('token')).toBe(1)
    now += 271_000
    const next = await tokens()
    expect(next).not.toBe(got[0])
    expect(provider.grants(REFRESH)).toBe(2)
    expect(provider.families.reused).toBe(0)
  })

  test('TK-01 when all have left, the answer is kept all the same', async () => {
    const tokens = await due()
    const hold = holdTokens()
    const leaving = new AbortController()
    const calls = [1, 2, 3].map(() => tokens({ signal: leaving.signal }))
    await until(() => provider.grants(REFRESH) || undefined)
    leaving.abort()
    for (const call of calls) await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    hold.letGo()
    await tokens()
    expect(provider.grants(REFRESH)).toBe(1)
    now += 271_000
    await tokens()
    expect(provider.families.reused).toBe(0)
  })

  test('TK-01 who comes with an aborted signal asks for nothing', async () => {
    const tokens = await due()
    await expect(tokens({ signal: AbortSignal.abort('too late') })).rejects.toBe('too late')
    await expect(tokens.renew({ signal: AbortSignal.abort('too late') })).rejects.toBe('too late')
    expect(provider.count('token')).toBe(0)
  })

  test('C000-18 A-9 any number of calls in its life: one request at the start, one more when it is due', async () => {
    const tokens = createClientCredentialsProvider(service())
    for (let second = 0; second < 270; second += 2) {
      await tokens()
      await tokens.tokens()
      now += 2000
    }
    expect(provider.count('token')).toBe(1)
    await tokens()
    expect(provider.count('token')).toBe(2)
    await tokens()
    expect(provider.count('token')).toBe(2)
    expect(provider.count('discovery')).toBe(1)
    expect(provider.count('introspect')).toBe(0)
  })

  test('C000-18 one call at the very second in which less than refreshBefore is left', async () => {
    const tokens = await due({ refreshBefore: 100 })
    await tokens()
    now += 199_999
    await tokens()
    expect(provider.grants(REFRESH)).toBe(1)
    now += 1
    await tokens()
    expect(provider.grants(REFRESH)).toBe(2)
  })

  test('C000-10 without a refresh token the grant is repeated; with one it is used', async () => {
    const tokens = createClientCredentialsProvider(service())
    expect((await tokens.tokens()).refreshToken).toBeUndefined()
    now += 271_000
    await tokens()
    expect([provider.grants('client_credentials'), provider.grants(REFRESH)]).toEqual([2, 0])
    provider.refreshForClientCredentials = true
    now += 271_000
    await tokens()
    now += 271_000
    await tokens()
    expect([provider.grants('client_credentials'), provider.grants(REFRESH)]).toEqual([3, 1])
  })

  test('A-8 a token endpoint that hangs ends in the time-out; the next call tries anew', async () => {
    const tokens = createPasswordProvider({ ...common(), ...ALICE, timeout: 1 })
    provider.answers.token = () => undefined
    const began = performance.now()
    const [error, same] = await Promise.all([failureOf(tokens()), failureOf(tokens())])
    expect(performance.now() - began).toBeLessThan(3000)
    expect(error).toMatchObject({ code: 'unavailable', status: 503, error: 'temporarily_unavailable' })
    expect(error.message).toBe(`no answer from ${provider.issuer}/protocol/openid-connect/token: time-out`)
    expect(same).toBe(error)
    expect(provider.count('token')).toBe(1)
    provider.answers = {}
    expect(await tokens()).toMatch(/^eyJ/)
  })

  test('A-8 one that begins to answer and never ends, too: the deadline is for the whole answer', async () => {
    const tokens = createPasswordProvider({ ...common(), ...ALICE, timeout: 1 })
    provider.answers.token = (_call, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).write('{"access_token":')
    }
    expect((await failureOf(tokens())).message).toMatch(/time-out$/)
  })

  test('C000-15 a token that is still good is served while the server is away, which is asked every two seconds', async () => {
    const tokens = await due()
    const good = await tokens()
    expect(provider.grants(REFRESH)).toBe(1)
    provider.answers.token = (_call, res) => void res.writeHead(503).end()
    now += 280_000
    for (let call = 0; call < 10; call++) expect(await tokens()).toBe(good)
    expect(provider.grants(REFRESH)).toBe(2)
    now += 2000
    expect(await tokens()).toBe(good)
    expect(provider.grants(REFRESH)).toBe(3)
    now += 30_000
    expect(await failureOf(tokens())).toMatchObject({ code: 'unavailable', status: 503 })
  })

  test('A-8 who wants a new token asks the server, whatever it said a moment ago', async () => {
    const tokens = await due()
    const good = await tokens()
    for (let round = 0; round < 5; round++) {
      provider.answers.token = (_call, res) => void res.writeHead(503).end()
      expect(await failureOf(tokens.renew())).toMatchObject({ code: 'unavailable', status: 503 })
      expect(await tokens()).toBe(good)
    }
    provider.answers = {}
    expect(await tokens.renew()).not.toBe(good)
  })

  test('A-8 while somebody waits for a new token of a server that hangs, others go on with the good one, at once', async () => {
    const tokens = createPasswordProvider({ ...common(), ...ALICE, timeout: 2 })
    const good = await tokens()
    provider.answers.token = () => undefined
    let isOver = false
    const renewal = failureOf(tokens.renew()).finally(() => (isOver = true))
    for (let call = 0; call < 20; call++) expect(await tokens()).toBe(good)
    expect(isOver).toBe(false)
    expect(await renewal).toMatchObject({ code: 'unavailable' })
    expect(await tokens()).toBe(good)
  })

  test('C000-13 when a renewal finds the sign-in dead, the known token is given out no more', async () => {
    const tokens = createRefreshTokenProvider({
      ...common(),
      refreshToken: 'dead',
      accessToken: await provider.accessToken(),
    })
    expect(await tokens()).toMatch(/^eyJ/)
    provider.answers.token = (_call, res) => json(res, 400, { error: 'invalid_grant' })
    expect((await failureOf(tokens.renew())).code).toBe('sign_in_again')
    expect((await failureOf(tokens())).code).toBe('sign_in_again')
    expect(provider.count('token')).toBe(1)
  })

  test('A-8 the server away at discovery: the next call tries anew, at once', async () => {
    const tokens = createPasswordProvider({ ...common(), ...ALICE })
    provider.answers.discovery = (_call, res) => void res.writeHead(503).end()
    expect(await failureOf(tokens())).toMatchObject({ code: 'unavailable' })
    provider.answers = {}
    expect(await tokens()).toMatch(/^eyJ/)
    expect(provider.count('discovery')).toBe(2)
  })

  test(
    'TK-01 one signal for fifty callers is no leak that Node would warn of',
    async () => {
      await buildServer()
      const options = JSON.stringify({ issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, ...ALICE })
      const program = `
      import { createPasswordProvider } from './dist/tokens.js'
      const [tokens, { signal }] = [createPasswordProvider(${options}), new AbortController()]
      const all = await Promise.all(Array.from({ length: 50 }, () => tokens({ signal })))
      console.log(new Set(all).size)`
      const args = ['--input-type=module', '--eval', program]
      const done = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
      expect(done).toEqual({ stdout: '1\n', stderr: '' })
    },
    BUILD_TIMEOUT,
  )
})
