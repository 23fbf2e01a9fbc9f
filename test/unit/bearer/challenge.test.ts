import { describe, expect, test } from '@jest/globals'
import { bearerChallenge, oauthError } from '../../../src/bearer/challenge.js'
import { BearerError } from '../../../src/bearer/errors.js'
import { PROTECTED_RESOURCE_PATH, protectedResourceMetadata } from '../../../src/bearer/protected-resource.js'

const options = { realm: 'latchkey', resourceMetadata: 'https://app.example/meta' }
const END = 'resource_metadata="https://app.example/meta"'
const challenge = (error: BearerError): string => bearerChallenge(error, options)

describe('bearerChallenge (RFC 6750 §3, RFC 9728 §5.1)', () => {
  test('BT-01 C003-07 without credentials has no error', () => {
    expect(challenge(new BearerError('missing_token', 'm'))).toBe(`Bearer realm="latchkey", ${END}`)
  })

  test.each([
    ['invalid_request', 'The credentials are malformed'],
    ['invalid_token', 'The token is not valid here'],
    ['insufficient_scope', 'The token does not allow this'],
  ] as const)('C003-07 for %s', (code, words) => {
    expect(challenge(new BearerError(code, 'm'))).toBe(
      `Bearer realm="latchkey", error="${code}", error_description="${words}", ${END}`,
    )
  })

  test('BT-06 names the scope that is needed', () => {
    expect(challenge(new BearerError('insufficient_scope', 'm', { scope: ['a', 'b'] }))).toContain(
      'scope="a b"',
    )
  })

  test('BT-07 holds neither message, hint nor cause', () => {
    const error = new BearerError('invalid_token', 'x"\r\nmessage', {
      cause: new Error('cause'),
      hint: 'hint',
    })
    expect(challenge(error)).toMatch(/^[\x20-\x7e]+$/)
    expect(challenge(error) + JSON.stringify(oauthError(error))).not.toMatch(/message|cause|hint/)
  })
})

describe('oauthError (RFC 6750 §3.1)', () => {
  test('BT-01 says unauthorized where nothing was sent, else the code', () => {
    expect(oauthError(new BearerError('missing_token', 'm')).error).toBe('unauthorized')
    expect(oauthError(new BearerError('invalid_token', 'm'))).toEqual({
      error: 'invalid_token',
      error_description: 'The token is not valid here',
    })
  })
})

describe('protectedResourceMetadata (RFC 9728 §2)', () => {
  test('names our address as the resource and the issuer as its server', () => {
    expect(protectedResourceMetadata('https://app.example', 'https://id.example/realms/demo')).toMatchObject({
      resource: 'https://app.example',
      authorization_servers: ['https://id.example/realms/demo'],
      bearer_methods_supported: ['header'],
    })
    expect(PROTECTED_RESOURCE_PATH).toBe('/.well-known/oauth-protected-resource')
  })
})
