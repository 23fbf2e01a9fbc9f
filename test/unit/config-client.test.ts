import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ConfigError, loadConfig, type Config } from '../../src/config.js'
import { completeOptions } from '../../src/options.js'
import { createCertificate } from '../support/certificate.js'
import { ClientFiles, ecKey, jwk, pem } from '../support/client-files.js'

const BASE = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  API_AUDIENCE: 'the-api',
}
const OPTIONS = {
  publicUrl: 'https://app.example',
  issuer: 'https://id.example/realms/demo',
  clientId: 'webapp',
  apiAudience: 'the-api',
}

type Environment = Readonly<Record<string, string | undefined>>

function problemsOf(changes: Environment): readonly string[] {
  try {
    loadConfig({ ...BASE, ...changes })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}
const load = (changes: Environment): Config => loadConfig({ ...BASE, ...changes })
const complete = (changes: Readonly<Record<string, unknown>>) => completeOptions({ ...OPTIONS, ...changes })

const files = new ClientFiles()
let secret: string
let key: string
let jwks: string
let cert: string
let certKey: string
let otherCert: string
beforeAll(() => {
  const pair = createCertificate()
  secret = files.put('secret', 'the-secret\n')
  key = files.put('key.pem', pem(ecKey()))
  jwks = files.put('jwks.json', JSON.stringify({ keys: [jwk(ecKey())] }))
  cert = files.put('cert.pem', pair.cert)
  certKey = files.put('cert-key.pem', pair.key)
  otherCert = files.put('other.pem', createCertificate().cert)
})
afterAll(() => files.remove())

describe('SE-07 TK-07 loadConfig refuses client authentication', () => {
  test.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'])(
    '%s without a secret',
    (method) => {
      expect(problemsOf({ OIDC_CLIENT_AUTH: method })).toEqual([
        'OIDC_CLIENT_SECRET (or OIDC_CLIENT_SECRET_FILE) is required',
      ])
    },
  )

  test('with a secret of nothing but blanks, in the setting, a file or the adapter file', () => {
    for (const [number, blanks] of [' ', '\t', '\u00a0', '\n\n', '  \n'].entries()) {
      expect(problemsOf({ OIDC_CLIENT_SECRET: blanks })).toEqual(['OIDC_CLIENT_SECRET is empty'])
      const file = files.put(`blanks-${number}`, blanks)
      expect(problemsOf({ OIDC_CLIENT_SECRET_FILE: file })).toEqual([
        'OIDC_CLIENT_SECRET_FILE names an empty file',
      ])
      const adapter = { realm: 'demo', 'auth-server-url': 'https://id.example', resource: 'adapter' }
      const secret = { credentials: { secret: blanks } }
      const settings = files.put(`adapter-${number}.json`, JSON.stringify({ ...adapter, ...secret }))
      expect(() => loadConfig({ API_AUDIENCE: 'the-api', KEYCLOAK_SETTINGS: settings })).toThrow(
        'credentials.secret is missing',
      )
      expect(() => complete({ clientSecret: blanks })).toThrow(
        new TypeError('createLatchkey: clientSecret is empty'),
      )
    }
  })

  test('by keys and certificates without their files, each by name', () => {
    expect(problemsOf({ OIDC_CLIENT_AUTH: 'private_key_jwt' })).toEqual([
      'OIDC_CLIENT_KEY_FILE is required with private_key_jwt',
    ])
    expect(problemsOf({ OIDC_CLIENT_AUTH: 'tls_client_auth' })).toEqual([
      'OIDC_CLIENT_KEY_FILE is required with tls_client_auth',
      'OIDC_CLIENT_CERT_FILE is required with tls_client_auth',
    ])
  })

  test('with files that nobody would read', () => {
    const unused = (method: string, ...names: string[]): string[] =>
      names.map((name) => `${name} is of no use with OIDC_CLIENT_AUTH ${method}`)
    const all = { OIDC_CLIENT_SECRET_FILE: secret, OIDC_CLIENT_KEY_FILE: key, OIDC_CLIENT_CERT_FILE: cert }
    expect(problemsOf(all)).toEqual(
      unused('client_secret_basic', 'OIDC_CLIENT_KEY_FILE', 'OIDC_CLIENT_CERT_FILE'),
    )
    expect(problemsOf({ ...all, OIDC_CLIENT_AUTH: 'private_key_jwt' })).toEqual(
      unused('private_key_jwt', 'OIDC_CLIENT_SECRET_FILE', 'OIDC_CLIENT_CERT_FILE'),
    )
    expect(problemsOf({ ...all, OIDC_CLIENT_AUTH: 'none' })).toHaveLength(3)
  })

  test('with files that are no use, by name, without path and content', () => {
    const none = `${files.folder}/none`
    const wrong = { OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_KEY_FILE: secret }
    expect(problemsOf(wrong)).toEqual(['OIDC_CLIENT_KEY_FILE holds no private key in PEM'])
    expect(problemsOf({ ...wrong, OIDC_CLIENT_KEY_FILE: none })).toEqual([
      'OIDC_CLIENT_KEY_FILE names a file that cannot be read',
    ])
    const mutual = { OIDC_CLIENT_AUTH: 'tls_client_auth', OIDC_CLIENT_KEY_FILE: certKey }
    expect(problemsOf({ ...mutual, OIDC_CLIENT_CERT_FILE: key })).toEqual([
      'OIDC_CLIENT_CERT_FILE holds no certificate in PEM',
    ])
    expect(problemsOf({ ...mutual, OIDC_CLIENT_CERT_FILE: otherCert })).toEqual([
      'OIDC_CLIENT_CERT_FILE holds a certificate of another key than clientKeyFile (OIDC_CLIENT_KEY_FILE)',
    ])
    expect(problemsOf({ ...mutual, OIDC_CLIENT_KEY_FILE: jwks, OIDC_CLIENT_CERT_FILE: cert })).toEqual([
      'OIDC_CLIENT_KEY_FILE holds no private key in PEM',
    ])
  })

  test('by certificate over plain http', () => {
    const mutual = {
      OIDC_CLIENT_AUTH: 'tls_client_auth',
      OIDC_CLIENT_KEY_FILE: certKey,
      OIDC_CLIENT_CERT_FILE: cert,
    }
    expect(problemsOf({ ...mutual, OIDC_ISSUER: 'http://localhost:8080/realms/demo' })).toEqual([
      'OIDC_ISSUER must be https with tls_client_auth: plain http shows no certificate',
    ])
    expect(problemsOf({ ...mutual, OIDC_INTERNAL_URL: 'http://keycloak:8080' })).toEqual([
      'OIDC_INTERNAL_URL must be https with tls_client_auth: plain http shows no certificate',
    ])
    const internal = {
      OIDC_ISSUER: 'http://localhost:8080/realms/demo',
      OIDC_INTERNAL_URL: 'https://keycloak:8443',
    }
    expect(problemsOf({ ...mutual, ...internal })).toEqual([])
  })
})

