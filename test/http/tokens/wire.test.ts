import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createClientCredentialsProvider,
  createJwtBearerProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  createTokenExchangeProvider,
} from '../../../src/tokens.js'
import {
  AUDIENCE,
  CLIENT_ID,
  json,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { sign } from '../../support/signing.js'
import { failureOf } from '../../support/token-failures.js'
import { until } from '../../support/until.js'

const ALICE = { username: 'alice', password: 'alice-password' }
/** With everything in it that a form or a header would have to write in another way. */
const SECRET = 'a +/%:&=é secret'

describe('what a token provider puts on the wire', () => {
  let provider: ScriptedProvider
  const common = () => ({ issuer: provider.issuer })
  const publicClient = () => ({ ...common(), clientId: PUBLIC_CLIENT_ID })
  const confidential = () => ({ ...common(), clientId: CLIENT_ID, clientSecret: SECRET })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    provider.client = { id: CLIENT_ID, secret: SECRET }
    provider.addPerson('alice')
  })
  afterAll(() => provider.close())

  /** The one request for tokens. */
  function sent() {
    const calls = provider.calls.filter(({ endpoint }) => endpoint === 'token')
    expect(calls).toHaveLength(1)
    const [call] = calls
    if (call === undefined) throw new Error('nothing was sent')
    expect(call.method).toBe('POST')
    expect(call.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
    expect([...call.form.keys()]).toEqual([...new Set(call.form.keys())])
    expect(call.url.search).toBe('')
    return { form: Object.fromEntries(call.form), authorization: call.headers.authorization }
  }

  test('C000-06 public client: exactly these fields, and no Authorization header', async () => {
    await createPasswordProvider({ ...publicClient(), ...ALICE })()
    expect(sent()).toEqual({
      form: { grant_type: 'password', client_id: PUBLIC_CLIENT_ID, ...ALICE },
      authorization: undefined,
    })
  })

  test('C000-06 a public client’s secret that is left over is not sent', async () => {
    const client = { ...publicClient(), clientAuthentication: 'none', clientSecret: SECRET } as const
    await createPasswordProvider({ ...client, ...ALICE })()
    expect(JSON.stringify(sent())).not.toMatch(/secret|Basic/)
  })

  test('C000-07 by Basic the secret is in the header alone, in the form in the form alone', async () => {
    await createPasswordProvider({ ...confidential(), ...ALICE })()
    const basic = sent()
    expect(basic.form).toEqual({ grant_type: 'password', ...ALICE })
    const [scheme, credentials = ''] = basic.authorization?.split(' ') ?? []
    expect(scheme).toBe('Basic')
    const [id, secret] = Buffer.from(credentials, 'base64').toString().split(':')
    expect([id, secret].map((text = '') => new URLSearchParams(`x=${text}`).get('x'))).toEqual([
      CLIENT_ID,
      SECRET,
    ])
    provider.calls = []
    await createPasswordProvider({
      ...confidential(),
      ...ALICE,
      clientAuthentication: 'client_secret_post',
    })()
    expect(sent()).toEqual({
      form: { grant_type: 'password', client_id: CLIENT_ID, client_secret: SECRET, ...ALICE },
      authorization: undefined,
    })
  })

  test('C000-09 client credentials: no name, password, code or address, not even empty', async () => {
    await createClientCredentialsProvider({ ...confidential(), scope: undefined, audience: undefined })()
    expect(sent().form).toEqual({ grant_type: 'client_credentials' })
  })

  test('C000-12 C000-15 a refresh: exactly these fields, the scope when there is one', async () => {
    const { refreshToken } = await createPasswordProvider({ ...publicClient(), ...ALICE }).tokens()
    provider.calls = []
    await createRefreshTokenProvider({ ...publicClient(), refreshToken, scope: ' b  a ' })()
    expect(sent()).toEqual({
      form: {
        grant_type: 'refresh_token',
        client_id: PUBLIC_CLIENT_ID,
        refresh_token: refreshToken,
        scope: 'b a',
      },
      authorization: undefined,
    })
  })

  test('C000-12 a refresh by a confidential client proves itself, too', async () => {
    const { refreshToken } = await createPasswordProvider({ ...confidential(), ...ALICE }).tokens()
    provider.calls = []
    await createRefreshTokenProvider({ ...confidential(), refreshToken }).renew()
    const { form, authorization } = sent()
    expect(form).toEqual({ grant_type: 'refresh_token', refresh_token: refreshToken })
    expect(authorization).toMatch(/^Basic /)
  })

  test('password with a one-time code, scope and audience: each once', async () => {
    provider.addPerson('alice', { otp: '123456' })
    const more = { otp: '123456', scope: 'openid', audience: 'other' }
    await createPasswordProvider({ ...publicClient(), ...ALICE, ...more })()
    expect(sent().form).toEqual({
      grant_type: 'password',
      client_id: PUBLIC_CLIENT_ID,
      ...ALICE,
      totp: '123456',
      scope: 'openid',
      audience: 'other',
    })
  })

  test('token exchange: exactly these fields', async () => {
    const subjectToken = await provider.accessToken({ aud: CLIENT_ID })
    await createTokenExchangeProvider({ ...confidential(), subjectToken, audience: AUDIENCE })()
    const type = 'urn:ietf:params:oauth:token-type:access_token'
    expect(sent().form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: type,
      requested_token_type: type,
      audience: AUDIENCE,
    })
  })

  test('JWT bearer: exactly these fields', async () => {
    const claims = { iss: 'somebody', sub: 'alice', aud: provider.issuer, exp: Date.now() / 1000 + 60 }
    const assertion = await sign(claims, provider.key)
    await createJwtBearerProvider({ ...confidential(), assertion })()
    expect(sent().form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
    })
  })

  test('an assertion or subject token that a function fails to give is not left out of a request', async () => {
    const nothing = (): string => undefined as unknown as string
    const empty = (): Promise<string> => Promise.resolve('')
    for (const given of [nothing, empty]) {
      await expect(createJwtBearerProvider({ ...confidential(), assertion: given })()).rejects.toThrow(
        new TypeError('assertion gave no text'),
      )
      await expect(createTokenExchangeProvider({ ...confidential(), subjectToken: given })()).rejects.toThrow(
        new TypeError('subjectToken gave no text'),
      )
    }
    expect(provider.count('token')).toBe(0)
  })

  test('an assertion that is never given holds up who waits for it, and nobody who comes after', async () => {
    let asked = 0
    const assertion = () => (++asked === 1 ? new Promise<string>(() => undefined) : Promise.resolve('x'))
    const tokens = createJwtBearerProvider({ ...confidential(), assertion })
    const leaving = new AbortController()
    const first = tokens({ signal: leaving.signal })
    await until(() => asked === 1 || undefined)
    leaving.abort('gone')
    await expect(first).rejects.toBe('gone')
    await failureOf(tokens())
    expect([asked, provider.count('token')]).toEqual([2, 1])
  })

  test('A-10 a wrong secret is the same typed error in every provider', async () => {
    const { refreshToken } = await createPasswordProvider({ ...confidential(), ...ALICE }).tokens()
    const wrong = { ...confidential(), clientSecret: 'wrong' }
    const subjectToken = await provider.accessToken({ aud: CLIENT_ID })
    const providers = [
      createPasswordProvider({ ...wrong, ...ALICE }),
      createPasswordProvider({ ...wrong, ...ALICE, clientAuthentication: 'client_secret_post' }),
      createClientCredentialsProvider(wrong),
      createRefreshTokenProvider({ ...wrong, refreshToken: `${refreshToken}-of-another-chain` }),
      createTokenExchangeProvider({ ...wrong, subjectToken }),
      createJwtBearerProvider({ ...wrong, assertion: 'assertion' }),
    ]
    for (const wrongly of providers) {
      const { name, code, status, error, error_description, hint } = await failureOf(wrongly())
      expect({ name, code, status, error, error_description }).toEqual({
        name: 'TokenError',
        code: 'client_refused',
        status: 401,
        error: 'unauthorized_client',
        error_description: 'Invalid client or Invalid client credentials',
      })
      expect(hint).toContain(`Clients → ${CLIENT_ID} → Credentials`)
    }
  })

  test('A-10 the same for an unknown client, whatever the status', async () => {
    for (const status of [400, 401, 403]) {
      provider.answers.token = (_call, res) => {
        res.writeHead(status, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="x"' })
        res.end('{"error":"invalid_client","error_description":"Invalid client credentials"}')
      }
      const error = await failureOf(createClientCredentialsProvider(confidential())())
      expect(error).toMatchObject({ code: 'client_refused', error: 'invalid_client', status })
    }
  })

  test('trouble of the server is told in its own words, too, and its credentials are not', async () => {
    for (const [description, shown] of [
      ['the database is away', 'the database is away'],
      [`no ${SECRET}`, '(withheld: it repeats a credential)'],
    ]) {
      provider.answers.token = (_call, res) =>
        json(res, 500, { error: 'server_error', error_description: description })
      const error = await failureOf(createClientCredentialsProvider(confidential())())
      expect(error).toMatchObject({ code: 'unavailable', status: 500, error: 'server_error' })
      expect(error.error_description).toBe(shown)
      expect(error.message).toBe(`the token endpoint answered 500: server_error: ${shown}`)
    }
  })
})
