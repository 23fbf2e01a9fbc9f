import { describe, expect, test } from '@jest/globals'
import { loadConfig } from '../../src/config.js'
import { createLatchkey } from '../../src/latchkey.js'
import { silentLog } from '../../src/log.js'
import { noMetrics } from '../../src/metrics.js'
import { completeOptions, defaults, type CompleteOptions } from '../../src/options.js'

const SECRET = 'a-good-session-secret-of-32-characters-or-more'
const GOOD = {
  publicUrl: 'https://app.example',
  issuer: 'https://id.example/realms/demo',
  clientId: 'webapp',
  clientSecret: 'client-secret',
  apiAudience: 'the-api',
}
const ENVIRONMENT = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'client-secret',
  API_AUDIENCE: 'the-api',
}

/** As JavaScript may give them, where no compiler looks. */
const complete = (options: unknown): CompleteOptions =>
  completeOptions(options as Parameters<typeof completeOptions>[0])
const withGood = (changes: Readonly<Record<string, unknown>>): CompleteOptions =>
  complete({ ...GOOD, ...changes })

function problemsOf(options: unknown): readonly string[] {
  try {
    complete(options)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    expect(error.message).toMatch(/^createLatchkey: /)
    return error.message.slice('createLatchkey: '.length).split('; ')
  }
  return []
}

/** What a shared store needs beside its address. */
const SHARED = { sessionSecrets: [SECRET] }
const NOT_STRINGS = [7, null, true, {}, ['x']]
const STRINGS = [
  'publicUrl',
  'issuer',
  'internalUrl',
  'clientId',
  'clientSecret',
  'clientSecretFile',
  'clientKeyFile',
  'clientCertFile',
  'clientAuthentication',
  'scope',
  'apiAudience',
  'cookieName',
  'callbackPath',
  'loginRedirect',
  'logoutPath',
  'logoutRedirect',
  'views',
  'styleSheet',
  'accountPath',
  'redisUrl',
]
const LONGEST_TIME = 315_360_000
const NUMBERS: [name: keyof CompleteOptions, min: number, max: number][] = [
  ['sessionIdleTimeout', 1, LONGEST_TIME],
  ['sessionAbsoluteTimeout', 1, LONGEST_TIME],
  ['loginTimeout', 1, LONGEST_TIME],
  ['loginLimit', 1, 1_000_000],
  ['clockTolerance', 0, LONGEST_TIME],
  ['jwksMaxAge', 0, LONGEST_TIME],
  ['jwksCooldown', 0, LONGEST_TIME],
  ['jwksStale', 0, LONGEST_TIME],
  ['upstreamTimeout', 1, 2_147_483],
  ['refreshBefore', 0, LONGEST_TIME],
]

describe('completeOptions: problems', () => {
  test('SE-07 are told all at once, by name and not by value', async () => {
    const options = {
      publicUrl: 'https://a.example/the-value',
      clientSecre: 'the-value',
      clientAuthentication: 'client_secret_post',
      sessionSecrets: ['the-value'],
      scope: 'the-value',
      upstreamTimeout: -1,
    }
    expect(problemsOf(options).map((problem) => problem.split(' ')[0])).toEqual([
      'issuer',
      'clientId',
      'apiAudience',
      'clientSecret',
      'publicUrl',
      'clientSecre',
      'sessionSecrets',
      'scope',
      'upstreamTimeout',
    ])
    expect(problemsOf(options).join()).not.toContain('the-value')
    await expect(createLatchkey(options as never)).rejects.toThrow(TypeError)
  })

  test.each([undefined, null, 'https://app.example', 7])('SE-07 %p are no options', (options) => {
    expect(problemsOf(options)).toEqual(['the options must be an object'])
  })

  test.each(['publicUrl', 'issuer', 'clientId', 'apiAudience'])('SE-07 %s is required', (name) => {
    expect(problemsOf({ ...GOOD, [name]: undefined })).toEqual([`${name} is missing`])
    expect(problemsOf({ ...GOOD, [name]: '' })).toHaveLength(1)
  })

  test.each(['clientSecre', 'PUBLIC_URL', 'toString', 'constructor'])('SE-07 %s is not an option', (name) => {
    expect(problemsOf({ ...GOOD, [name]: 'x' })).toEqual([`${name} is not an option`])
  })

  test.each(STRINGS)('SE-07 %s is a string', (name) => {
    for (const value of NOT_STRINGS)
      expect(problemsOf({ ...GOOD, ...SHARED, [name]: value })).toEqual([`${name} must be a string`])
    expect(problemsOf({ ...GOOD, ...SHARED, [name]: '' })).toHaveLength(1)
  })

  test.each(NUMBERS)('SE-07 %s is a whole number from %d to %d', (name, min, max) => {
    for (const value of [min - 1, max + 1, 1.5, -1, NaN, Infinity, 1e21, String(min), null, '5s'])
      expect(problemsOf({ ...GOOD, [name]: value })).toEqual([
        expect.stringMatching(new RegExp(`^${name} must be a (whole )?number`)),
      ])
    for (const value of [min, max]) expect(withGood({ [name]: value })[name]).toBe(value)
  })

  test.each<[string, unknown[]]>([
    [
      'publicUrl',
      [
        'app.example',
        'ftp://app.example',
        'https://app.example/app',
        'https://app.example?x',
        'https://app.example/#x',
        'https://person:word@app.example',
      ],
    ],
    ['issuer', ['id.example', 'https://id.example?x', 'https://id.example#x', 'https://a:b@id.example']],
    ['internalUrl', ['keycloak:8080', 'http://keycloak:8080/realms']],
    ['clientAuthentication', ['BASIC', 'private_key']],
    ['scope', ['profile', 'openidx']],
    ['cookieName', ['a b', 'a=b', 'a;b', 'é']],
    ['sessionSecrets', [SECRET, [], ['short'], [SECRET, 'short'], [' '.repeat(40)], [7], [SECRET, null], {}]],
    ['log', [null, 'x', {}, () => undefined, { ...silentLog, warn: 'x' }]],
    ['now', [null, 7, 'now']],
    ['metrics', [null, 'x', {}, () => undefined, { ...noMetrics, lockWait: 7 }]],
    ['refuseCrossSite', [null, 0, 1, 'true', 'false', {}]],
  ])('SE-07 %s that is no use is refused', (name, values) => {
    for (const value of values)
      expect(problemsOf({ ...GOOD, [name]: value })).toEqual([expect.stringMatching(`^${name} [a-z]`)])
  })
})

