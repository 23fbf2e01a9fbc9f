import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { Listener } from '../../support/listener.js'
import { Clock, expectHonestLogin } from '../../support/logins.js'
import { CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let listener: Listener
let app: TestApp
const clock = new Clock()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  listener = await Listener.start()
})
beforeEach(async () => {
  provider.reset()
  listener.hits.length = 0
  app = await TestApp.start(provider, { now: clock.now })
})
afterEach(() => app.stop())
afterAll(async () => {
  await listener.stop()
  await provider.close()
})

/** Neither people nor programs get through, the log says whose document it is, and nobody else is told anything. */
async function expectUnused(): Promise<void> {
  const login = await app.navigate('/login', new Jar())
  expect([login.status, login.headers['retry-after'], login.location]).toEqual([503, '5', undefined])
  const bearer = await app.bearer(await provider.accessToken())
  expect([bearer.status, bearer.headers['retry-after']]).toEqual([503, '5'])
  expect(bearer.headers['www-authenticate']).toBeUndefined()
  const line = app.log.find(
    ({ code, issuer }) => code === 'provider_metadata_invalid' && issuer !== undefined,
  )
  expect(line).toMatchObject({ level: 'warn', issuer: provider.issuer })
  expect(listener.hits).toEqual([])
  expect(JSON.stringify(app.log)).not.toContain(CLIENT_SECRET)
}

describe('a discovery document that is not the issuer’s (OpenID Connect Discovery §4.3)', () => {
  test.each<[string, () => unknown]>([
    ['of another', () => 'https://evil.example/realms/demo'],
    ['with a slash', () => `${provider.issuer}/`],
    ['in upper case', () => provider.issuer.toUpperCase()],
    ['in a list', () => [provider.issuer]],
    ['null', () => null],
    ['missing', () => undefined],
  ])('IT-12 an issuer %s is not used, and heals', async (_name, issuer) => {
    provider.metadata = { issuer: issuer() }
    await expectUnused()
    provider.reset()
    clock.forward(5)
    await expectHonestLogin(app, provider)
    expect((await app.bearer(await provider.accessToken())).status).toBe(200)
  })
})

describe('endpoints outside the issuer’s origin (RFC 8414 §3.3)', () => {
  test.each([
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'userinfo_endpoint',
    'revocation_endpoint',
    'end_session_endpoint',
    'introspection_endpoint',
    'device_authorization_endpoint',
    'pushed_authorization_request_endpoint',
  ])('IT-12 a plain-http %s on another origin is not used, and heals', async (name) => {
    provider.metadata = { [name]: `${listener.url}/there` }
    await expectUnused()
    provider.reset()
    clock.forward(5)
    await expectHonestLogin(app, provider)
    expect(listener.hits).toEqual([])
  })

  test.each<[string, unknown]>([
    ['missing', undefined],
    ['a number', 7],
    ['no address', 'token'],
    ['a script', 'javascript:alert(1)'],
    ['a file', 'file:///etc/passwd'],
  ])('IT-12 a token endpoint that is %s is not used', async (_name, value) => {
    provider.metadata = { token_endpoint: value }
    await expectUnused()
  })
})
