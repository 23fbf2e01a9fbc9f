import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createClientCredentialsProvider } from '../../src/tokens.js'
import { Jar } from '../support/browser-jar.js'
import { ClientFiles, ecKey, jwk, pem, rsaKey } from '../support/client-files.js'
import { startFormRecorder, type FormRecorder } from '../support/form-recorder.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { untilTime } from '../support/many-processes.js'
import { startRealApp } from '../support/real-app.js'
import { realKeycloak } from '../support/real-keycloak.js'
import type { Options } from '../../src/options.js'
import type { TestApp } from '../support/test-app.js'

jest.setTimeout(90_000)

const SECRET = 'latchkey-web-secret-of-32-characters'

let realm: TestRealm
let recorder: FormRecorder
let files: ClientFiles
let app: TestApp | undefined

beforeAll(async () => {
  realm = await TestRealm.create('client-auth', { settings: { WEB_SECRET: SECRET } })
  recorder = await startFormRecorder(realKeycloak().url)
})
afterAll(async () => {
  await recorder.close()
  await realm.remove()
})
beforeEach(() => {
  files = new ClientFiles()
})
afterEach(async () => {
  await app?.stop()
  app = undefined
  files.remove()
})

/** What the console's Credentials and Keys say of the client. */
async function expectAtKeycloak(
  type: string,
  attributes: Record<string, string>,
  clientId = 'latchkey-web',
): Promise<void> {
  const [client] = (await realm.admin(`/clients?clientId=${clientId}`)) as {
    id: string
    attributes: Record<string, string>
  }[]
  const body = {
    ...client,
    clientAuthenticatorType: type,
    attributes: { ...client?.attributes, ...attributes },
  }
  await realm.admin(`/clients/${client?.id ?? ''}`, { method: 'PUT', body })
}

async function start(options: Partial<Options>): Promise<TestApp> {
  app = await startRealApp({
    issuer: realm.issuer,
    internalUrl: recorder.origin,
    clientSecret: undefined,
    // Whoever asks for a page gets new tokens.
    refreshBefore: 0,
    ...options,
  })
  return app
}
const startWithKey = (content: string): Promise<TestApp> =>
  start({ clientAuthentication: 'private_key_jwt', clientKeyFile: files.put('key', content) })
const useKeysOf = (publicUrl: string, algorithm = ''): Promise<void> =>
  expectAtKeycloak('client-jwt', {
    'use.jwks.url': 'true',
    'jwks.url': `${publicUrl}/.well-known/jwks.json`,
    'token.endpoint.auth.signing.alg': algorithm,
  })

async function signIn(at: TestApp): Promise<{ readonly status: number; readonly jar: Jar }> {
  const jar = new Jar()
  const callback = await new KeycloakVisitor().signIn(await at.beginLogin(jar), 'alice')
  return { status: (await at.callback(callback, jar)).status, jar }
}
const refusal = (at: TestApp): unknown => at.log.find(({ code }) => code === 'client_refused')

describe('TK-06 TK-07 a real Keycloak and private_key_jwt', () => {
  test('a key that is not ours is refused, and the log says what to click', async () => {
    const other = await startWithKey(pem(ecKey()))
    const stranger = await start({
      clientAuthentication: 'private_key_jwt',
      clientKeyFile: files.put('other', pem(ecKey())),
    })
    try {
      await useKeysOf(other.publicUrl)
      expect((await signIn(stranger)).status).toBe(502)
      expect(refusal(stranger)).toMatchObject({
        hint: expect.stringContaining(
          `Use JWKS URL On, JWKS URL: ${stranger.publicUrl}/.well-known/jwks.json`,
        ),
      })
    } finally {
      await other.stop()
    }
  })

  test.each<[alg: string, key: () => string]>([
    ['RS256', () => pem(rsaKey())],
    ['PS384', () => JSON.stringify(jwk(rsaKey(), { alg: 'PS384', kid: 'ours' }))],
    ['ES256', () => pem(ecKey())],
    ['ES512', () => pem(ecKey('P-521'))],
  ])('%s: signs in and out, and the client is known by its key document alone', async (alg, key) => {
    const at = await startWithKey(key())
    await useKeysOf(at.publicUrl, alg)
    const { status, jar } = await signIn(at)
    expect([status, refusal(at)]).toEqual([303, undefined])
    expect((await at.navigate('/hello', jar)).status).toBe(200)
    expect((await at.signOut(jar)).status).toBe(303)
    expect(at.log.map(({ code }) => code)).not.toContain('logout_refused')
    expect(await at.whoami(jar)).toBeUndefined()
  })

  test('a change of key: the old signs until Keycloak can know the new one, and nobody is refused', async () => {
    const at = await startWithKey(pem(ecKey()))
    await useKeysOf(at.publicUrl)
    expect((await signIn(at)).status).toBe(303)
    const old = recorder.lastKid()
    files.put('key', pem(rsaKey()))
    const changed = Date.now()
    expect((await signIn(at)).status).toBe(303)
    expect(recorder.lastKid()).toBe(old)
    const keys = (await at.send('/.well-known/jwks.json')).json() as { keys: { kid: string }[] }
    expect(keys.keys.map(({ kid }) => kid)).toEqual([expect.not.stringMatching(old ?? ''), old])
    await untilTime(changed + 11_000)
    const { status, jar } = await signIn(at)
    expect([status, refusal(at)]).toEqual([303, undefined])
    expect(recorder.lastKid()).toBe(keys.keys[0]?.kid)
    expect((await at.navigate('/hello', jar)).status).toBe(200)
  })
})

