import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createClientCredentialsProvider,
  createDeviceCodeProvider,
  createJwtBearerProvider,
  createPasswordProvider,
  createRefreshTokenProvider,
  createTokenExchangeProvider,
  type TokenProvider,
} from '../../../src/tokens.js'
import { Listener } from '../../support/listener.js'
import type { Endpoint } from '../../support/scripted-endpoints.js'
import { CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { expectNoneOf, failureOf } from '../../support/token-failures.js'

const PASSWORD = 'a-password-for-the-redirects'
const REFRESH_TOKEN = 'a-refresh-token-for-the-redirects'
const ASSERTION = 'an-assertion-for-the-redirects'
const SECRETS = [CLIENT_SECRET, PASSWORD, REFRESH_TOKEN, ASSERTION]

describe('endpoints that redirect', () => {
  let provider: ScriptedProvider
  let listener: Listener

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
    listener = await Listener.start()
  })
  beforeEach(() => {
    provider.reset()
    provider.addPerson('alice', { password: PASSWORD })
  })
  afterAll(() => Promise.all([provider.close(), listener.stop()]))

  const redirect = (endpoint: Endpoint, status: number): void => {
    provider.answers[endpoint] = (_call, res) => {
      res.writeHead(status, { location: `${listener.url}/theirs` }).end()
    }
  }
  const client = () => ({ issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET })

  test('TK-03 the token endpoint: a typed error for every grant, and the listener sees nothing', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      redirect('token', status)
      const post = { ...client(), clientAuthentication: 'client_secret_post' } as const
      const providers: TokenProvider[] = [
        createPasswordProvider({ ...client(), username: 'alice', password: PASSWORD }),
        createPasswordProvider({ ...post, username: 'alice', password: PASSWORD }),
        createClientCredentialsProvider(post),
        createRefreshTokenProvider({ ...client(), refreshToken: REFRESH_TOKEN }),
        createTokenExchangeProvider({ ...client(), subjectToken: ASSERTION }),
        createJwtBearerProvider({ ...client(), assertion: ASSERTION }),
      ]
      for (const tokens of providers) {
        const error = await failureOf(tokens())
        expect(error).toMatchObject({ code: 'invalid_response', status: 502, error: 'invalid_response' })
        expect(error.message).toBe(`the token endpoint answered ${status}: redirects are not followed`)
        expectNoneOf([...SECRETS, listener.url], error)
      }
    }
    expect(provider.count('token')).toBe(30)
    expect(listener.hits).toEqual([])
  })

  test('TK-03 the device endpoint: no prompt, and the listener sees nothing', async () => {
    for (const status of [302, 307, 308]) {
      redirect('device', status)
      let prompts = 0
      const tokens = createDeviceCodeProvider({ ...client(), onPrompt: () => prompts++ })
      const error = await failureOf(tokens())
      expect(error).toMatchObject({ code: 'invalid_response', status: 502 })
      expect(error.message).toBe(`the authorization server answered ${status}: redirects are not followed`)
      expectNoneOf([...SECRETS, listener.url], error)
      expect(prompts).toBe(0)
    }
    expect(listener.hits).toEqual([])
  })

  test('TK-03 introspection and revocation endpoint: the token stays with us', async () => {
    for (const status of [302, 307, 308]) {
      redirect('introspect', status)
      redirect('revoke', status)
      const tokens = createPasswordProvider({ ...client(), username: 'alice', password: PASSWORD })
      const { accessToken, refreshToken = '' } = await tokens.tokens()
      for (const call of [tokens.introspect, tokens.revoke]) {
        const error = await failureOf(call())
        expect(error).toMatchObject({ code: 'invalid_response', status: 502, error: 'invalid_response' })
        expectNoneOf([...SECRETS, accessToken, refreshToken, listener.url], error)
      }
    }
    expect(provider.count('introspect') + provider.count('revoke')).toBe(6)
    expect(listener.hits).toEqual([])
  })

  test('TK-03 discovery: nothing is asked elsewhere, and no endpoint of another plain http host is used', async () => {
    redirect('discovery', 302)
    const tokens = () => createPasswordProvider({ ...client(), username: 'alice', password: PASSWORD })
    expect((await failureOf(tokens()())).code).toBe('unavailable')
    provider.answers = {}
    provider.metadata = { token_endpoint: `${listener.url}/token` }
    const error = await failureOf(tokens()())
    expect(error.code).toBe('unavailable')
    expectNoneOf(SECRETS, error)
    expect(listener.hits).toEqual([])
  })
})
