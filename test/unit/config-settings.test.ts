import { describe, expect, test } from '@jest/globals'
import { ConfigError, loadConfig, type Config } from '../../src/config.js'

const REQUIRED: Record<string, string> = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'client-secret',
  API_AUDIENCE: 'the-api',
}

const load = (changes: Record<string, string> = {}): Config => loadConfig({ ...REQUIRED, ...changes })

function problemsOf(changes: Record<string, string>): readonly string[] {
  try {
    load(changes)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

type Row = [name: string, key: keyof Config, fallback: unknown, good: [string, unknown][], bad: string[]]
const TIMER = 2_147_483
const TIME = 315_360_000
const seconds = (name: string, key: keyof Config, fallback: number, min: 0 | 1, max: number): Row => [
  name,
  key,
  fallback,
  [
    [String(min), min],
    ['86400', 86_400],
    [String(max), max],
  ],
  ['abc', '-1', '1.5', '1e3', ' 1', '0x10', '9'.repeat(16), String(max + 1), ...(min === 1 ? ['0'] : [])],
]
const ROWS: Row[] = [
  [
    'PORT',
    'port',
    3000,
    [
      ['1', 1],
      ['65535', 65_535],
    ],
    ['0', '65536', '-1', 'x', '3000a'],
  ],
  ['HOST', 'host', 'localhost', [['0.0.0.0', '0.0.0.0']], [' ']],
  [
    'PUBLIC_URL',
    'publicUrl',
    'http://localhost:3000',
    [
      ['https://app.example/', 'https://app.example'],
      ['https://app.example:8443', 'https://app.example:8443'],
      ['http://app.example', 'http://app.example'],
    ],
    [
      'nonsense',
      'ftp://app.example',
      'https://app.example/path',
      'https://app.example?x',
      'https://app.example/#x',
      'https://a:b@app.example',
      '//app.example',
    ],
  ],
  [
    'OIDC_ISSUER',
    'issuer',
    undefined,
    [
      ['https://id.example', 'https://id.example'],
      ['https://id.example/', 'https://id.example/'],
      ['http://localhost:8080/realms/x', 'http://localhost:8080/realms/x'],
    ],
    [
      'not a url',
      'ftp://id.example',
      'https://id.example?x=y',
      'https://id.example#x',
      'https://user@id.example',
      'https://:pass@id.example',
      'javascript:alert(1)',
    ],
  ],
  [
    'OIDC_INTERNAL_URL',
    'internalUrl',
    undefined,
    [
      ['http://keycloak:8080', 'http://keycloak:8080'],
      ['http://keycloak:8080/', 'http://keycloak:8080'],
    ],
    ['keycloak:8080', 'http://keycloak:8080/realms/x', 'x'],
  ],
  ['OIDC_CLIENT_ID', 'clientId', undefined, [['x', 'x']], [' ']],
  [
    'OIDC_CLIENT_AUTH',
    'clientAuthentication',
    'client_secret_basic',
    ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none'].map(
      (method): [string, string] => [method, method],
    ),
    ['BASIC', 'CLIENT_SECRET_BASIC', 'client_secret_x', 'private-key-jwt'],
  ],
  [
    'OIDC_SCOPE',
    'scope',
    'openid profile email',
    [
      ['openid', 'openid'],
      ['  email   openid ', 'email openid'],
    ],
    ['profile', 'OPENID', 'openidx', ' '],
  ],
  ['API_AUDIENCE', 'apiAudience', undefined, [['api', 'api']], [' ']],
  [
    'LOG_LEVEL',
    'logLevel',
    'info',
    [
      ['debug', 'debug'],
      ['silent', 'silent'],
    ],
    ['INFO', 'verbose'],
  ],
  [
    'TRUST_PROXY',
    'trustProxy',
    false,
    [
      ['off', false],
      ['false', false],
      ['true', true],
      ['2', 2],
      ['loopback, 10.0.0.0/8', 'loopback, 10.0.0.0/8'],
      ['::1', '::1'],
    ],
    ['yes', 'example.com', '10.0.0.0/8/8', '10.0.0.0/x', '1,2', '-1'],
  ],
  seconds('HEADERS_TIMEOUT', 'headersTimeout', 15, 0, TIMER),
  seconds('REQUEST_TIMEOUT', 'requestTimeout', 60, 0, TIMER),
  seconds('SHUTDOWN_GRACE', 'shutdownGrace', 10, 0, TIMER),
  seconds('SESSION_IDLE_TIMEOUT', 'sessionIdleTimeout', 1800, 1, TIME),
  seconds('SESSION_ABSOLUTE_TIMEOUT', 'sessionAbsoluteTimeout', 36_000, 1, TIME),
  seconds('LOGIN_TIMEOUT', 'loginTimeout', 1800, 1, TIME),
  seconds('LOGIN_LIMIT', 'loginLimit', 10, 1, 1_000_000),
  seconds('CLOCK_TOLERANCE', 'clockTolerance', 30, 0, TIME),
  seconds('JWKS_MAX_AGE', 'jwksMaxAge', 600, 0, TIME),
  seconds('JWKS_COOLDOWN', 'jwksCooldown', 5, 0, TIME),
  seconds('JWKS_STALE', 'jwksStale', 3600, 0, TIME),
  seconds('UPSTREAM_TIMEOUT', 'upstreamTimeout', 5, 1, TIMER),
  seconds('REFRESH_BEFORE', 'refreshBefore', 30, 0, TIME),
  [
    'MANAGEMENT_PORT',
    'managementPort',
    undefined,
    [
      ['0', 0],
      ['9000', 9000],
    ],
    ['65536', '-1', 'x', '3000'],
  ],
]

describe.each(ROWS)('loadConfig: %s', (name, key, fallback, good, bad) => {
  test.each(bad)('SE-07 AZ-04 %p is refused, by name and not by value', (value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} [a-z]`))])
    if (value.length > 3) expect(problems.join()).not.toContain(value.trim())
  })

  test.each(good)('%p is %p', (value, result) => {
    expect(load({ [name]: value })[key]).toEqual(result)
  })

  test('has its default', () => {
    if (Object.hasOwn(REQUIRED, name)) expect(load()[key]).toBe(REQUIRED[name])
    else expect([load()[key], load({ [name]: '' })[key]]).toEqual([fallback, fallback])
  })
})
