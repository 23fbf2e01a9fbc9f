import { beforeAll, describe, expect, test } from '@jest/globals'
import { importJWK, type CryptoKey } from 'jose'
import { createHash } from 'node:crypto'
import { verifyIdToken, type IdTokenExpectations } from '../../../src/login/id-token.js'
import { forge, headerOf } from '../../support/forging.js'
import { createSigningKey, type SigningKey } from '../../support/signing.js'

const NOW = 1_700_000_000
const ACCESS_TOKEN = 'the-access-token'
const GOOD = {
  iss: 'https://id.example',
  aud: 'us',
  sub: 'subject',
  nonce: 'nonce',
  iat: NOW,
  exp: NOW + 300,
}
const ALGORITHMS = ['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA']

const keys = new Map<string, { key: SigningKey; publicKey: CryptoKey }>()

beforeAll(async () => {
  for (const alg of ALGORITHMS) {
    const key = await createSigningKey(alg)
    keys.set(alg, { key, publicKey: (await importJWK(key.publicJwk)) as CryptoKey })
  }
})

async function verify(
  claims: object,
  {
    alg = 'ES256',
    header = {},
    ...expected
  }: { alg?: string; header?: object } & Partial<IdTokenExpectations> = {},
) {
  const found = keys.get(alg)
  if (found === undefined) throw new Error(`no key for ${alg}`)
  const token = forge(headerOf(found.key, header), { ...GOOD, ...claims }, found.key)
  return verifyIdToken(
    token,
    { nonce: 'nonce', accessToken: ACCESS_TOKEN, ...expected },
    {
      issuer: 'https://id.example',
      clientId: 'us',
      keys: { find: () => Promise.resolve(found.publicKey), findNewer: () => Promise.resolve(undefined) },
      clockTolerance: 30,
      now: () => NOW * 1000,
    },
  )
}
const fails = (verified: Promise<unknown>, check: string): Promise<void> =>
  expect(verified).rejects.toMatchObject({ name: 'JwtError', check })

describe('verifyIdToken (OpenID Connect Core §3.1.3.7)', () => {
  test.each<[string, object, string]>([
    ['IT-01 another issuer', { iss: 'https://id.example/' }, 'iss'],
    ['IT-02 another audience', { aud: 'them' }, 'aud'],
    ['IT-02 two audiences without azp', { aud: ['us', 'them'] }, 'azp'],
    ['IT-02 two audiences and the azp of the other', { aud: ['us', 'them'], azp: 'them' }, 'azp'],
    ['IT-02 one audience and the azp of another', { azp: 'them' }, 'azp'],
    ['IT-02 an azp that is a list', { azp: ['us'] }, 'azp'],
    ['IT-02 an azp that is null', { azp: null }, 'azp'],
    ['IT-03 no subject', { sub: undefined }, 'sub'],
    ['IT-03 a subject that is a number', { sub: 7 }, 'sub'],
    ['IT-04 an expired one', { exp: NOW - 31 }, 'exp'],
    ['IT-17 one from the future', { iat: NOW + 31 }, 'iat'],
    ['FL-07 no nonce', { nonce: undefined }, 'nonce'],
    ['FL-07 an empty nonce', { nonce: '' }, 'nonce'],
    ['FL-07 a nonce in another case', { nonce: 'Nonce' }, 'nonce'],
    ['FL-07 a longer nonce', { nonce: 'nonce1' }, 'nonce'],
    ['FL-07 a nonce in a list', { nonce: ['nonce'] }, 'nonce'],
    ['FL-07 a nonce that is null', { nonce: null }, 'nonce'],
    ['a logout token', { events: {} }, 'events'],
  ])('%s is refused', (_name, claims, check) => fails(verify(claims), check))

  test.each(['Bearer', 'bearer', 'DPoP', 'Refresh', 'Offline', 'Logout'])(
    'a token of the kind %s is refused',
    (typ) => fails(verify({ typ }), 'typ'),
  )

  test.each(['at+jwt', 'logout+jwt', 'dpop+jwt'])('a header of the type %s is refused', (typ) =>
    fails(verify({}, { header: { typ } }), 'typ'),
  )

  test.each<[string, object]>([
    ['the azp of ours', { azp: 'us' }],
    ['two audiences and our azp', { aud: ['them', 'us'], azp: 'us' }],
    ['the kind ID', { typ: 'ID' }],
    ['a kind that is no text', { typ: 7 }],
  ])('one with %s is accepted', async (_name, claims) => {
    expect(await verify(claims)).toMatchObject({ sub: 'subject' })
  })
})

describe('at_hash (OpenID Connect Core §3.1.3.6)', () => {
  const half = (alg: string, token = ACCESS_TOKEN): string => {
    const bits = alg === 'EdDSA' ? '512' : alg.slice(-3)
    const hash = createHash(`sha${bits}`).update(token).digest()
    return hash.subarray(0, hash.length / 2).toString('base64url')
  }

  test.each(ALGORITHMS)(
    'IT-16 under %s: of another token, by another hash, cut, padded, no text: refused',
    async (alg) => {
      const other = alg.endsWith('256') ? 'ES512' : 'ES256'
      for (const value of [
        half(alg, 'other'),
        half(other),
        half(alg).slice(0, -1),
        `${half(alg)}=`,
        '',
        7,
        null,
        [half(alg)],
      ])
        await fails(verify({ at_hash: value }, { alg }), 'at_hash')
      await expect(verify({ at_hash: half(alg) }, { alg })).resolves.toMatchObject({ sub: 'subject' })
    },
  )
})

describe('auth_time and max_age (OpenID Connect Core §3.1.3.7 (13))', () => {
  test.each<[string, unknown]>([
    ['absent', undefined],
    ['a text', String(NOW)],
    ['null', null],
    ['ahead of our clock', NOW + 31],
    ['too long ago', NOW - 60 - 31],
  ])('an auth_time that is %s is refused', (_name, authTime) =>
    fails(verify({ auth_time: authTime }, { maxAge: 60 }), 'auth_time'),
  )

  test.each([NOW + 30, NOW, NOW - 60, NOW - 90])('the auth_time %p is accepted', async (authTime) => {
    await expect(verify({ auth_time: authTime }, { maxAge: 60 })).resolves.toBeDefined()
  })

  test('a max_age of 0 asks for an authentication just now', async () => {
    await fails(verify({ auth_time: NOW - 31 }, { maxAge: 0 }), 'auth_time')
    await expect(verify({ auth_time: NOW - 1 }, { maxAge: 0 })).resolves.toBeDefined()
  })

  test('without max_age it is not asked for', async () => {
    await expect(verify({ auth_time: 'x' })).resolves.toBeDefined()
  })
})
