import { describe, expect, test } from '@jest/globals'
import { readKeycloakSettings } from '../../../src/provider/keycloak-settings.js'

const GOOD = {
  realm: 'demo',
  'auth-server-url': 'https://id.example/',
  'ssl-required': 'external',
  resource: 'webapp',
  'verify-token-audience': true,
  credentials: { secret: 'the-secret' },
  'confidential-port': 0,
  'policy-enforcer': {},
}
const read = (changes: object = {}, needsSecret = true) =>
  readKeycloakSettings(JSON.stringify({ ...GOOD, ...changes }), { needsSecret })

describe('readKeycloakSettings', () => {
  test.each<[string, object, string]>([
    ['realm missing', { realm: undefined }, 'realm is missing'],
    ['realm empty', { realm: ' ' }, 'realm is missing'],
    ['realm with a slash', { realm: '../master' }, 'realm is not the name of a realm'],
    ['realm of dots', { realm: '..' }, 'realm is not the name of a realm'],
    ['server missing', { 'auth-server-url': undefined }, 'auth-server-url is missing'],
    ['server no address', { 'auth-server-url': '/auth' }, 'auth-server-url is not an http(s) address'],
    [
      'server with a query',
      { 'auth-server-url': 'https://id.example?x' },
      'auth-server-url is not an http(s) address',
    ],
    ['client missing', { resource: undefined }, 'resource is missing'],
    ['client a number', { resource: 7 }, 'resource is missing'],
    ['no credentials', { credentials: undefined }, 'credentials.secret is missing'],
    ['credentials a text', { credentials: 'the-secret' }, 'credentials.secret is missing'],
    ['secret empty', { credentials: { secret: '' } }, 'credentials.secret is missing'],
  ])('C002-18 %s: names the key', (_name, changes, message) => {
    expect(() => read(changes)).toThrow(expect.objectContaining({ name: 'KeycloakSettingsError', message }))
  })

  test.each(['', '{', '{"credentials":{"secret":"the-secret"', 'null', '[]', '"x"'])(
    'C002-18 the text %p is refused and not repeated',
    (json) => {
      const read = () => readKeycloakSettings(json, { needsSecret: true })
      expect(read).toThrow(/^the file is not (JSON|a JSON object)$/)
    },
  )

  test.each(['https://id.example', 'https://id.example/', 'https://id.example//'])(
    'C002-18 takes the server as %s',
    (server) => {
      expect(read({ 'auth-server-url': server })).toEqual({
        issuer: 'https://id.example/realms/demo',
        clientId: 'webapp',
        clientSecret: 'the-secret',
      })
    },
  )

  test('a path of the server is part of its address', () => {
    expect(read({ 'auth-server-url': 'https://id.example/auth/' }).issuer).toBe(
      'https://id.example/auth/realms/demo',
    )
  })

  test('C002-18 does without a secret where none is needed', () => {
    expect(read({ credentials: {} }, false).clientSecret).toBeUndefined()
  })
})
