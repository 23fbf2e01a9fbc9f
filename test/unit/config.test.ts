import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ConfigError, loadConfig, type Config } from '../../src/config.js'
import { silentLog } from '../../src/log.js'
import { createClientAuthenticator } from '../../src/provider/client-authentication.js'

type Environment = Record<string, string | undefined>

const SECRET = 'a-good-session-secret-of-32-characters-or-more'
const REQUIRED: Environment = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'client-secret',
  API_AUDIENCE: 'the-api',
}
const PRODUCTION: Environment = {
  ...REQUIRED,
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://app.example',
  SESSION_SECRETS: SECRET,
}

const NUMBERS = [
  'PORT',
  'HEADERS_TIMEOUT',
  'REQUEST_TIMEOUT',
  'SHUTDOWN_GRACE',
  'SESSION_IDLE_TIMEOUT',
  'SESSION_ABSOLUTE_TIMEOUT',
  'LOGIN_TIMEOUT',
  'LOGIN_LIMIT',
  'CLOCK_TOLERANCE',
  'JWKS_MAX_AGE',
  'JWKS_COOLDOWN',
  'JWKS_STALE',
  'UPSTREAM_TIMEOUT',
  'REFRESH_BEFORE',
  'MANAGEMENT_PORT',
]

const load = (changes: Environment = {}, base = REQUIRED): Config => loadConfig({ ...base, ...changes })

function problemsOf(changes: Environment, base = REQUIRED): readonly string[] {
  try {
    load(changes, base)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('loadConfig: problems', () => {
  test('SE-07 AZ-04 are told all at once, by name', () => {
    const names = problemsOf({ NODE_ENV: 'production', PORT: 'x', CLOCK_TOLERANCE: '-1' }, {}).map(
      (line) => line.split(' ')[0],
    )
    expect(names).toEqual(
      expect.arrayContaining([
        'OIDC_ISSUER',
        'OIDC_CLIENT_ID',
        'OIDC_CLIENT_SECRET',
        'API_AUDIENCE',
        'PORT',
        'CLOCK_TOLERANCE',
        'SESSION_SECRETS',
      ]),
    )
    expect(new Set(names).size).toBe(names.length)
  })

  test('SE-07 stand in the message, one a line, without a stack', () => {
    expect(() => loadConfig({})).toThrow(/^The settings cannot be used:\n( {2}[A-Z_]+ .+\n?)+$/)
  })

  test.each(Object.keys(REQUIRED))(
    'SE-07 AZ-04 %s is required, and an empty value counts as none',
    (name) => {
      for (const value of [undefined, ''])
        expect(problemsOf({ [name]: value })).toEqual([
          expect.stringMatching(new RegExp(`^${name} (\\(or ${name}_FILE\\) )?is required$`)),
        ])
    },
  )

  test('SE-07 never hold a value', () => {
    const bad = [
      ...NUMBERS,
      ...Object.keys(REQUIRED),
      'PUBLIC_URL',
      'OIDC_INTERNAL_URL',
      'OIDC_CLIENT_AUTH',
      'OIDC_SCOPE',
      'LOG_LEVEL',
      'TRUST_PROXY',
      'SESSION_SECRETS',
      'REDIS_URL',
    ]
    const environment = Object.fromEntries(
      bad.map((name) => [name, `the value of ${name.toLowerCase()} \u0007`]),
    )
    const problems = problemsOf(environment, {})
    expect(problems.length).toBeGreaterThan(15)
    expect(problems.join('\n')).not.toContain('the value of')
  })
})

describe('loadConfig: settings that depend on others', () => {
  test('PUBLIC_URL is by default localhost with PORT', () => {
    expect(load({ PORT: '4000' }).publicUrl).toBe('http://localhost:4000')
  })

  test('PORT of 0 is refused without PUBLIC_URL: nobody would know the address', () => {
    for (const PUBLIC_URL of [undefined, ''])
      expect(problemsOf({ PORT: '0', PUBLIC_URL })).toEqual([
        expect.stringMatching(/^PORT of 0, .* needs PUBLIC_URL/),
      ])
    expect(load({ PORT: '0', PUBLIC_URL: 'https://app.example' })).toMatchObject({
      port: 0,
      publicUrl: 'https://app.example',
    })
  })

  test.each(['openid-configuration', 'oauth-authorization-server', ''])(
    'OIDC_ISSUER is the issuer, not the address of its metadata: /.well-known/%s',
    (document) => {
      expect(problemsOf({ OIDC_ISSUER: `https://id.example/realms/demo/.well-known/${document}` })).toEqual([
        'OIDC_ISSUER must be the issuer itself, without /.well-known and what follows it',
      ])
    },
  )

  test('the client secret is not asked for without client authentication', () => {
    expect(load({ OIDC_CLIENT_AUTH: 'none', OIDC_CLIENT_SECRET: undefined }).clientSecret).toBeUndefined()
    for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt'])
      expect(problemsOf({ OIDC_CLIENT_AUTH: method, OIDC_CLIENT_SECRET: '' })).toHaveLength(1)
  })

  test('the result is frozen', () => {
    expect(Object.isFrozen(load())).toBe(true)
  })
})

describe('loadConfig: production', () => {
  test.each(['PUBLIC_URL', 'OIDC_ISSUER'])('%s on plain http is for this machine only', (name) => {
    for (const value of [
      'http://app.example',
      'http://10.0.0.1',
      'http://localhost.example',
      'http://127.0.0.1.example',
    ]) {
      expect(problemsOf({ [name]: value }, PRODUCTION)).toEqual([
        expect.stringMatching(`^${name} must be https in production`),
      ])
      expect(problemsOf({ [name]: value })).toEqual([])
    }
    for (const value of [
      'http://localhost:3000',
      'http://127.0.0.1',
      'http://[::1]:8080',
      'https://app.example',
    ])
      expect(problemsOf({ [name]: value }, PRODUCTION)).toEqual([])
  })

  test('OIDC_INTERNAL_URL may be plain http', () => {
    expect(load({ OIDC_INTERNAL_URL: 'http://keycloak:8080' }, PRODUCTION).internalUrl).toBe(
      'http://keycloak:8080',
    )
  })

  test.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['short', 'x'.repeat(31)],
    ['with a short second', `${SECRET},short`],
    ['with an empty second', `${SECRET},`],
    ['blank', ' '.repeat(40)],
    ['a sample from a document', 'your-super-secret-key-your-super-secret-key'],
    ['a sample in another case', `${SECRET},CHANGE-ME-CHANGE-ME-CHANGE-ME-CHANGE-ME`],
  ])('SE-07 C003-11 SESSION_SECRETS %s is refused', (_name, value) => {
    expect(problemsOf({ SESSION_SECRETS: value }, PRODUCTION)).toEqual([
      expect.stringMatching(/^SESSION_SECRETS /),
    ])
  })

  test('SE-06 SESSION_SECRETS are several, newest first', () => {
    const [first, second] = ['1'.repeat(32), '2'.repeat(32)]
    expect(load({ SESSION_SECRETS: ` ${first} , ${second}` }, PRODUCTION).sessionSecrets).toEqual([
      first,
      second,
    ])
  })

  test('outside production there may be none, and short ones are refused all the same', () => {
    expect(load().sessionSecrets).toBeUndefined()
    expect(problemsOf({ SESSION_SECRETS: 'short' })).toHaveLength(1)
    expect([load().production, load({}, PRODUCTION).production]).toEqual([false, true])
  })
})

