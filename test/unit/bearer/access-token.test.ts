import { beforeAll, describe, expect, test } from '@jest/globals'
import { importJWK, type CryptoKey } from 'jose'
import { createAccessTokenVerifier, type AccessTokenVerifier } from '../../../src/bearer/access-token.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { forge, headerOf } from '../../support/forging.js'
import { createSigningKey, type SigningKey } from '../../support/signing.js'

const NOW = 1_700_000_000
const GOOD = {
  iss: 'https://id.example',
  aud: ['api'],
  sub: 'subject',
  typ: 'Bearer',
  iat: NOW,
  exp: NOW + 300,
}

let key: SigningKey
let verifier: AccessTokenVerifier
const options = { issuer: 'https://id.example', clockTolerance: 30, now: () => NOW * 1000 }

beforeAll(async () => {
  key = await createSigningKey('ES256')
  const publicKey = (await importJWK(key.publicJwk)) as CryptoKey
  verifier = createAccessTokenVerifier({
    ...options,
    keys: { find: () => Promise.resolve(publicKey), findNewer: () => Promise.resolve(undefined) },
  })
})

const verify = (claims: object, header: object = {}) =>
  verifier.verify(forge(headerOf(key, header), { ...GOOD, ...claims }, key), 'api')
const invalid = { code: 'invalid_token', status: 401 }

describe('createAccessTokenVerifier (RFC 9068 §4)', () => {
  test.each<[string, object, object?]>([
    ['a refresh token', { typ: 'Refresh' }],
    ['an ID token by its typ', { typ: 'ID' }],
    ['an ID token by its nonce', { typ: undefined, nonce: 'x' }],
    ['an ID token by its at_hash', { typ: undefined, at_hash: 'x' }],
    ['a logout token', { events: {} }],
    ['a logout token in the clothes of an access token', { events: {} }, { typ: 'at+jwt' }],
    ['a token that is bound to a key', { cnf: { jkt: 'x' } }],
    ['a token bound to null', { cnf: null }],
    ['no subject', { sub: undefined }],
    ['a header of another kind', {}, { typ: 'logout+jwt' }],
    ['another audience', { aud: 'other' }],
  ])('JW-14 refuses %s', async (...[, claims, header]) => {
    await expect(verify(claims, header)).rejects.toMatchObject(invalid)
  })

  test('JW-06 gives the hint for another audience, and the check in the message', async () => {
    await expect(verify({ aud: 'other', azp: 'frontend' })).rejects.toMatchObject({
      message: 'the token failed a check (aud: not meant for api)',
      hint: expect.stringContaining('frontend-dedicated'),
    })
    await expect(verify({ sub: 7 })).rejects.toMatchObject({
      message: 'the token failed a check (sub: not a usable subject)',
      hint: undefined,
    })
  })

  test('RE-19 what keys throw passes through', async () => {
    const away = createAccessTokenVerifier({
      ...options,
      keys: {
        find: () => Promise.reject(new ProviderError('provider_keys_unusable', 'none')),
        findNewer: () => Promise.resolve(undefined),
      },
    })
    await expect(away.verify(forge(headerOf(key), GOOD, key), 'api')).rejects.toThrow(ProviderError)
  })

  test.each<[string, object, object?]>([
    ['without typ', { typ: undefined }],
    ['with a nonce, when it says what it is', { nonce: 'x', at_hash: 'y' }],
    [
      'with a nonce, when its header says what it is',
      { typ: undefined, nonce: 'x' },
      { typ: 'application/AT+JWT' },
    ],
  ])('JW-13 accepts one %s', async (...[, claims, header]) => {
    expect(await verify(claims, header)).toMatchObject({ subject: 'subject', via: 'bearer' })
  })

  test('gives who is calling', async () => {
    const auth = await verify({
      scope: 'openid  a b ',
      preferred_username: 'user',
      name: ' ',
      email: 7,
      realm_access: { roles: ['r'] },
    })
    expect(auth).toMatchObject({ name: 'user', username: 'user', email: undefined, roles: { realm: ['r'] } })
    expect([...auth.scope]).toEqual(['openid', 'a', 'b'])
    expect(auth.expiresAt).toEqual(new Date((NOW + 300) * 1000))
  })

  test.each<[unknown]>([[undefined], [null], [7], [['a']], [{ a: 1 }], ['']])(
    'BT-06 scope %p is none',
    async (scope) => {
      expect((await verify({ scope })).scope.size).toBe(0)
    },
  )
})
