import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, loadConfig } from '../../../src/config.js'
import { silentLog } from '../../../src/log.js'
import { createClientAuthenticator } from '../../../src/provider/client-authentication.js'

const SECRET = 'f3a1-a-session-secret-that-nobody-prints'

const COMPLETE = {
  OIDC_ISSUER: 'https://sso.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'the-client-secret-that-nobody-prints',
  API_AUDIENCE: 'the-api',
  PUBLIC_URL: 'https://app.example',
  SESSION_SECRETS: SECRET,
  NODE_ENV: 'production',
}

/** The problems of an environment; fails when it has none. */
function problemsOf(changes: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig({ ...COMPLETE, ...changes })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('these settings have no problem')
}

describe('SE-07 C003-11 settings that cannot be used', () => {
  test.each([
    ['missing', { SESSION_SECRETS: undefined }],
    ['empty', { SESSION_SECRETS: '' }],
    ['short', { SESSION_SECRETS: 'short-secret' }],
    ['31 characters', { SESSION_SECRETS: 'x'.repeat(31) }],
    ['a short second one', { SESSION_SECRETS: `${SECRET},short-secret` }],
    ['an empty second one', { SESSION_SECRETS: `${SECRET},` }],
    ['a sample of documents', { SESSION_SECRETS: 'your-super-secret-key-your-super-secret-key' }],
    [
      'a sample in capitals as the second',
      { SESSION_SECRETS: `${SECRET},KEYBOARD CAT KEYBOARD CAT KEYBOARD CAT` },
    ],
  ])('SE-07 C003-11 session secrets in production, %s: one problem, by name', (_name, changes) => {
    const problems = problemsOf(changes)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^SESSION_SECRETS /)
    for (const value of Object.values(changes).filter(Boolean)) expect(problems[0]).not.toContain(value)
  })

  test.each([
    ['OIDC_ISSUER', undefined],
    ['OIDC_ISSUER', 'not an address'],
    ['OIDC_ISSUER', 'ftp://sso.example'],
    ['OIDC_ISSUER', 'https://person:pass@sso.example'],
    ['OIDC_ISSUER', 'https://sso.example/realms/demo?x=1'],
    ['OIDC_ISSUER', 'http://sso.example/realms/demo'],
    ['PUBLIC_URL', 'http://app.example'],
    ['PUBLIC_URL', 'https://app.example/path'],
    ['OIDC_CLIENT_ID', ''],
    ['OIDC_CLIENT_SECRET', undefined],
    ['OIDC_CLIENT_SECRET', ''],
    ['OIDC_CLIENT_AUTH', 'magic'],
    ['OIDC_INTERNAL_URL', 'http://keycloak:8080/realms'],
    ['OIDC_SCOPE', 'profile email'],
    ['API_AUDIENCE', undefined],
    ['PORT', '70000'],
    ['PORT', '3000x'],
    ['SESSION_IDLE_TIMEOUT', '0'],
    ['SESSION_IDLE_TIMEOUT', '1.5'],
    ['SESSION_ABSOLUTE_TIMEOUT', '-1'],
    ['LOGIN_LIMIT', 'ten'],
    ['UPSTREAM_TIMEOUT', '1e3'],
    ['UPSTREAM_TIMEOUT', '5000000'],
    ['SHUTDOWN_GRACE', '3000000'],
    ['SESSION_ABSOLUTE_TIMEOUT', '9007199254740'],
    ['TRUST_PROXY', 'everybody'],
    ['LOG_LEVEL', 'loud'],
    ['REDIS_URL', 'http://localhost'],
  ])('SE-07 %s=%j is refused by name, without its value', (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]?.split(' ')[0]).toBe(name)
    // One digit stands in the bounds that are told.
    if (value && value !== '0') expect(problems[0]).not.toContain(value)
  })

  test('SE-07 every problem is in one message, by name, with no value and no stack', () => {
    const changes = {
      OIDC_ISSUER: 'http://sso.example',
      OIDC_CLIENT_SECRET: undefined,
      SESSION_SECRETS: 'tiny-secret',
      PORT: 'port-of-call',
      LOGIN_TIMEOUT: 'a-while',
    }
    let message = ''
    try {
      loadConfig({ ...COMPLETE, ...changes })
    } catch (error) {
      message = (error as Error).message
    }
    for (const name of Object.keys(changes))
      expect(message.match(new RegExp(`^ {2}${name} `, 'm'))).not.toBeNull()
    expect(message.split('\n')).toHaveLength(6)
    expect(message).not.toMatch(/sso\.example|tiny-secret|port-of-call|a-while|nobody-prints|^\s+at /m)
  })
})

describe('SE-07 secrets in files', () => {
  let folder: string
  const file = (name: string, content?: string): string => {
    const path = join(folder, name)
    if (content !== undefined) writeFileSync(path, content)
    return path
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'))
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([
    ['that is not there', 'missing', undefined],
    ['that is empty', 'empty', ''],
    ['with a line break alone', 'blank', '\n'],
  ])('SE-07 a file %s is refused by the name of the setting, without its path', (_name, name, content) => {
    const path = file(name, content)
    const [problem, ...more] = problemsOf({ OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_SECRET_FILE: path })
    expect(more).toEqual([])
    expect(problem).toMatch(/^OIDC_CLIENT_SECRET_FILE /)
    expect(problem).not.toContain(folder)
  })

  test('SE-07 secret and file together are refused', () => {
    const path = file('both', 'x')
    expect(problemsOf({ OIDC_CLIENT_SECRET_FILE: path })[0]).toMatch(
      /OIDC_CLIENT_SECRET and OIDC_CLIENT_SECRET_FILE/,
    )
  })

  test('SE-07 the line break at the end of a file is no part of the secret', () => {
    const path = file('good', ' a secret \r\n')
    const config = loadConfig({ ...COMPLETE, OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_SECRET_FILE: path })
    expect([config.clientSecret, config.clientSecretFile]).toEqual([undefined, path])
    expect(createClientAuthenticator({ ...config, log: silentLog }).secrets()).toEqual([' a secret '])
  })
})

describe('SE-07 C003-11 settings that can be used', () => {
  test('C003-11 the secrets are taken in their order', () => {
    const older = 'b'.repeat(32)
    expect(loadConfig({ ...COMPLETE, SESSION_SECRETS: `${SECRET}, ${older}` }).sessionSecrets).toEqual([
      SECRET,
      older,
    ])
  })

  test('C003-11 outside production they may be missing', () => {
    const config = loadConfig({ ...COMPLETE, SESSION_SECRETS: undefined, NODE_ENV: undefined })
    expect([config.production, config.sessionSecrets]).toEqual([false, undefined])
  })

  test('SE-07 plain http is fine for loopback hosts, and for the internal address', () => {
    const config = loadConfig({
      ...COMPLETE,
      OIDC_ISSUER: 'http://localhost:8080/realms/demo',
      PUBLIC_URL: 'http://127.0.0.1:3000',
      OIDC_INTERNAL_URL: 'http://keycloak:8080',
    })
    expect(config).toMatchObject({
      issuer: 'http://localhost:8080/realms/demo',
      publicUrl: 'http://127.0.0.1:3000',
      internalUrl: 'http://keycloak:8080',
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('SE-07 no secret is needed by a client without one', () => {
    const config = loadConfig({ ...COMPLETE, OIDC_CLIENT_SECRET: undefined, OIDC_CLIENT_AUTH: 'none' })
    expect(config.clientSecret).toBeUndefined()
  })
})