describe('loadConfig: settings in files', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'latchkey-config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function file(content: string): Environment {
    const name = path.join(folder, 'secret')
    writeFileSync(name, content)
    return { OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_SECRET_FILE: name }
  }

  test('SE-07 both are refused', () => {
    expect(problemsOf({ ...file('x'), OIDC_CLIENT_SECRET: 'y' })).toEqual([
      'OIDC_CLIENT_SECRET and OIDC_CLIENT_SECRET_FILE are both set: give one',
    ])
  })

  test('SE-07 a file that cannot be read, or is empty, is refused without its path', () => {
    const missing = { OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_SECRET_FILE: path.join(folder, 'missing') }
    expect(problemsOf(missing)).toEqual(['OIDC_CLIENT_SECRET_FILE names a file that cannot be read'])
    expect(problemsOf({ ...missing, OIDC_CLIENT_SECRET_FILE: folder })).toHaveLength(1)
    for (const content of ['', '\n', '\r\n'])
      expect(problemsOf(file(content))).toEqual(['OIDC_CLIENT_SECRET_FILE names an empty file'])
  })

  test.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' se cret \n\n', ' se cret \n'],
  ])('%p is the secret %p', (content, secret) => {
    const { clientSecret, clientSecretFile } = load(file(content))
    expect([clientSecret, clientSecretFile]).toEqual([undefined, path.join(folder, 'secret')])
    const authenticator = createClientAuthenticator({
      clientAuthentication: 'client_secret_basic',
      clientSecretFile,
      log: silentLog,
    })
    expect(authenticator.secrets()).toEqual([secret])
  })

  const ADAPTER = {
    realm: 'demo',
    'auth-server-url': 'https://id.example',
    resource: 'adapter',
    credentials: { secret: 'of-the-file' },
  }
  const adapter = (content: string, others: Environment = {}): Environment => {
    const name = path.join(folder, 'keycloak.json')
    writeFileSync(name, content)
    return { API_AUDIENCE: 'the-api', KEYCLOAK_SETTINGS: name, ...others }
  }

  test('C002-18 KEYCLOAK_SETTINGS that cannot be used: the file and the key are named, no value', () => {
    const problem = (content: string): readonly string[] => problemsOf(adapter(content), {})
    expect(problem('{')).toEqual([
      `KEYCLOAK_SETTINGS (${path.join(folder, 'keycloak.json')}): the file is not JSON`,
    ])
    expect(problem(JSON.stringify({ ...ADAPTER, credentials: {} }))).toEqual([
      expect.stringContaining('credentials.secret is missing'),
    ])
    expect(problemsOf({ API_AUDIENCE: 'x', KEYCLOAK_SETTINGS: path.join(folder, 'none') }, {})).toEqual([
      expect.stringMatching(/^KEYCLOAK_SETTINGS .*names a file that cannot be read$/),
    ])
    const plain = JSON.stringify({ ...ADAPTER, 'auth-server-url': 'http://id.example' })
    expect(
      problemsOf(
        adapter(plain, {
          NODE_ENV: 'production',
          SESSION_SECRETS: SECRET,
          PUBLIC_URL: 'https://app.example',
        }),
        {},
      ),
    ).toEqual([expect.stringMatching(/^KEYCLOAK_SETTINGS .*must be https in production/)])
  })

  test.each(['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_CLIENT_SECRET_FILE'])(
    'C002-18 KEYCLOAK_SETTINGS beside %s is refused',
    (name) => {
      expect(problemsOf(adapter(JSON.stringify(ADAPTER), { [name]: 'https://id.example' }), {})).toEqual([
        `${name} and KEYCLOAK_SETTINGS are both set: give one`,
      ])
    },
  )

  test('C002-18 KEYCLOAK_SETTINGS stands in for issuer, client and secret', () => {
    expect(loadConfig(adapter(JSON.stringify(ADAPTER)))).toMatchObject({
      issuer: 'https://id.example/realms/demo',
      clientId: 'adapter',
      clientSecret: 'of-the-file',
    })
  })
})
