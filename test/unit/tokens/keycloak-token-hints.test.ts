import { describe, expect, test } from '@jest/globals'
import { keycloakTokenHint, type Asked } from '../../../src/tokens/keycloak-token-hints.js'

const hint = (asked: Asked, error: string, description: string): string | undefined =>
  keycloakTokenHint({
    asked,
    error,
    description,
    clientId: 'job',
    clientAuthentication: 'client_secret_basic',
  })

// What Keycloak 26.7 says, word by word.
describe('a hint names the switch for what was asked', () => {
  test.each<[Asked, string, string, RegExp]>([
    [
      'device_code',
      'unauthorized_client',
      'Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.',
      /Capability config → OAuth 2.0 Device Authorization Grant On$/,
    ],
    [
      'device_code',
      'unauthorized_client',
      'Client authentication with client secret signed JWT failed: Signature on JWT token by client secret failed validation',
      /^clientSecret is not the secret of this client/,
    ],
    [
      'device_code',
      'unauthorized_client',
      "Invalid method used to get client secret. Client requires method 'client_secret_post' to obtain client secret from the request",
      /^clientAuthentication must be client_secret_post, or /,
    ],
    [
      'client_credentials',
      'unauthorized_client',
      'Public client not allowed to retrieve service account',
      /Client authentication On, then Service account roles On/,
    ],
    [
      'jwt_bearer',
      'invalid_grant',
      'Public client not allowed to use authorization grant',
      /Client authentication On, then JWT Authorization Grant On$/,
    ],
    [
      'token_exchange',
      'invalid_request',
      'Standard token exchange is not enabled for the requested client',
      /Standard Token Exchange On/,
    ],
    [
      'token_exchange',
      'invalid_client',
      'Public client is not allowed to exchange token',
      /Client authentication On, then Standard Token Exchange On$/,
    ],
    [
      'token_exchange',
      'invalid_client',
      'Client disabled',
      /^the client that was named as audience is disabled/,
    ],
    [
      'token_exchange',
      'invalid_scope',
      'Missing consents for Token Exchange in client api',
      /^the person has not consented /,
    ],
    ['introspection', 'invalid_request', 'Client not allowed.', /^a public client may not introspect/],
  ])('%s: %s, %s', (asked, error, description, expected) => {
    expect(hint(asked, error, description)).toMatch(expected)
  })

  test.each<[Asked, string, string]>([
    [
      'token_exchange',
      'invalid_request',
      'Sender-constrained token exchange rejected as the token was not issued for the requesting client',
    ],
    ['token_exchange', 'access_denied', 'Client not allowed to exchange'],
  ])('%s: none where no switch mends it: %s, %s', (asked, error, description) => {
    expect(hint(asked, error, description)).toBeUndefined()
  })
})
