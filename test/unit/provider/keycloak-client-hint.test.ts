import { describe, expect, test } from '@jest/globals'
import {
  CLIENT_AUTHENTICATION,
  type ClientAuthentication,
} from '../../../src/provider/client-authentication.js'
import { keycloakClientHint, type KeycloakClient } from '../../../src/provider/keycloak-client-hint.js'

const KEY_DOCUMENT = 'https://app.example/.well-known/jwks.json'
/** Keycloak's words for most of it. */
const INVALID = 'Invalid client or Invalid client credentials'

const client = (clientAuthentication: ClientAuthentication): KeycloakClient => ({
  clientId: 'webapp',
  clientAuthentication,
  keyDocument: KEY_DOCUMENT,
  bySettings: true,
})
const hint = (error: string, method: ClientAuthentication, description = INVALID): string | undefined =>
  keycloakClientHint({ error, description }, client(method))

describe('keycloakClientHint', () => {
  test.each(['invalid_grant', 'invalid_request', 'invalid_token', ''])('none for %p', (error) => {
    for (const method of CLIENT_AUTHENTICATION) expect(hint(error, method)).toBeUndefined()
  })

  test.each(CLIENT_AUTHENTICATION)(
    'invalid_client in Keycloak’s usual words asks for the client first: %s',
    (method) => {
      expect(hint('invalid_client', method)).toMatch(
        /^is webapp the Client ID of an enabled client of this realm\? /,
      )
    },
  )

  test.each([
    ['client_secret_basic', 'Credentials → Client Secret', 'clientSecret (OIDC_CLIENT_SECRET)'],
    ['client_secret_post', 'Credentials → Client Secret', 'clientSecret (OIDC_CLIENT_SECRET)'],
    ['none', 'Credentials → Client Secret', 'nothing was given'],
    [
      'client_secret_jwt',
      'Credentials → Client Authenticator: Signed JWT with Client Secret, ',
      'OIDC_CLIENT_SECRET',
    ],
    ['private_key_jwt', 'Credentials → Client Authenticator: Signed JWT, ', KEY_DOCUMENT],
    ['tls_client_auth', 'Credentials → Client Authenticator: X509 Certificate, ', 'OIDC_CLIENT_CERT_FILE'],
  ] as const)('unauthorized_client names where the proof by %s is set', (method, way, where) => {
    const text = hint('unauthorized_client', method)
    expect(text).toContain(`Clients → webapp → ${way}`)
    expect(text).toContain(where)
    expect(text).not.toContain('the Client ID of an enabled client')
  })

  test('a failed proof by JWT is told from an unknown client by its words', () => {
    const text = hint('invalid_client', 'private_key_jwt', 'Unable to load public key')
    expect(text).toMatch(
      /^does it expect .* Clients → webapp → Credentials → Client Authenticator: Signed JWT, /,
    )
  })

  test('where a wrong secret has the same word as an unknown client, as at the introspection endpoint, both are named', () => {
    const text = hint('invalid_client', 'client_secret_basic', 'Client authentication failed.')
    expect(text).toMatch(
      /^is webapp the Client ID of .* If it is: clientSecret \(OIDC_CLIENT_SECRET\) is not the secret/,
    )
  })

  test('a program without an address is told the other ways to show its key', () => {
    const program = { clientId: 'job', clientAuthentication: 'private_key_jwt' } as const
    const text = keycloakClientHint({ error: 'unauthorized_client', description: INVALID }, program)
    expect(text).toContain('Use JWKS URL Off and a JWK Set with the public key of clientKeyFile under')
    expect(text).not.toMatch(/undefined|OIDC_/)
  })

  test.each([
    ['Parameter client_assertion_type is missing', /^webapp proves itself by a signed JWT: /],
    [
      'Missing client_id parameter',
      /X509 Certificate: that is clientAuthentication \(OIDC_CLIENT_AUTH\) tls_client_auth$/,
    ],
    [
      "Invalid method used to get client secret. Client requires method 'client_secret_post' to obtain it",
      /^clientAuthentication \(OIDC_CLIENT_AUTH\) must be client_secret_post, or /,
    ],
  ])('another proof is expected: %s', (description, expected) => {
    for (const error of ['invalid_client', 'unauthorized_client'])
      expect(hint(error, 'client_secret_basic', description)).toMatch(expected)
  })

  test('words that the server chose never become part of a hint', () => {
    const evil = "requires method 'client_secret_evil' client_id"
    expect(hint('unauthorized_client', 'client_secret_post', evil)).not.toContain('evil')
  })
})
