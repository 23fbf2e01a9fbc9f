import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  createClientCredentialsProvider,
  createDeviceCodeProvider,
  createJwtBearerProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  createTokenExchangeProvider,
  type TokenProvider,
} from '../../../src/tokens.js'
import type { Call } from '../../support/scripted-provider.js'
import { CLIENT_ID, CLIENT_SECRET, json, ScriptedProvider } from '../../support/scripted-provider.js'
import { TlsFront } from '../../support/tls-front.js'
import { expectNoneOf, failureOf, printed } from '../../support/token-failures.js'

const PASSWORD = 'the password of ålice & <b>bob</b> 100%'
const OTP = '918273'
const REFRESH_TOKEN = 'a-refresh-token-that-nobody-may-see'
const ASSERTION = 'an-assertion+that/nobody==may see'
const SECRETS = [CLIENT_SECRET, PASSWORD, REFRESH_TOKEN, ASSERTION]

describe('what errors show', () => {
  let provider: ScriptedProvider
  let made = 0
  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  const client = () => ({ issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET })
  const post = () => ({ ...client(), clientAuthentication: 'client_secret_post' as const })
  const all = (): readonly TokenProvider[] => [
    createPasswordProvider({ ...post(), username: 'alice', password: PASSWORD, otp: OTP }),
    createClientCredentialsProvider(client()),
    createClientCredentialsProvider(post()),
    createRefreshTokenProvider({ ...client(), refreshToken: `${REFRESH_TOKEN}-${made++}` }),
    createTokenExchangeProvider({ ...post(), subjectToken: ASSERTION }),
    createJwtBearerProvider({ ...client(), assertion: ASSERTION }),
  ]
  const secretFields = ['password', 'totp', 'client_secret', 'refresh_token', 'subject_token', 'assertion']

  /** Everything secret that a request held, as it was sent. */
  function secretsOf({ form, headers }: Call): readonly string[] {
    const basic = headers.authorization?.replace('Basic ', '')
    const secret = basic && Buffer.from(basic, 'base64').toString()
    return [
      ...secretFields.flatMap((field) => form.get(field) ?? []),
      ...(basic && secret ? [basic, secret] : []),
    ]
  }

  const WRITINGS: readonly ((secret: string) => string)[] = [
    String,
    encodeURIComponent,
    (secret) => Buffer.from(secret).toString('base64'),
    (secret) => secret.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`),
    (secret) => `<html><body>wrong: ${secret}</body></html>`,
    (secret) => JSON.stringify({ secret }),
    (secret) => secret.slice(2, -2),
  ]
  const STATUSES = [200, 201, 302, 400, 401, 403, 404, 429, 500, 503]

  /** Ways to repeat what was sent. */
  const WAYS: Readonly<Record<string, (text: string, status: number) => Parameters<typeof answerWith>[0]>> = {
    error_description: (text, status) => ({
      status,
      body: { error: 'invalid_grant', error_description: text },
    }),
    error: (text, status) => ({ status, body: { error: text } }),
    'error and error_uri': (text, status) => ({
      status,
      body: { error: 'x', error_uri: text, [text]: text },
    }),
    'a page': (text, status) => ({ status, body: `<html>${text}</html>`, type: 'text/html' }),
    'a page with a challenge': (text, status) => ({ status, body: text, type: 'text/html', header: text }),
    'a header': (text, status) => ({ status, body: { error: 'invalid_client' }, header: text }),
    'an odd token answer': (text, status) => ({ status, body: { access_token: 7, token_type: text } }),
    'not JSON': (text, status) => ({ status, body: `{"error":"invalid_grant","error_description":"${text}` }),
  }

  function answerWith(reply: { status: number; body: unknown; type?: string; header?: string }): void {
    const { status, body, type = 'application/json', header } = reply
    provider.answers.token = (_call, res) => {
      const text =
        header === undefined
          ? ''
          : Buffer.from(header)
              .toString('latin1')
              .replace(/[\r\n"]/g, ' ')
      const headers =
        text === '' ? {} : { 'www-authenticate': `Basic realm="${text}", ${text}`, 'x-debug': text }
      res.writeHead(status, { 'content-type': type, location: '/elsewhere', ...headers })
      res.end(typeof body === 'string' ? body : JSON.stringify(body))
    }
  }

  test.each(Object.keys(WAYS))(
    'TK-04 what was sent comes back in %s: no error shows any of it',
    async (way) => {
      let sent: readonly string[] = []
      const arbitrary = fc.record({
        index: fc.nat({ max: 5 }),
        write: fc.constantFrom(...WRITINGS),
        status: fc.constantFrom(...STATUSES),
      })
      await fc.assert(
        fc.asyncProperty(arbitrary, async ({ index, write, status }) => {
          const tokens = all()[index]
          if (tokens === undefined) throw new Error('there is no such provider')
          provider.answers.token = async (call, res) => {
            sent = secretsOf(call)
            answerWith(WAYS[way]?.(write(sent.join(' ')), status) ?? { status, body: '' })
            await provider.answers.token?.(call, res)
          }
          const error = await failureOf(tokens())
          expect(error.status).toEqual(expect.any(Number))
          expect(error.error).toMatch(/^\w+$/)
          expect(error.cause).toBeUndefined()
          expect(sent.length).toBeGreaterThan(0)
          expectNoneOf([...SECRETS, ...sent.filter((secret) => secret.length > 3)], error)
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )

  test('TK-04 the device code and the verifier come back while polling', async () => {
    provider.device.interval = 0.01
    provider.device.answer = { interval: 0.01 }
    let sent: readonly string[] = []
    provider.answers.token = (call, res) => {
      sent = [call.form.get('device_code') ?? '', call.form.get('code_verifier') ?? '']
      json(res, 400, { error: 'invalid_grant', error_description: `not ${sent.join(' and not ')}` })
    }
    const error = await failureOf(createDeviceCodeProvider({ ...client(), onPrompt: () => undefined })())
    expect(error.code).toBe('grant_refused')
    expect(sent.every((secret) => secret.length > 20)).toBe(true)
    expectNoneOf(sent, error)
  })

  test('TK-04 tokens come back from introspection and revocation', async () => {
    provider.addPerson('alice', { password: PASSWORD })
    for (const endpoint of ['introspect', 'revoke'] as const) {
      const tokens = createPasswordProvider({ ...client(), username: 'alice', password: PASSWORD })
      const { accessToken, refreshToken = '' } = await tokens.tokens()
      provider.answers[endpoint] = (call, res) => {
        const token = call.form.get('token') ?? ''
        json(res, 400, { error: 'invalid_request', error_description: `no ${token}`, token })
      }
      const error = await failureOf(endpoint === 'revoke' ? tokens.revoke() : tokens.introspect())
      expectNoneOf([accessToken, refreshToken, ...SECRETS], error)
    }
  })

  test('C001-02 a password that is in every word takes no error away: the words of the specifications stay', async () => {
    provider.addPerson('alice')
    const wrong = createPasswordProvider({ ...client(), username: 'alice', password: 'i' })
    const error = await failureOf(wrong())
    expect(error).toMatchObject({ error: 'invalid_grant', code: 'grant_refused' })
    expect(error.hint).toContain('wrong')
  })

  test('TK-04 a closed port is the same kind of error', async () => {
    const port = await ScriptedProvider.start()
    const { issuer } = port
    await port.close()
    const tokenEndpoint = `${issuer}/protocol/openid-connect/token`
    const rest = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, username: 'alice', password: PASSWORD }
    for (const address of [{ issuer }, { tokenEndpoint }]) {
      const error = await failureOf(createPasswordProvider({ ...address, ...rest })())
      expect(error).toMatchObject({ code: 'unavailable', status: 503, error: 'temporarily_unavailable' })
      expect(error.message).toMatch(/ECONNREFUSED/)
      expectNoneOf(SECRETS, error)
    }
  })

  test('TK-04 a certificate that nobody trusts is the same kind of error, and nothing was sent', async () => {
    const front = await TlsFront.start()
    front.target = Number(new URL(provider.origin).port)
    try {
      const tokenEndpoint = `${front.url}/realms/demo/protocol/openid-connect/token`
      const rest = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, username: 'alice', password: PASSWORD }
      const error = await failureOf(createPasswordProvider({ tokenEndpoint, ...rest })())
      expect(error).toMatchObject({ code: 'unavailable', status: 503, error: 'temporarily_unavailable' })
      expect(error.message).toMatch(/SELF_SIGNED|CERT/)
      expectNoneOf(SECRETS, error)
      expect(provider.calls).toEqual([])
    } finally {
      await front.stop()
    }
  })

  test('TK-04 a provider that is printed shows nothing, and bad options are named without their values', () => {
    for (const tokens of all()) expectNoneOf(SECRETS, Object.assign(new Error(), { tokens }))
    const wrong = [
      { ...client(), refreshToken: 'x', accessToken: `${REFRESH_TOKEN}\r\n` },
      { ...client(), refreshToken: [REFRESH_TOKEN] },
      { ...client(), refreshToken: REFRESH_TOKEN, [ASSERTION.slice(0, 12)]: PASSWORD },
      {
        ...client(),
        refreshToken: REFRESH_TOKEN,
        issuer: `https://alice:${encodeURIComponent(PASSWORD)}@id.example/`,
      },
      { ...client(), refreshToken: REFRESH_TOKEN, clientSecretFile: PASSWORD, scope: `"${PASSWORD}"` },
    ]
    for (const options of wrong) {
      const make = () => createRefreshTokenProvider(options as never)
      expect(make).toThrow(TypeError)
      try {
        make()
      } catch (error) {
        expect(printed(error)).toMatch(/createRefreshTokenProvider: /)
        expectNoneOf(SECRETS, error)
      }
    }
  })
})
