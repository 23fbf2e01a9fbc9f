import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createJwtBearerProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  TokenError,
} from '../../../src/tokens.js'
import { ScriptedApi } from '../../support/scripted-api.js'
import { json, PUBLIC_CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { failureOf, printed } from '../../support/token-failures.js'

const ALICE = { username: 'alice', password: 'alice-password' }

describe('answers that are not what they should be', () => {
  let provider: ScriptedProvider
  let api: ScriptedApi
  let now = Date.now()
  let given = 0
  const common = () => ({ issuer: provider.issuer, clientId: PUBLIC_CLIENT_ID, now: () => now })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
    api = await ScriptedApi.start()
  })
  beforeEach(() => {
    provider.reset()
    api.reset()
    provider.addPerson('alice')
    now = Date.now()
  })
  afterAll(() => Promise.all([provider.close(), api.stop()]))

  const alice = () => createPasswordProvider({ ...common(), ...ALICE })

  const USELESS: Readonly<Record<string, unknown>> = {
    'an error beside tokens': { error: 'invalid_grant', access_token: 'a', token_type: 'Bearer' },
    'an empty error beside tokens': { error: '', access_token: 'a', token_type: 'Bearer' },
    'no access token': { token_type: 'Bearer' },
    'null for a token': { access_token: null, token_type: 'Bearer' },
    'an empty token': { access_token: '', token_type: 'Bearer' },
    'a number for a token': { access_token: 17, token_type: 'Bearer' },
    'a list for a token': { access_token: ['a'], token_type: 'Bearer' },
    'a token with a blank': { access_token: 'a b', token_type: 'Bearer' },
    'a token with a line break': { access_token: 'a\r\nx: y', token_type: 'Bearer' },
    'the word for nothing': { access_token: 'undefined', token_type: 'Bearer' },
    'the other word for nothing': { access_token: 'null', token_type: 'Bearer' },
    'a token of no ASCII': { access_token: 'ä', token_type: 'Bearer' },
    'token_type mac': { access_token: 'a', token_type: 'mac' },
    'token_type DPoP': { access_token: 'a', token_type: 'DPoP' },
    'no token_type': { access_token: 'a' },
    'an inherited token': '{"__proto__":{"access_token":"a","token_type":"Bearer"}}',
    'a list': [],
    null: 'null',
    'a text': '"access_token"',
    nothing: '',
    'half of it': '{"access_token":"a","token_type":',
  }

  test('TK-05 A-6 200 without a usable token: a typed error, and no header for the API', async () => {
    for (const [what, body] of Object.entries(USELESS)) {
      provider.answers.token = (_call, res) => json(res, 200, body)
      const tokens = alice()
      const error = await failureOf(tokens.fetch(api.url))
      expect([what, error.code, error.status, error.error]).toEqual([
        what,
        'invalid_response',
        502,
        'invalid_response',
      ])
    }
    expect(api.requests).toEqual([])
    expect(provider.count('token')).toBe(Object.keys(USELESS).length)
  })

  test('C000-13 an error decides, whatever the status: a dead refresh token is not sent again', async () => {
    provider.answers.token = (_call, res) => json(res, 200, { error: 'invalid_grant' })
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken: `dead-${given++}` })
    for (let call = 0; call < 3; call++) expect((await failureOf(tokens())).code).toBe('sign_in_again')
    expect(provider.count('token')).toBe(1)
  })

  test('TK-02 a member error that says nothing is none; one beside tokens loses no refresh token', async () => {
    const person = provider.addPerson(`person-${given++}`)
    const refreshToken = provider.families.issue(provider.families.begin(person, 'sid'))
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken })
    provider.onTokenResponse = (body) => ({ ...body, error: null })
    expect(await tokens()).toMatch(/^eyJ/)
    provider.onTokenResponse = (body) => ({ ...body, error: 'x' })
    now += 300_001
    expect((await failureOf(tokens())).code).toBe('invalid_response')
    provider.onTokenResponse = (body) => body
    expect(await tokens()).toMatch(/^eyJ/)
    expect(provider.families.reused).toBe(0)
  })

  test('TE-01 tokens in a 201, and beside members that nobody knows, are not lost', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
    const body = `{"access_token":"a","token_type":"Bearer","refresh_token":"r","other":${deep}}`
    for (const status of [200, 201]) {
      provider.answers.token = (_call, res) => json(res, status, body)
      expect(await alice().tokens()).toMatchObject({ accessToken: 'a', refreshToken: 'r' })
    }
  })

  test('C001-08 what counts once is sent once: a code and a fixed assertion, although the answer was 503', async () => {
    provider.answers.token = (_call, res) => void res.writeHead(503).end()
    const once = [
      createPasswordProvider({ ...common(), ...ALICE, otp: '123456' }),
      createJwtBearerProvider({ ...common(), assertion: 'a.b.c' }),
    ]
    for (const tokens of once) {
      expect((await failureOf(tokens())).code).toBe('unavailable')
      expect((await failureOf(tokens())).code).toBe('sign_in_again')
    }
    expect(provider.count('token')).toBe(2)
  })

  test('C000-02 a token endpoint that is not there: the error names it', async () => {
    const tokenEndpoint = `${provider.issuer}/auth/token`
    const { clientId } = common()
    const error = await failureOf(createPasswordProvider({ clientId, tokenEndpoint, ...ALICE })())
    expect(error).toMatchObject({ code: 'invalid_response', status: 502 })
    expect(error.hint).toContain(tokenEndpoint)
  })

  test('TK-05 200 with a page: a typed error', async () => {
    for (const text of ['<html>Welcome</html>', '{<html>}', 'access_token=a&token_type=Bearer']) {
      provider.answers.token = (_call, res) => {
        res.writeHead(200, { 'content-type': 'text/html' }).end(text)
      }
      expect(await failureOf(alice()())).toMatchObject({ code: 'invalid_response', status: 502 })
    }
  })

  test('TK-05 every status with every kind of body is one of our errors', async () => {
    const bodies = [
      '',
      '<b>no</b>',
      '{}',
      '[]',
      '{"error":7}',
      '{"error":"x","error_description":[1]}',
      '{"error":"a b"}',
    ]
    for (const status of [
      201, 204, 205, 302, 304, 400, 401, 403, 404, 405, 408, 418, 429, 500, 502, 503, 599,
    ]) {
      for (const body of bodies) {
        for (const header of [{}, { 'www-authenticate': 'Basic realm="x"' }, { 'www-authenticate': '===' }]) {
          provider.answers.token = (_call, res) => {
            res.writeHead(status, { 'content-type': 'application/json', ...header }).end(body)
          }
          const error = await failureOf(alice()())
          const isAway = status >= 500 || [408, 429].includes(status)
          expect([status, body, error.code === 'unavailable']).toEqual([status, body, isAway])
          expect(error.cause).toBeUndefined()
          expect(error.error).toMatch(/^[\w]+$/)
        }
      }
    }
  }, 60_000)

  test('TK-05 an answer that is too large, or not whole, is an error', async () => {
    provider.answers.token = (_call, res) =>
      json(res, 200, { access_token: 'a'.repeat(2 ** 20), token_type: 'Bearer' })
    expect((await failureOf(alice()())).code).toBe('invalid_response')
    provider.answers.token = (_call, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{')
      setTimeout(() => res.destroy(), 10)
    }
    expect((await failureOf(alice()())).code).toBe('unavailable')
  })

  const LIVES: readonly unknown[] = [
    'text',
    '',
    -1,
    0,
    1e99,
    undefined,
    null,
    [],
    {},
    true,
    10,
    29,
    30,
    1,
    0.001,
    '10',
  ]

  test('TK-05 whatever expires_in says: 100 calls in one second make two requests at most', async () => {
    for (const expires_in of LIVES) {
      for (const access_token of [undefined, 'opaque']) {
        provider.calls = []
        api.requests = []
        const token = access_token ? { access_token } : {}
        provider.onTokenResponse = (body) => ({ ...body, expires_in, ...token })
        const tokens = alice()
        for (let call = 0; call < 100; call++) {
          now += 10
          await tokens.fetch(api.url)
        }
        expect([expires_in, provider.count('token') <= 2]).toEqual([expires_in, true])
        expect(api.tokens.filter((shown) => shown === undefined || shown === 'undefined')).toEqual([])
        const { obtainedAt, expiresAt } = await tokens.tokens()
        expect(expiresAt - obtainedAt).toBeGreaterThanOrEqual(1000)
        expect(expiresAt - obtainedAt).toBeLessThanOrEqual(365 * 24 * 3600_000)
      }
    }
  }, 60_000)

  /** How long tokens last that come in an answer. */
  async function lifeOf(change: Record<string, unknown>): Promise<number> {
    provider.onTokenResponse = (body) => ({ ...body, ...change })
    const { obtainedAt, expiresAt } = await alice().tokens()
    return (expiresAt - obtainedAt) / 1000
  }

  test('C000-15 the life is expires_in; without it what exp says; without that 300 s', async () => {
    now = Math.floor(now / 1000) * 1000
    const exp = (left: number) => provider.accessToken({ exp: now / 1000 + left })
    expect(await lifeOf({ expires_in: 77, access_token: await exp(600) })).toBe(77)
    expect(await lifeOf({ expires_in: '77' })).toBe(77)
    expect(await lifeOf({ expires_in: undefined, access_token: await exp(600) })).toBe(600)
    expect(await lifeOf({ expires_in: 'text', access_token: await exp(600) })).toBe(600)
    expect(await lifeOf({ expires_in: undefined, access_token: 'opaque' })).toBe(300)
    // Its clock is another.
    expect(await lifeOf({ expires_in: undefined, access_token: await exp(-5) })).toBe(300)
    expect(await lifeOf({ expires_in: undefined, access_token: await exp(1e12) })).toBe(300)
    // No life at all.
    expect(await lifeOf({ expires_in: 1e99, access_token: await exp(600) })).toBe(600)
    expect(await lifeOf({ expires_in: 2 ** 31, access_token: 'opaque' })).toBe(300)
    expect(await lifeOf({ expires_in: undefined, access_token: 'e30.e30.' })).toBe(300)
  })

  test('C000-15 a life that is not longer than refreshBefore: renewed at its half', async () => {
    provider.accessTokenLife = 30
    const tokens = alice()
    await tokens()
    now += 14_999
    await tokens()
    expect(provider.count('token')).toBe(1)
    now += 1
    await tokens()
    expect(provider.count('token')).toBe(2)
  })

  test('TK-05 a refresh token in an answer that is no use otherwise is not lost', async () => {
    const person = provider.addPerson(`person-${given++}`)
    const refreshToken = provider.families.issue(provider.families.begin(person, 'sid'))
    const tokens = createRefreshTokenProvider({ ...common(), refreshToken })
    for (const change of [{ access_token: undefined }, { token_type: 'mac' }, { access_token: 'a b' }]) {
      provider.onTokenResponse = (body) => ({ ...body, ...change })
      expect((await failureOf(tokens())).code).toBe('invalid_response')
    }
    provider.onTokenResponse = (body) => ({
      ...body,
      id_token: 'no.jwt',
      scope: 7,
      expires_in: [],
      refresh_expires_in: {},
    })
    expect(await tokens()).toMatch(/^eyJ/)
    expect(provider.families.reused).toBe(0)
    expect(provider.grants('refresh_token')).toBe(4)
  })

  test('TK-05 a clock that is set back does not keep a token alive', async () => {
    const tokens = alice()
    const first = await tokens()
    now -= 3600_000
    expect(await tokens()).not.toBe(first)
    expect(provider.count('token')).toBe(2)
    await tokens()
    expect(provider.count('token')).toBe(2)
    now -= 5000
    await tokens()
    expect(provider.count('token')).toBe(2)
  })

  test('TK-05 an error is shown in full and holds nothing but its own texts', async () => {
    provider.answers.token = (_call, res) =>
      json(res, 400, { error: 'invalid_scope', error_description: 'no \u001b[2J' })
    const error = await failureOf(alice()())
    expect(error).toBeInstanceOf(TokenError)
    expect(error.error_description).toBe('no \\u{1b}[2J')
    expect(printed(error)).not.toMatch(/Response|Headers|body:|alice/)
  })
})
