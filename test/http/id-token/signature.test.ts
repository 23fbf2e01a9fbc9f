import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { encode, forge, forgeHmac, headerOf, renderings } from '../../support/forging.js'
import { Listener } from '../../support/listener.js'
import { Clock, expectHonestLogin, expectRefusedLogin } from '../../support/logins.js'
import { CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { createSigningKey, sign, type Draft, type SigningKey } from '../../support/signing.js'
import { Jar } from '../../support/browser-jar.js'
import { newPerson, TestApp } from '../../support/test-app.js'

type Forgery = (draft: Draft) => Draft | string | Promise<string>

let provider: ScriptedProvider
let app: TestApp
let stranger: SigningKey
const clock = new Clock()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { now: clock.now })
  stranger = await createSigningKey('RS256', 'stranger')
})
beforeEach(() => provider.reset())
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const refused = (forgery: Forgery): Promise<void> =>
  expectRefusedLogin(app, provider, () => {
    provider.onIdToken = forgery
  })

const honest = ({ claims, key, header }: Draft): Promise<string> => sign(claims, key, header)

describe('the signature of an ID token from the token endpoint (OpenID Connect Core §3.1.3.7 (6))', () => {
  test.each<[string, Forgery]>([
    [
      'by another key under our kid',
      ({ claims, key, header }) => sign(claims, stranger, { ...header, kid: key.kid }),
    ],
    ['by another key under its own kid', ({ claims }) => sign(claims, stranger)],
    ['by another key without kid', ({ claims }) => sign(claims, stranger, { kid: undefined })],
    [
      'over another payload',
      async (draft) => {
        const [header, , signature] = (await honest(draft)).split('.')
        return `${header ?? ''}.${encode({ ...draft.claims, name: 'Mallory' })}.${signature ?? ''}`
      },
    ],
    [
      'with four characters changed',
      async (draft) => {
        const token = await honest(draft)
        const at = token.length - 40
        return token.slice(0, at) + (token.startsWith('AAAA', at) ? 'BBBB' : 'AAAA') + token.slice(at + 4)
      },
    ],
    ['that is cut', async (draft) => (await honest(draft)).slice(0, -20)],
    ['that is empty', async (draft) => (await honest(draft)).replace(/[^.]*$/, '')],
    ['that is zero', async (draft) => (await honest(draft)).replace(/[^.]*$/, encode(Buffer.alloc(256)))],
  ])('IT-05 a signature %s is refused', (_name, forgery) => refused(forgery))
})

describe('unsigned ID tokens (RFC 8725 §3.2)', () => {
  const forms = ['none', 'None', 'NONE', 'nOnE'].flatMap((alg): [string, Forgery][] => [
    [`${alg} with an empty signature`, ({ claims }) => `${encode({ alg, typ: 'JWT' })}.${encode(claims)}.`],
    [`${alg} in two parts`, ({ claims }) => `${encode({ alg })}.${encode(claims)}`],
    [
      `${alg} with kid and signature`,
      async (draft) => {
        const signature = (await honest(draft)).split('.')[2] ?? ''
        return `${encode({ ...draft.header, alg })}.${encode(draft.claims)}.${signature}`
      },
    ],
  ])

  test.each(forms)('IT-06 alg %s is refused', (_name, forgery) => refused(forgery))

  test('IT-06 none is refused when the provider advertises it, too', async () => {
    provider.metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] }
    const other = await TestApp.start(provider)
    try {
      for (const forgery of forms.map(([, form]) => form)) {
        await expectRefusedLogin(other, provider, () => {
          provider.onIdToken = forgery
        })
      }
    } finally {
      await other.stop()
    }
  })
})

describe('ID tokens under a shared secret (RFC 8725 §3.1)', () => {
  test.each(['HS256', 'HS384', 'HS512'])('IT-07 %s with the client secret is refused', async (alg) => {
    await refused(({ claims, header }) => forgeHmac({ ...header, alg }, claims, CLIENT_SECRET))
    await refused(({ claims }) => forgeHmac({ alg }, claims, CLIENT_SECRET))
  })

  test.each(['HS256', 'HS512'])('IT-07 %s with any form of the public key is refused', async (alg) => {
    const forms = renderings(provider.key)
    expect(forms.length).toBeGreaterThan(10)
    for (const [, secret] of forms) {
      await refused(({ claims, header }) => forgeHmac({ ...header, alg }, claims, secret))
    }
  })
})

describe('keys that a header brings or names (RFC 8725 §3.10)', () => {
  let listener: Listener
  beforeAll(async () => {
    listener = await Listener.start()
  })
  afterAll(() => listener.stop())

  test.each<[string, (url: string) => Record<string, unknown>]>([
    ['jwk', () => ({ jwk: stranger.publicJwk, kid: 'stranger' })],
    ['jwk without kid', () => ({ jwk: stranger.publicJwk, kid: undefined })],
    [
      'jwk under our kid',
      () => ({ jwk: { ...stranger.publicJwk, kid: provider.key.kid }, kid: provider.key.kid }),
    ],
    ['jku', (url) => ({ jku: `${url}/certs`, kid: 'stranger' })],
    ['jku under our kid', (url) => ({ jku: `${url}/certs`, kid: provider.key.kid })],
    ['x5u', (url) => ({ x5u: `${url}/x5u`, kid: 'stranger' })],
    ['x5c', () => ({ x5c: [Buffer.alloc(300, 7).toString('base64')], kid: 'stranger' })],
    ['a kid that is an address', (url) => ({ kid: `${url}/kid` })],
    ['all of them', (url) => ({ jwk: stranger.publicJwk, jku: url, x5u: url, kid: provider.key.kid })],
  ])('IT-10 %s is refused and nobody is asked', async (_name, header) => {
    const changes = header(listener.url)
    await refused(({ claims }) => forge(headerOf(stranger, changes), claims, stranger))
    expect(listener.hits).toEqual([])
  })

  test('IT-10 a token that names its own issuer is refused and that one is not asked', async () => {
    await refused(({ claims }) => sign({ ...claims, iss: listener.url }, stranger))
    expect(listener.hits).toEqual([])
  })
})

describe('which key (OpenID Connect Core §10.1)', () => {
  const withoutKid: Forgery = ({ claims, key }) => forge({ alg: 'RS256', typ: 'JWT' }, claims, key)

  test('IT-08 without kid and with several keys published it is refused', async () => {
    await provider.rotate({ keep: true })
    clock.forward(2)
    await expectHonestLogin(app, provider)
    await refused(withoutKid)
    provider.keys = [provider.key]
  })

  test('IT-08 without kid and with one key published it is accepted', async () => {
    await provider.rotate()
    clock.forward(2)
    await expectHonestLogin(app, provider)
    provider.onIdToken = withoutKid
    await expectHonestLogin(app, provider)
  })

  test('IT-09 keys rotated between two logins: one fetch, and the second login succeeds', async () => {
    await expectHonestLogin(app, provider)
    await provider.rotate()
    clock.forward(2)
    provider.calls = []
    await expectHonestLogin(app, provider)
    expect(provider.count('jwks')).toBe(1)
    await expectHonestLogin(app, provider)
    expect(provider.count('jwks')).toBe(1)
  })

  test('IT-09 keys rotated while the person signs in: one fetch, and the login succeeds', async () => {
    const [jar, person] = [new Jar(), newPerson()]
    const request = await app.beginLogin(jar)
    await provider.rotate()
    clock.forward(2)
    provider.calls = []
    expect((await app.callback(provider.approve(request.href, person), jar)).status).toBe(303)
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
    expect(provider.count('jwks')).toBe(1)
  })
})
