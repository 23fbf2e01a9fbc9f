import { beforeAll, describe, expect, test } from '@jest/globals'
import { importJWK, type CryptoKey } from 'jose'
import { ProviderError } from '../../../src/provider/errors.js'
import { audiences, verifyJwt, type JwtExpectations } from '../../../src/provider/jwt.js'
import type { Keys } from '../../../src/provider/keys.js'
import { encode, forge, headerOf } from '../../support/forging.js'
import { createSigningKey, type SigningKey } from '../../support/signing.js'

const NOW = 1_700_000_000
const expected: JwtExpectations = {
  issuer: 'https://id.example',
  audience: 'us',
  types: ['', 'jwt'],
  clockTolerance: 30,
  now: () => NOW * 1000,
}
const GOOD = { iss: 'https://id.example', aud: 'us', sub: 'x', iat: NOW, exp: NOW + 300 }

let key: SigningKey
let keys: Keys
/** What the verifier asked for. */
let asked: object[]

beforeAll(async () => {
  key = await createSigningKey('ES256', 'ours')
  const publicKey = (await importJWK(key.publicJwk)) as CryptoKey
  keys = {
    find(header) {
      asked.push(header)
      return Promise.resolve(header.kid === 'ours' ? publicKey : undefined)
    },
    findNewer: () => Promise.resolve(undefined),
  }
})

function verify(claims: object, header: object = {}): ReturnType<typeof verifyJwt> {
  asked = []
  return verifyJwt(forge(headerOf(key, header), { ...GOOD, ...claims }, key), keys, expected)
}
const fails = (verified: Promise<unknown>, check: string): Promise<void> =>
  expect(verified).rejects.toMatchObject({ name: 'JwtError', check })

describe('verifyJwt: before any key is asked for (RFC 8725 §3)', () => {
  test.each<[string, () => string, string]>([
    ['two parts', () => 'a.b', 'form'],
    ['a character outside base64url', () => `${forge(headerOf(key), GOOD, key)}=`, 'form'],
    ['stray bits', () => 'QQ.QQ.QR', 'form'],
    ['a lone character', () => 'AAAA.AAAA.AAAAA', 'form'],
    ['a header that is no JSON', () => forge('{', GOOD, key), 'form'],
    ['a header that is a list', () => forge('[]', GOOD, key), 'form'],
    ['crit', () => forge(headerOf(key, { crit: ['exp'] }), GOOD, key), 'crit'],
    ['b64', () => forge(headerOf(key, { b64: true }), GOOD, key), 'crit'],
    ['another type', () => forge(headerOf(key, { typ: 'at+jwt' }), GOOD, key), 'typ'],
    ['a type that is no text', () => forge(headerOf(key, { typ: ['JWT'] }), GOOD, key), 'typ'],
    ['no algorithm', () => forge({ typ: 'JWT' }, GOOD, key), 'alg'],
    ['alg none', () => `${encode({ alg: 'none' })}.${encode(GOOD)}.AA`, 'alg'],
    ['an HMAC', () => forge(headerOf(key, { alg: 'HS256' }), GOOD, key, 'ES256'), 'alg'],
    ['alg __proto__', () => forge('{"alg":"__proto__"}', GOOD, key), 'alg'],
    ['a kid that is no text', () => forge(headerOf(key, { kid: 7 }), GOOD, key), 'kid'],
  ])('JW-10 JW-12 refuses %s', async (_name, token, check) => {
    asked = []
    await fails(verifyJwt(token(), keys, expected), check)
    expect(asked).toEqual([])
  })
})

describe('verifyJwt: key and signature', () => {
  test('JW-04 asks for the key by algorithm and kid alone', async () => {
    await verify({}, { jku: 'https://evil.example', jwk: key.publicJwk, x5u: 'https://evil.example' })
    expect(asked).toEqual([{ alg: 'ES256', kid: 'ours' }])
  })

  test('JW-10 refuses an unknown key', () => fails(verify({}, { kid: 'other' }), 'kid'))

  test('JW-01 refuses another signature', async () => {
    const [header, , signature] = forge(headerOf(key), GOOD, key).split('.')
    await fails(
      verifyJwt(`${header ?? ''}.${encode({ ...GOOD, sub: 'y' })}.${signature ?? ''}`, keys, expected),
      'signature',
    )
  })

  test('RE-19 what keys throw passes through', async () => {
    const away: Keys = {
      find: () => Promise.reject(new ProviderError('provider_unavailable', 'away')),
      findNewer: () => Promise.resolve(undefined),
    }
    await expect(verifyJwt(forge(headerOf(key), GOOD, key), away, expected)).rejects.toThrow(ProviderError)
  })
})

describe('verifyJwt: claims', () => {
  test.each<[string, object, string]>([
    ['another issuer', { iss: 'https://id.example/' }, 'iss'],
    ['no issuer', { iss: undefined }, 'iss'],
    ['another audience', { aud: 'them' }, 'aud'],
    ['no audience', { aud: undefined }, 'aud'],
    ['ours beside something that is no text', { aud: ['us', 7] }, 'aud'],
    ['an empty subject', { sub: '' }, 'sub'],
    ['a long subject', { sub: 'x'.repeat(256) }, 'sub'],
    ['a subject that is null', { sub: null }, 'sub'],
    ['no exp', { exp: undefined }, 'exp'],
    ['exp at the tolerance', { exp: NOW - 30 }, 'exp'],
    ['exp after the year 9999', { exp: 253_402_300_800 }, 'exp'],
    ['no iat', { iat: undefined }, 'iat'],
    ['iat beyond the tolerance', { iat: NOW + 31 }, 'iat'],
    ['nbf beyond the tolerance', { nbf: NOW + 31 }, 'nbf'],
    ['nbf as text', { nbf: '0' }, 'nbf'],
  ])('refuses %s', (_name, claims, check) => fails(verify(claims), check))

  test.each<[string, object]>([
    ['no subject', { sub: undefined }],
    ['a subject of 255 characters', { sub: 'x'.repeat(255) }],
    ['exp just inside the tolerance', { exp: NOW - 29 }],
    ['iat and nbf at the tolerance', { iat: NOW + 30, nbf: NOW + 30 }],
    ['fractions of a second', { exp: NOW + 0.5, iat: NOW - 0.5 }],
    ['exp at the end of the year 9999', { exp: 253_402_300_799 }],
    ['ours among others', { aud: ['them', 'us'] }],
  ])('P-17 accepts %s', async (_name, claims) => {
    const { claims: given } = await verify(claims)
    expect(given).toEqual(JSON.parse(JSON.stringify({ ...GOOD, ...claims })))
  })

  test.each(['jwt', 'JWT', 'application/jwt', 'Application/JWT', undefined])(
    'JW-13 accepts the type %p',
    async (typ) => {
      expect((await verify({}, { typ })).header).toMatchObject({ alg: 'ES256' })
    },
  )
})

describe('audiences (RFC 7519 §4.1.3)', () => {
  test.each<[unknown, string[]]>([
    ['a', ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[], []],
    [['a', 7], []],
    [[['a']], []],
    [{ a: 1 }, []],
    [null, []],
    [undefined, []],
  ])('JW-06 of %p are %p', (aud, list) => {
    expect(audiences(aud)).toEqual(list)
  })
})