describe('SE-07 TK-07 loadConfig takes client authentication', () => {
  test('by key, with PEM or a JWK Set; a secret may be left over', () => {
    for (const file of [key, jwks])
      expect(load({ OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_KEY_FILE: file })).toMatchObject({
        clientAuthentication: 'private_key_jwt',
        clientKeyFile: file,
        clientSecret: undefined,
      })
    const left = { OIDC_CLIENT_SECRET: 'left-over' }
    expect(problemsOf({ ...left, OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_KEY_FILE: key })).toEqual(
      [],
    )
  })

  test('by certificate', () => {
    const config = load({
      OIDC_CLIENT_AUTH: 'tls_client_auth',
      OIDC_CLIENT_KEY_FILE: certKey,
      OIDC_CLIENT_CERT_FILE: cert,
    })
    expect(config).toMatchObject({ clientKeyFile: certKey, clientCertFile: cert })
  })

  test('C002-18 with KEYCLOAK_SETTINGS, which need no secret then', () => {
    const adapter = { realm: 'demo', 'auth-server-url': 'https://id.example', resource: 'adapter' }
    const file = files.put('keycloak.json', JSON.stringify({ ...adapter, credentials: { jwt: {} } }))
    const env = { API_AUDIENCE: 'the-api', KEYCLOAK_SETTINGS: file, OIDC_CLIENT_AUTH: 'private_key_jwt' }
    expect(() => loadConfig(env)).toThrow('OIDC_CLIENT_KEY_FILE is required with private_key_jwt')
    expect(loadConfig({ ...env, OIDC_CLIENT_KEY_FILE: key })).toMatchObject({
      clientId: 'adapter',
      clientKeyFile: key,
    })
  })
})

describe('SE-07 TK-07 createLatchkey and client authentication', () => {
  test.each<[what: string, changes: () => Record<string, unknown>, problem: string]>([
    [
      'secret and file',
      () => ({ clientSecret: 'x', clientSecretFile: secret }),
      'clientSecret and clientSecretFile are both set: give one',
    ],
    ['an empty path', () => ({ clientSecretFile: '' }), 'clientSecretFile is empty'],
    [
      'a secret file that is not there',
      () => ({ clientSecretFile: `${files.folder}/none` }),
      'clientSecretFile names a file that cannot be read',
    ],
    [
      'a key without the method',
      () => ({ clientKeyFile: key }),
      'clientKeyFile is of no use with clientAuthentication none',
    ],
    [
      'the method without a key',
      () => ({ clientAuthentication: 'private_key_jwt' }),
      'clientKeyFile is required with private_key_jwt',
    ],
  ])('%s: refused', (_what, changes, problem) => {
    expect(() => complete(changes())).toThrow(new TypeError(`createLatchkey: ${problem}`))
  })

  test('a secret in a file is a secret', () => {
    expect(complete({ clientSecretFile: secret }).clientAuthentication).toBe('client_secret_basic')
    expect(complete({}).clientAuthentication).toBe('none')
  })

  test('a whole Config is taken', () => {
    const config = load({ OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_KEY_FILE: key })
    expect(completeOptions(config)).toMatchObject({
      clientAuthentication: 'private_key_jwt',
      clientKeyFile: key,
    })
  })
})
