import { describe, expect, test } from '@jest/globals'
import { readMetadata } from '../../../src/provider/metadata.js'

const ISSUER = 'http://127.0.0.1:8080/realms/demo'
const GOOD: Record<string, unknown> = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/certs`,
}
const REQUIRED = ['authorization_endpoint', 'token_endpoint', 'jwks_uri']
const FRONT = ['authorization_endpoint', 'end_session_endpoint']
const BACK = [
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
]

const read = (changes: object, internal = false) =>
  readMetadata({ ...GOOD, ...changes }, { issuer: ISSUER, internal })
const invalid = expect.objectContaining({ code: 'provider_metadata_invalid', status: 503 })

describe('readMetadata (OpenID Connect Discovery §4.3)', () => {
  test.each([[null], [undefined], [7], ['x'], [[]], [[GOOD]]])('IT-12 refuses %p', (document) => {
    expect(() => readMetadata(document, { issuer: ISSUER, internal: false })).toThrow(invalid)
  })

  test.each<[unknown]>([
    [undefined],
    [null],
    [`${ISSUER}/`],
    [ISSUER.toUpperCase()],
    [[ISSUER]],
    ['https://evil.example'],
  ])('IT-12 refuses the issuer %p, and its hint names the setting', (issuer) => {
    expect(() => read({ issuer })).toThrow(
      expect.objectContaining({
        message: `the discovery document names another issuer than ${ISSUER}`,
        hint: expect.stringContaining('OIDC_ISSUER'),
      }),
    )
  })

  test.each(REQUIRED)('IT-12 refuses a document without %s', (name) => {
    for (const value of [undefined, null, 7, {}]) expect(() => read({ [name]: value })).toThrow(invalid)
  })

  test.each([...new Set([...FRONT, ...BACK])])(
    'IT-12 refuses a %s that is no address or on another plain-http origin',
    (name) => {
      for (const value of [
        '',
        'token',
        '//127.0.0.1:8080/x',
        'javascript:alert(1)',
        'ftp://127.0.0.1:8080/x',
        'http://evil.example/x',
        'http://127.0.0.1:8081/x',
        'http://localhost:8080/x',
        'http://127.0.0.1:8080@evil.example/x',
        7,
      ]) {
        expect(() => read({ [name]: value })).toThrow(invalid)
      }
    },
  )

  test.each(FRONT)(
    'IT-12 with an internal address refuses a %s outside the issuer’s origin, https, too',
    (name) => {
      for (const value of ['https://evil.example/x', 'http://127.0.0.1:8081/x'])
        expect(() => read({ [name]: value }, true)).toThrow(invalid)
    },
  )

  test.each(BACK)('IT-12 with an internal address refuses a %s that is not http(s), too', (name) => {
    for (const value of ['ftp://127.0.0.1/x', 'javascript:alert(1)', 'token', 7])
      expect(() => read({ [name]: value }, true)).toThrow(invalid)
  })

  test.each(BACK)('takes a %s on https elsewhere, and with an internal address one on any origin', (name) => {
    const elsewhere = 'https://www.example.com/x'
    expect(read({ [name]: elsewhere })).toMatchObject({ [name]: elsewhere })
    expect(read({ [name]: 'http://other.example/x' }, true)).toMatchObject({ issuer: ISSUER })
  })

  test.each(BACK)('IT-12 refuses an mTLS alias of %s as it refuses the endpoint', (name) => {
    for (const value of ['', 'token', 'http://evil.example/x', 'http://127.0.0.1:8081/x', 7])
      expect(() => read({ mtls_endpoint_aliases: { [name]: value } })).toThrow(invalid)
    const elsewhere = { [name]: 'https://mtls.example/x' }
    expect(read({ mtls_endpoint_aliases: elsewhere })).toMatchObject({ mtls_endpoint_aliases: elsewhere })
  })

  test('IT-12 refuses mTLS aliases that are no object, and leaves out those that are null', () => {
    for (const aliases of ['x', 7, [], ['https://mtls.example/x']])
      expect(() => read({ mtls_endpoint_aliases: aliases })).toThrow(invalid)
    expect(read({ mtls_endpoint_aliases: null })).toEqual(GOOD)
    expect(read({ mtls_endpoint_aliases: { token_endpoint: null } })).toEqual({
      ...GOOD,
      mtls_endpoint_aliases: {},
    })
  })

  test.each(BACK)('TK-06 where a proof must not go elsewhere, refuses a %s on another host', (name) => {
    const own = { issuer: ISSUER, internal: false, ownHost: true }
    for (const value of ['https://www.example.com/x', 'https://127.0.0.2/x', 'http://127.0.0.1:8081/x'])
      expect(() => readMetadata({ ...GOOD, [name]: value }, own)).toThrow(invalid)
    const tls = { ...GOOD, [name]: 'https://127.0.0.1:8443/x' }
    expect(readMetadata(tls, own)).toEqual(tls)
  })

  test('gives the document as it is', () => {
    expect(read({ something_new: [1] })).toEqual({ ...GOOD, something_new: [1] })
  })
})
