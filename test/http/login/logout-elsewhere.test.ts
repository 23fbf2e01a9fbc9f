import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { recordTokens } from '../../support/recorder.js'
import { json, ScriptedProvider, type Answer as Scripted } from '../../support/scripted-provider.js'
import { withApp } from '../../support/with-app.js'

let provider: ScriptedProvider
let jar: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})

beforeEach(() => {
  jar = new Jar()
})

afterEach(() => provider.reset())

afterAll(() => provider.close())

describe('LO-01 a provider of another make', () => {
  const elsewhere = (): string => `${provider.issuer}/connect/end`

  test('LO-01 the refresh token is revoked, and the browser goes to that provider’s end-session', async () => {
    const tokens = recordTokens(provider)
    provider.metadata = { end_session_endpoint: elsewhere() }
    await withApp(provider, {}, async (other) => {
      await other.signIn(provider, jar)
      const answer = await other.signOut(jar)
      expect([answer.status, answer.location?.startsWith(`${elsewhere()}?`)]).toEqual([303, true])
      expect(await other.whoami(jar)).toBeUndefined()
    })
    const call = provider.calls.find(({ endpoint }) => endpoint === 'revoke')
    expect([provider.count('revoke'), provider.count('logout')]).toEqual([1, 0])
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      token: tokens[0]?.['refresh_token'],
      token_type_hint: 'refresh_token',
    })
    expect(call?.headers.authorization).toMatch(/^Basic /)
  })

  test('LO-01 without an end-session endpoint the sign-out ends on our start page', async () => {
    provider.metadata = { end_session_endpoint: undefined }
    await withApp(provider, {}, async (other) => {
      await other.signIn(provider, jar)
      expect((await other.signOut(jar)).location).toBe('/')
    })
    expect(provider.count('revoke')).toBe(1)
  })

  test('LO-01 without a revocation endpoint it works all the same', async () => {
    provider.metadata = { end_session_endpoint: elsewhere(), revocation_endpoint: undefined }
    await withApp(provider, {}, async (other) => {
      await other.signIn(provider, jar)
      expect((await other.signOut(jar)).location?.startsWith(elsewhere())).toBe(true)
      expect(await other.whoami(jar)).toBeUndefined()
    })
  })

  test.each<[string, number, Scripted]>([
    ['refuses', 303, (_call, res) => json(res, 400, { error: 'unsupported_token_type' })],
    ['does not answer', 200, () => undefined],
  ])('LO-02 revocation %s: signed out here', async (_name, status, answer) => {
    provider.metadata = { end_session_endpoint: elsewhere() }
    await withApp(provider, { upstreamTimeout: 1 }, async (other) => {
      await other.signIn(provider, jar)
      provider.answers.revoke = answer
      expect((await other.signOut(jar)).status).toBe(status)
      expect(await other.whoami(jar)).toBeUndefined()
    })
  })
})
