import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { Clock, expectHonestLogin } from '../../support/logins.js'
import { expectAcceptedToken, expectRefusedToken } from '../../support/refused-token.js'
import { json, ScriptedProvider, type Answer } from '../../support/scripted-provider.js'
import { createSigningKey, sign, type SigningKey } from '../../support/signing.js'
import { TestApp, type Answer as AppAnswer } from '../../support/test-app.js'

const COOLDOWN = 5
const MAX_AGE = 600
const STALE = 3600
/** Longer than the access tokens of this file's tests need to live on a clock that is put forward. */
const LIFE = 30 * 24 * 3600

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let honest: SigningKey
let second: SigningKey
let stranger: SigningKey

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  honest = provider.key
  second = await createSigningKey()
  stranger = await createSigningKey()
})
beforeEach(async () => {
  provider.reset()
  provider.keys = [honest]
  provider.accessTokenLife = LIFE
  clock = new Clock()
  app = await TestApp.start(provider, {
    now: clock.now,
    jwksCooldown: COOLDOWN,
    jwksMaxAge: MAX_AGE,
    jwksStale: STALE,
    upstreamTimeout: 1,
  })
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const tokenBy = (key: SigningKey): Promise<string> => provider.accessToken({}, {}, key)
const unknownKid = (): Promise<string> => sign(provider.accessTokenClaims(), stranger, { kid: randomUUID() })
const accepted = async (key = honest): Promise<void> => expectAcceptedToken(app, await tokenBy(key))

/** Cannot decide: never a word about the token. */
function expectUndecided(answer: AppAnswer): void {
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
  expect(answer.headers['www-authenticate']).toBeUndefined()
  expect(answer.body).not.toContain('token')
}

const troubles: [string, Answer][] = [
  ['is 500', (_call, res) => json(res, 500, { error: 'server_error' })],
  ['is HTML', (_call, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')],
  ['is cut', (_call, res) => json(res, 200, '{"issuer":')],
  ['is null', (_call, res) => json(res, 200, 'null')],
  ['is reset', (_call, res) => void res.socket?.destroy()],
  ['never comes', () => undefined],
  [
    'stops halfway',
    (_call, res) => void res.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":'),
  ],
  [
    'leads elsewhere',
    (_call, res) => void res.writeHead(302, { location: `${provider.origin}/elsewhere` }).end(),
  ],
]

describe('the provider is in trouble from the beginning', () => {
  test.each(troubles)(
    'RE-02 P-2 P-4 discovery and keys: an answer that %s: 503 in time, and it heals',
    async (_n, answer) => {
      provider.answers = { discovery: answer, jwks: answer }
      const begun = performance.now()
      expectUndecided(await app.bearer(await tokenBy(honest)))
      const login = await app.navigate('/login', new Jar())
      expect([login.status, login.headers['retry-after']]).toEqual([503, '5'])
      expect(performance.now() - begun).toBeLessThan(2 * 1000 + 1500)
      expect(await app.send('/healthz')).toMatchObject({ status: 200 })
      expect(await app.send('/readyz')).toMatchObject({ status: 503, body: 'provider: down\nstore: ok\n' })
      provider.reset()
      clock.forward(5)
      await accepted()
      await expectHonestLogin(app, provider)
    },
  )

  test.each([
    ...troubles,
    ['holds no key', (_call, res) => json(res, 200, { keys: [] })] satisfies [string, Answer],
    [
      'holds an encryption key only',
      (_call, res) => json(res, 200, { keys: [{ ...honest.publicJwk, use: 'enc' }] }),
    ] satisfies [string, Answer],
    ['is a list', (_call, res) => json(res, 200, [honest.publicJwk])] satisfies [string, Answer],
  ])(
    'RE-19 P-5 a key document that %s and nothing cached: 503, never invalid_token, and it heals',
    async (_n, answer) => {
      provider.answers = { jwks: answer }
      expectUndecided(await app.bearer(await tokenBy(honest)))
      expectUndecided(await app.bearer(await unknownKid()))
      expect(app.log.find(({ message }) => message === 'keys could not be fetched')?.code).toMatch(
        /^provider_/,
      )
      provider.reset()
      clock.forward(2)
      await accepted()
    },
  )

  test('RE-19 a token that no key could make good is 401 all the same', async () => {
    provider.answers = { jwks: (_call, res) => json(res, 500, {}) }
    await expectRefusedToken(app, 'abc')
    await expectRefusedToken(app, 'a.b.c')
  })
})

describe('many at once', () => {
  test('RE-03 200 calls on an empty cache: one discovery, one fetch of keys, all 200', async () => {
    const waiting: (() => void)[] = []
    provider.answers = {
      jwks: (_call, res) => void waiting.push(() => json(res, 200, { keys: [honest.publicJwk] })),
    }
    const tokens = await Promise.all(Array.from({ length: 200 }, () => tokenBy(honest)))
    const answers = Promise.all(tokens.map((token) => app.bearer(token)))
    setTimeout(() => waiting.forEach((answer) => answer()), 300)
    expect((await answers).filter(({ status }) => status !== 200)).toEqual([])
    expect([provider.count('discovery'), provider.count('jwks')]).toEqual([1, 1])
  })

  test('RE-04 P-7 500 tokens under invented keys: 401 each, one fetch in a cooldown', async () => {
    await accepted()
    const tokens = await Promise.all(Array.from({ length: 500 }, unknownKid))
    provider.calls = []
    for (const token of tokens.slice(0, 100)) await expectRefusedToken(app, token)
    await Promise.all(tokens.slice(100).map((token) => expectRefusedToken(app, token)))
    expect(provider.count('jwks')).toBe(1)
    clock.forward(COOLDOWN)
    for (const token of tokens.slice(0, 20)) await expectRefusedToken(app, token)
    expect(provider.count('jwks')).toBe(2)
    await accepted()
  })

  test('RE-04 P-7 while the provider is away, invented keys ask it once in two seconds', async () => {
    await accepted()
    provider.answers = { jwks: (_call, res) => json(res, 500, {}) }
    clock.forward(COOLDOWN)
    provider.calls = []
    for (let at = 0; at < 20; at++) expectUndecided(await app.bearer(await unknownKid()))
    expect(provider.count('jwks')).toBe(1)
    await accepted()
    expect(provider.count('jwks')).toBe(1)
  })
})

describe('keys come and go (OpenID Connect Core §10.1.1)', () => {
  test('RE-05 P-6 IT-09 a new key is accepted at once, with one fetch', async () => {
    await accepted()
    provider.keys = [second, honest]
    provider.calls = []
    await accepted(second)
    await accepted(honest)
    expect(provider.count('jwks')).toBe(1)
  })

  test('RE-05 P-6 a removed key is accepted until the keys are too old, and no longer', async () => {
    provider.keys = [second, honest]
    await accepted(honest)
    provider.keys = [second]
    clock.forward(MAX_AGE - 1)
    await accepted(honest)
    clock.forward(2)
    await expectRefusedToken(app, await tokenBy(honest))
    await accepted(second)
  })

  test('RE-05 C002-09 a key that was replaced under the same kid is refused once the keys are too old', async () => {
    await accepted()
    const replaced = { ...second, kid: honest.kid, publicJwk: { ...second.publicJwk, kid: honest.kid } }
    provider.keys = [replaced]
    clock.forward(MAX_AGE + 1)
    await accepted(replaced)
    await expectRefusedToken(app, await tokenBy(honest))
  })
})

describe('clocks that differ', () => {
  test.each([-120, 120])(
    'RE-06 by %i seconds: a token of 60 seconds is refused, and a login when its ID token is from the future',
    async (apart) => {
      clock.forward(apart)
      const { status } = await app.signIn(provider, new Jar())
      const soon = await provider.accessToken({ exp: Math.floor(Date.now() / 1000) + 60 })
      // Ahead, our clock sees the ID token's life of 300 seconds still running.
      expect(status).toBe(apart < 0 ? 400 : 303)
      await expectRefusedToken(app, soon)
    },
  )

  test.each([-20, 20])('RE-06 P-17 by %i seconds: login and token work', async (apart) => {
    clock.forward(apart)
    await expectHonestLogin(app, provider)
    await accepted()
  })
})

describe('the provider goes away', () => {
  test('known keys serve for JWKS_STALE beyond JWKS_MAX_AGE, then 503', async () => {
    await accepted()
    await provider.close()
    clock.forward(MAX_AGE + STALE - 1)
    await accepted()
    clock.forward(2)
    expectUndecided(await app.bearer(await tokenBy(honest)))
    await provider.open()
    clock.forward(2)
    await accepted()
  })

  test('P-4 known keys serve at once while it is silent: only the first call waits', async () => {
    await accepted()
    provider.answers = { jwks: () => undefined, discovery: () => undefined }
    clock.forward(MAX_AGE + 1)
    await accepted()
    const begun = performance.now()
    for (let at = 0; at < 20; at++) {
      await accepted()
      clock.forward(3)
    }
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  test('P-2 its next good answer counts, without a restart', async () => {
    provider.keys = [second, honest]
    await accepted(honest)
    await provider.close()
    clock.forward(MAX_AGE + 1)
    await accepted(honest)
    provider.keys = [second]
    await provider.open()
    clock.forward(2)
    await accepted(second)
    await expectRefusedToken(app, await tokenBy(honest))
  })
})