test.each<[string, () => string]>([
  ['P-256', () => pem(ecKey())],
  ['RSA in PKCS#1', () => pem(rsaKey(), 'pkcs1')],
])(
  'a program without an address gives its key by hand, with what docs/client-authentication.md prints: %s',
  async (_kind, key) => {
    const clientKeyFile = files.put('client-key.pem', key())
    const [command] = /^node -e '$[^]*?^'$/m.exec(readFileSync('docs/client-authentication.md', 'utf8')) ?? []
    const printed = execFileSync('sh', ['-c', command ?? 'exit 1'], { cwd: files.folder, encoding: 'utf8' })
    expect(printed).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/)
    const byHand = { 'use.jwks.url': 'false', 'use.jwks.string': 'true', 'jwks.string': printed }
    await expectAtKeycloak('client-jwt', byHand, 'latchkey-service')
    const options = { issuer: realm.issuer, clientId: 'latchkey-service', timeout: 10 }
    const tokens = createClientCredentialsProvider({
      ...options,
      clientAuthentication: 'private_key_jwt',
      clientKeyFile,
    })
    expect(decodeJwt(await tokens())).toMatchObject({ azp: 'latchkey-service' })
  },
)

describe('a real Keycloak and secrets', () => {
  test('TK-07 client_secret_jwt: the secret signs, and another is refused with a hint', async () => {
    await expectAtKeycloak('client-secret-jwt', { 'token.endpoint.auth.signing.alg': 'HS256' })
    const wrong = await start({
      clientAuthentication: 'client_secret_jwt',
      clientSecret: `${SECRET}-of-yesterday`,
    })
    expect((await signIn(wrong)).status).toBe(502)
    expect(refusal(wrong)).toMatchObject({ hint: expect.stringContaining('Signed JWT with Client Secret') })
    await wrong.stop()
    const at = await start({
      clientAuthentication: 'client_secret_jwt',
      clientSecretFile: files.put('secret', `${SECRET}\n`),
    })
    expect((await signIn(at)).status).toBe(303)
    expect(recorder.forms.at(-1)?.has('client_secret')).toBe(false)
  })

  test.each(['client_secret_post', 'client_secret_basic'] as const)(
    'TK-07 %s: a secret that Keycloak made anew works as soon as it is in the file',
    async (clientAuthentication) => {
      await expectAtKeycloak('client-secret', {})
      const [client] = (await realm.admin('/clients?clientId=latchkey-web')) as {
        id: string
        secret: string
      }[]
      const at = await start({
        clientAuthentication,
        clientSecretFile: files.put('secret', client?.secret ?? ''),
      })
      expect((await signIn(at)).status).toBe(303)
      const made = (await realm.admin(`/clients/${client?.id ?? ''}/client-secret`, { method: 'POST' })) as {
        value: string
      }
      expect((await signIn(at)).status).toBe(502)
      files.put('secret', `${made.value}\n`)
      expect((await signIn(at)).status).toBe(303)
    },
  )
})
