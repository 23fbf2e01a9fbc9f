import { describe, expect, test } from '@jest/globals'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { readClientKeys } from '../../../src/provider/client-keys.js'
import { CredentialError } from '../../../src/provider/credential-file.js'
import { ecKey, jwk, pem, rsaKey } from '../../support/client-files.js'

const RSA = rsaKey()
const EC = ecKey()
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']
const KIND = 'holds a key of another kind than RSA (2048 bits or more) and EC (P-256, P-384, P-521)'

function reasonOf(content: string): string {
  try {
    readClientKeys(content)
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    expect(error.member).toBe('clientKeyFile')
    return error.message
  }
  throw new Error('it was taken')
}
const set = (...keys: object[]): string => JSON.stringify({ keys })
const encrypted = (type: 'pkcs8' | 'pkcs1'): string =>
  RSA.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
const publicPem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString()
const ed25519 = generateKeyPairSync('ed25519').privateKey

describe('TK-07 readClientKeys refuses', () => {
  test.each<[what: string, content: string, reason: string]>([
    ['nothing', ' \n', 'names an empty file'],
    ['a text', 'a secret', 'holds no private key in PEM'],
    ['a public key', publicPem, 'holds no private key in PEM'],
    ['a PEM that is cut', pem(EC).replace(/[\w+/]{20}\n/, '\n'), 'holds a private key that cannot be read'],
    [
      'PKCS#8 with a passphrase',
      encrypted('pkcs8'),
      'holds a key that is encrypted; a passphrase cannot be given',
    ],
    [
      'PKCS#1 with a passphrase',
      encrypted('pkcs1'),
      'holds a key that is encrypted; a passphrase cannot be given',
    ],
    ['a short RSA key', pem(rsaKey(1024)), KIND],
    ['another curve', pem(ecKey('secp256k1')), KIND],
    ['Ed25519', pem(ed25519), KIND],
    ['a good key, then Ed25519', pem(EC) + pem(ed25519), KIND],
    ['a JWK of Ed25519', JSON.stringify(jwk(ed25519)), KIND],
    ['a shared secret', JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' }), KIND],
    ['JSON that is cut', '{"kty":"EC","d":"c2VjcmV0', 'is neither PEM nor JSON'],
    ['an empty JWK Set', set(), 'holds a JWK Set without a key'],
    ['a JWK Set of texts', '{"keys":["x"]}', 'is JSON, but neither a JWK nor a JWK Set'],
    ['a public JWK', JSON.stringify({ ...jwk(EC), d: undefined }), 'holds a key that is not private'],
    [
      'a JWK with half of a key',
      JSON.stringify({ ...jwk(EC), x: 'AA' }),
      'holds a private key that cannot be read',
    ],
    [
      'a JWK for encryption',
      JSON.stringify(jwk(EC, { use: 'enc' })),
      'holds a key that is not for signatures',
    ],
    ['a kid that is a number', JSON.stringify(jwk(EC, { kid: 7 })), 'holds a key whose kid is not a text'],
    [
      'RSA with an alg of EC',
      JSON.stringify(jwk(RSA, { alg: 'ES256' })),
      'holds an RSA key whose alg is not one of RSA signatures',
    ],
    [
      'RSA with HS256',
      JSON.stringify(jwk(RSA, { alg: 'HS256' })),
      'holds an RSA key whose alg is not one of RSA signatures',
    ],
    [
      'EC with the alg of another curve',
      JSON.stringify(jwk(EC, { alg: 'ES384' })),
      'holds an EC key whose alg does not fit its curve',
    ],
    [
      'one kid for two keys',
      set(jwk(EC, { kid: 'a' }), jwk(ecKey(), { kid: 'a' })),
      'holds two keys with one kid',
    ],
  ])('%s', (_what, content, reason) => {
    expect(reasonOf(content)).toBe(reason)
  })
})

describe('TK-06 TK-07 readClientKeys', () => {
  test.each<[form: string, key: KeyObject, content: (key: KeyObject) => string, alg: string]>([
    ['RSA in PKCS#8', RSA, (key) => pem(key), 'RS256'],
    ['RSA in PKCS#1', RSA, (key) => pem(key, 'pkcs1'), 'RS256'],
    ['RSA in a JWK', RSA, (key) => JSON.stringify(jwk(key)), 'RS256'],
    ['RSA in a JWK with an alg', RSA, (key) => JSON.stringify(jwk(key, { alg: 'PS384' })), 'PS384'],
    ['P-256 in PKCS#8', EC, (key) => pem(key), 'ES256'],
    ['P-256 in SEC1', EC, (key) => pem(key, 'sec1'), 'ES256'],
    ['P-384', ecKey('P-384'), (key) => pem(key), 'ES384'],
    ['P-521 in a JWK Set', ecKey('P-521'), (key) => set(jwk(key)), 'ES512'],
  ])('takes %s', async (_form, key, content, alg) => {
    const [found, ...more] = readClientKeys(content(key))
    expect(more).toEqual([])
    expect(found?.alg).toBe(alg)
    expect(found?.kid).toBe(await calculateJwkThumbprint(jwk(key)))
    expect(found?.publicJwk).toMatchObject({ kid: found?.kid, alg, use: 'sig', kty: jwk(key).kty })
    for (const member of PRIVATE) expect(found?.publicJwk).not.toHaveProperty(member)
    await expect(found?.forSigning()).resolves.toMatchObject({ type: 'private', usages: ['sign'] })
  })

  test('takes several PEM blocks in their order, once each, and leaves out what is no private key', () => {
    const text = `Bag Attributes\n${publicPem}${pem(EC, 'sec1')}\r\n${pem(RSA)}${pem(EC)}`
    expect(readClientKeys(text).map(({ alg }) => alg)).toEqual(['ES256', 'RS256'])
  })

  test('keeps the kid of a JWK, and no other member of it', () => {
    const [key] = readClientKeys(
      JSON.stringify(jwk(RSA, { kid: 'one', use: 'sig', x5u: 'https://a.example', note: 'x' })),
    )
    expect(key?.kid).toBe('one')
    expect(Object.keys(key?.publicJwk ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  test('says nothing of what it refuses', () => {
    expect(reasonOf('{"kty":"EC","d":"c2VjcmV0')).not.toContain('c2VjcmV0')
  })
})