describe('completeOptions: a store for several processes', () => {
  const redisUrl = 'redis://redis.example:6379'
  const redis = { eval: () => Promise.resolve(null) }

  test.each<[string, object]>([
    ['redisUrl', { redisUrl }],
    ['redis', { redis }],
  ])('SE-07 %s without sessionSecrets is refused: each process would make its own', (_name, options) => {
    expect(problemsOf({ ...GOOD, ...options })).toEqual([
      'sessionSecrets is missing, which a shared store needs: all processes must have the same',
    ])
    expect(withGood({ ...SHARED, ...options })).toMatchObject({ ...SHARED, ...options })
  })

  test('SE-07 redis and redisUrl are not given both', () => {
    expect(problemsOf({ ...GOOD, ...SHARED, redis, redisUrl })).toEqual([
      'redis and redisUrl are both given: give one',
    ])
  })

  test.each(['', 'redis.example:6379', 'http://redis.example', 'redis://', 'redis:redis.example', 'REDIS'])(
    'SE-07 the redisUrl %p is refused and not shown',
    (value) => {
      expect(problemsOf({ ...GOOD, ...SHARED, redisUrl: value })).toEqual([
        'redisUrl is not a redis:// or rediss:// address',
      ])
    },
  )

  test.each([null, 'x', 7, {}, () => undefined, { eval: 'x' }])('SE-07 %p is no client of Redis', (value) => {
    expect(problemsOf({ ...GOOD, ...SHARED, redis: value })).toEqual(['redis must have the methods eval'])
  })
})

describe('completeOptions: the client secret', () => {
  test.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'])(
    'SE-07 %s that is given needs one',
    (clientAuthentication) => {
      expect(problemsOf({ ...GOOD, clientSecret: undefined, clientAuthentication })).toEqual([
        'clientSecret (or clientSecretFile) is required',
      ])
      expect(withGood({ clientAuthentication }).clientAuthentication).toBe(clientAuthentication)
    },
  )

  test('without one and without clientAuthentication the client is one that has none', () => {
    expect(withGood({ clientSecret: undefined }).clientAuthentication).toBe('none')
    expect(withGood({ clientSecret: undefined, clientAuthentication: 'none' }).clientAuthentication).toBe(
      'none',
    )
    expect(withGood({}).clientAuthentication).toBe('client_secret_basic')
  })
})

describe('completeOptions: good options', () => {
  test('what is left out, or undefined, takes the default', () => {
    expect(withGood({ scope: undefined, log: undefined, internalUrl: undefined })).toEqual({
      ...defaults,
      ...GOOD,
    })
  })

  test('what is given is taken', () => {
    const now = (): number => 0
    const options = {
      internalUrl: 'http://keycloak:8080/',
      sessionSecrets: [SECRET, SECRET],
      cookieName: 'my-app_1',
      log: silentLog,
      now,
      views: '/views',
      styleSheet: '/style.css',
      accountPath: '/me',
      redisUrl: 'rediss://:password@redis.example/1',
      refreshBefore: 0,
      refuseCrossSite: false,
      metrics: noMetrics,
    }
    expect(withGood({ publicUrl: 'https://app.example:8443/', ...options })).toEqual({
      ...defaults,
      ...GOOD,
      ...options,
      publicUrl: 'https://app.example:8443',
      internalUrl: 'http://keycloak:8080',
    })
  })

  test.each<[string, Record<string, string>]>([
    ['alone', {}],
    ['in production', { NODE_ENV: 'production', PUBLIC_URL: 'https://app.example', SESSION_SECRETS: SECRET }],
    ['without a secret', { OIDC_CLIENT_AUTH: 'none', OIDC_CLIENT_SECRET: '' }],
    ['with a port for operators', { MANAGEMENT_PORT: '0', REFRESH_BEFORE: '10' }],
    ['with everything', { OIDC_INTERNAL_URL: 'http://keycloak:8080', TRUST_PROXY: '1', LOG_LEVEL: 'silent' }],
  ])('the whole of what loadConfig returns is taken, %s', async (_name, environment) => {
    const config = loadConfig({ ...ENVIRONMENT, ...environment })
    const options: Readonly<Record<string, unknown>> = { ...completeOptions(config) }
    for (const name of [
      'production',
      'port',
      'host',
      'trustProxy',
      'logLevel',
      'shutdownGrace',
      'managementPort',
    ])
      expect(options[name]).toBeUndefined()
    expect(options).toMatchObject({ publicUrl: config.publicUrl, issuer: config.issuer })
    expect(completeOptions({ ...config, logoutPath: '/x' }).logoutPath).toBe('/x')
    await expect(createLatchkey({ ...config, log: silentLog })).resolves.toHaveProperty('requireBearer')
  })
})
