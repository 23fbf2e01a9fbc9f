import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  bearerChallenge,
  oauthError,
  plainChallenge,
  sessionChallenge,
} from '../../../src/bearer/challenge.js'
import { BearerError } from '../../../src/bearer/errors.js'
import { PROTECTED_RESOURCE_PATH, protectedResourceMetadata } from '../../../src/bearer/protected-resource.js'
import { readStrength, strengthParameters, type Strength } from '../../../src/provider/strength.js'

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

describe('a challenge that asks for a stronger or newer authentication (RFC 9470 §3)', () => {
  const tooWeak = (strength: Strength): BearerError =>
    new BearerError('insufficient_user_authentication', 'm', { challenge: strengthParameters(strength) })
  const WORDS = 'error_description="A stronger or newer authentication is needed"'

  test.each<[string, Strength, string]>([
    ['acr', { acr: ['2fa', 'urn:gold'] }, 'acr_values="2fa urn:gold"'],
    ['maxAge', { maxAge: 0 }, 'max_age="0"'],
    ['both', { acr: ['2fa'], maxAge: 60 }, 'acr_values="2fa", max_age="60"'],
  ])('SU-05 for %s', (_name, strength, parameters) => {
    expect(challenge(tooWeak(strength))).toBe(
      `Bearer realm="latchkey", error="insufficient_user_authentication", ${WORDS}, ${parameters}, ${END}`,
    )
    expect(tooWeak(strength).status).toBe(401)
  })

  test('SU-05 whatever a guard takes as acr and maxAge does not break out of it', () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    })
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), printable), { minLength: 1 }), fc.nat(), (acr, maxAge) => {
        let strength: Strength
        try {
          strength = readStrength('requireBearer', { acr, maxAge })
        } catch {
          return
        }
        const parameters = [...challenge(tooWeak(strength)).matchAll(/(\w+)="([^"\\]*)"(?:, |$)/g)]
        expect(parameters.map(([, name]) => name)).toEqual([
          'realm',
          'error',
          'error_description',
          'acr_values',
          'max_age',
          'resource_metadata',
        ])
        expect(parameters[3]?.[2]?.split(' ')).toEqual(acr)
        expect(challenge(tooWeak(strength))).toMatch(/^[\x20-\x7e]+$/)
      }),
    )
  })

  test('SU-05 for people it is the same, without words', () => {
    const error = {
      code: 'insufficient_user_authentication',
      challenge: { acr_values: '2fa', max_age: '60' },
    }
    expect(sessionChallenge(error as never, options)).toBe(
      `Bearer realm="latchkey", ${END}, error="insufficient_user_authentication", acr_values="2fa", max_age="60"`,
    )
  })

  test('C003-07 without anything to act upon, theirs is the plain one', () => {
    const error = { code: 'unauthorized', challenge: undefined }
    expect(sessionChallenge(error as never, options)).toBe(plainChallenge(options))
    expect(plainChallenge(options)).toBe(`Bearer realm="latchkey", ${END}`)
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
