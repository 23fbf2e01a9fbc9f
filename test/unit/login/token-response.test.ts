import { describe, expect, test } from '@jest/globals'
import * as oidc from 'openid-client'
import { LoginError } from '../../../src/login/errors.js'
import {
  assertNoError,
  translateTokenError,
  type TokenResponse,
  type TranslationOptions,
} from '../../../src/login/token-response.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { lifeOf } from '../../../src/provider/renewal-time.js'

const OPTIONS: TranslationOptions = { refused: 'refresh_refused', clientHint: () => undefined }

/** What openid-client makes of an answer of the token endpoint. */
async function thrownFor(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const configuration = new oidc.Configuration(
    { issuer: 'https://id.example', token_endpoint: 'https://id.example/token' },
    'client',
    'secret',
  )
  configuration[oidc.customFetch] = () =>
    Promise.resolve(
      new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } }),
    )
  return oidc.refreshTokenGrant(configuration, 'refresh').then(
    () => {
      throw new Error('that was a good answer')
    },
    (error: unknown) => error,
  )
}
const translate = async (
  status: number,
  body: unknown,
  options: Partial<TranslationOptions> = {},
  headers: Record<string, string> = {},
): Promise<unknown> =>
  translateTokenError(await thrownFor(status, JSON.stringify(body), headers), { ...OPTIONS, ...options })

describe('what went wrong at the token endpoint', () => {
  test.each([500, 502, 503, 504, 599])(
    'P-9 TE-02 %d: the provider is away, whatever it says',
    async (status) => {
      for (const body of [{}, { error: 'invalid_grant' }, { error: 'server_error' }, 'x', null]) {
        const error = await translate(status, body)
        expect(error).toBeInstanceOf(ProviderError)
        expect(error).toMatchObject({
          code: 'provider_unavailable',
          status: 503,
          retryAfter: 5,
          message: `the token endpoint answered ${status}`,
        })
      }
    },
  )

  test.each(['code_refused', 'refresh_refused'] as const)(
    'invalid_grant is, to who asked: %s',
    async (refused) => {
      expect(await translate(400, { error: 'invalid_grant' }, { refused })).toMatchObject({ code: refused })
    },
  )

  test.each(['Invalid_grant', 'invalid_grant ', 'invalid_grant2', 'access_denied', 'slow_down', ''])(
    'P-9 the error %p is not invalid_grant',
    async (error) => {
      expect(await translate(400, { error })).toMatchObject({ code: 'token_response_invalid', status: 502 })
    },
  )

  test.each<[number, string]>([
    [401, 'invalid_client'],
    [400, 'invalid_client'],
    [401, 'unauthorized_client'],
    [400, 'unauthorized_client'],
  ])('TE-02 %d %s: our client is refused, and there is a hint where one is known', async (status, error) => {
    expect(await translate(status, { error })).toMatchObject({
      code: 'client_refused',
      status: 502,
      hint: undefined,
    })
    const withHint = await translate(
      status,
      { error, error_description: 'why' },
      { clientHint: (refusal) => `webapp: ${refusal.error} ${refusal.description}` },
    )
    expect((withHint as LoginError).hint).toBe(`webapp: ${error} why`)
  })

  test('TE-02 a 401 with a challenge and without words: our client is refused', async () => {
    const error = await translate(401, {}, {}, { 'www-authenticate': 'Basic realm="x"' })
    expect(error).toMatchObject({ code: 'client_refused' })
  })

  test('LG-03 nothing of what the endpoint wrote is in message or hint', async () => {
    for (const status of [400, 401, 500]) {
      const body = { error: 'invalid_request', error_description: 'the-description <b>', secret: 'x' }
      const { message, hint, description } = (await translate(status, body, {
        clientHint: ({ error }) => `webapp: ${error}`,
      })) as LoginError
      expect([message, hint, description].join()).not.toMatch(/the-description|secret|<b>/)
    }
  })

  test('an error of ours that was wrapped is itself again, and a bug stays one', () => {
    const own = new ProviderError('provider_unavailable', 'no connection')
    expect(translateTokenError(new Error('wrapped', { cause: own }), OPTIONS)).toBe(own)
    const bug = new TypeError('a bug')
    expect(translateTokenError(bug, OPTIONS)).toBe(bug)
  })
})

describe('a token response', () => {
  const response = (members: object): TokenResponse => members as TokenResponse

  test('TE-01 with an error beside the tokens is refused', () => {
    for (const error of ['invalid_grant', '', null])
      expect(() => assertNoError(response({ access_token: 'x', error }))).toThrow(LoginError)
    expect(() => assertNoError(response({ access_token: 'x' }))).not.toThrow()
  })

  test.each<[number | undefined, number | undefined]>([
    [undefined, undefined],
    [0, undefined],
    [-1, undefined],
    [1, 1],
    [300, 300],
    [31_536_000, 31_536_000],
    [1e99, undefined],
    [31_536_000, 31_536_000],
  ])('TE-06 expires_in of %p is a life of %p s', (expiresIn, life) => {
    expect(lifeOf(response({ expires_in: expiresIn }))).toBe(life)
  })
})
