import { describe, expect, test } from '@jest/globals'
import { ConfigError, loadConfig, type Config } from '../../src/config.js'

type Environment = Record<string, string | undefined>

const SECRET = 'a-good-session-secret-of-32-characters-or-more'
const REQUIRED: Environment = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'client-secret',
  API_AUDIENCE: 'the-api',
}
const PRODUCTION: Environment = { ...REQUIRED, NODE_ENV: 'production', PUBLIC_URL: 'https://app.example' }

const load = (changes: Environment, base = REQUIRED): Config => loadConfig({ ...base, ...changes })

function problemsOf(changes: Environment, base = REQUIRED): readonly string[] {
  try {
    load(changes, base)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('loadConfig: a store for several processes', () => {
  test('SE-07 REDIS_URL without SESSION_SECRETS is a problem by name, in production and outside', () => {
    const problem = 'SESSION_SECRETS is required with REDIS_URL: all processes must have the same'
    const REDIS_URL = 'redis://person:password@redis.example'
    for (const SESSION_SECRETS of [undefined, ''])
      expect(problemsOf({ REDIS_URL, SESSION_SECRETS })).toEqual([problem])
    const inProduction = problemsOf({ REDIS_URL, SESSION_SECRETS: undefined }, PRODUCTION)
    expect(inProduction.every((text) => text.startsWith('SESSION_SECRETS '))).toBe(true)
    expect(inProduction.join()).not.toContain('password')
  })

  test.each([
    'http://127.0.0.1:6379',
    'redis.example:6379',
    'redis://',
    'rediss://:the-password@',
    'redis://:the-password@redis.example:99999',
    'redis://:the-password@redis.example:port',
    'redis:the-password@redis.example',
    ' redis://redis.example',
  ])('AZ-04 SE-07 REDIS_URL %p is refused and not shown', (value) => {
    expect(problemsOf({ REDIS_URL: value, SESSION_SECRETS: SECRET })).toEqual([
      'REDIS_URL is not a redis:// or rediss:// address',
    ])
  })

  test.each([
    'redis://127.0.0.1:6379',
    'redis://[::1]/2',
    'rediss://person:pass%40word@redis.example:6380/1',
    'redis://redis',
  ])('REDIS_URL %p is taken as it is', (value) => {
    expect(load({ REDIS_URL: value, SESSION_SECRETS: SECRET })).toMatchObject({
      redisUrl: value,
      sessionSecrets: [SECRET],
    })
    expect(load({ REDIS_URL: value }, { ...PRODUCTION, SESSION_SECRETS: SECRET }).redisUrl).toBe(value)
  })

  test('without REDIS_URL there is none', () => {
    expect([load({}).redisUrl, load({ REDIS_URL: '' }).redisUrl]).toEqual([undefined, undefined])
  })
})
