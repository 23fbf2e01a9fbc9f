import { beforeAll, describe, expect, test } from '@jest/globals'
import { importJWK, type CryptoKey } from 'jose'
import { verifyLogoutToken, type LogoutToken } from '../../../src/login/logout-token.js'
import { ProviderError } from '../../../src/provider/errors.js'
import { forge, headerOf } from '../../support/forging.js'
import { createSigningKey, type SigningKey } from '../../support/signing.js'

const NOW = 1_700_000_000
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const GOOD = {
  iss: 'https://id.example',
  aud: 'us',
  iat: NOW,
  exp: NOW + 120,
  jti: 'jti',
  typ: 'Logout',
  events: { [EVENT]: {} },
  sid: 'sid',
  sub: 'subject',
}

let key: SigningKey
let publicKey: CryptoKey

beforeAll(async () => {
  key = await createSigningKey('ES256')
  publicKey = (await importJWK(key.publicJwk)) as CryptoKey
})

function verify(
  claims: object,
  header: object = {},
  find = (): Promise<CryptoKey | undefined> => Promise.resolve(publicKey),
): Promise<LogoutToken> {
  return verifyLogoutToken(
    forge(headerOf(key, { typ: 'logout+jwt', ...header }), { ...GOOD, ...claims }, key),
    {
      issuer: 'https://id.example',
      clientId: 'us',
      keys: { find, findNewer: () => Promise.resolve(undefined) },
      clockTolerance: 30,
      now: () => NOW * 1000,
    },
  )
}
const fails = (verified: Promise<unknown>, check: string): Promise<void> =>
  expect(verified).rejects.toMatchObject({ name: 'JwtError', check })

describe('verifyLogoutToken (Back-Channel Logout 1.0 §2.6)', () => {
  test.each<[string, object, string]>([
    ['no events', { events: undefined }, 'events'],
    ['an event that is inherited', { events: { other: {} } }, 'events'],
    ['an event that is no object', { events: { [EVENT]: 'x' } }, 'events'],
    ['a nonce', { nonce: 'n' }, 'nonce'],
    ['a nonce that is null', { nonce: null }, 'nonce'],
    ['another issuer', { iss: 'https://id.example/' }, 'iss'],
    ['another audience', { aud: ['them'] }, 'aud'],
    ['no jti', { jti: undefined }, 'jti'],
    ['an empty jti', { jti: '' }, 'jti'],
    ['no iat', { iat: undefined }, 'iat'],
    ['an iat too long ago', { iat: NOW - 331 }, 'iat'],
    ['an iat in the future', { iat: NOW + 31 }, 'iat'],
    ['an exp that is over', { exp: NOW - 30 }, 'exp'],
    ['nobody', { sid: undefined, sub: undefined }, 'sub'],
    ['an empty sub', { sub: '' }, 'sub'],
    ['a sid that is a number', { sid: 7 }, 'sid'],
    ['an empty sid beside a sub', { sid: '' }, 'sid'],
    ['the kind ID', { typ: 'ID' }, 'typ'],
    ['a kind that is null', { typ: null }, 'typ'],
  ])('%s is refused', (_name, claims, check) => fails(verify(claims), check))

  test.each(['JWT', 'at+jwt', 'dpop+jwt'])('BL-08 a header of the type %s is refused', (typ) =>
    fails(verify({}, { typ }), 'typ'),
  )

  test.each<[string, object, object]>([
    ['all it may have', {}, {}],
    ['no header typ', {}, { typ: undefined }],
    ['no kind', { typ: undefined }, {}],
    ['something in the event', { events: { [EVENT]: { x: 1 }, other: 1 } }, {}],
    ['several audiences', { aud: ['them', 'us'] }, {}],
    ['an iat just within the age', { iat: NOW - 330 }, {}],
    ['an exp just within the tolerance', { exp: NOW - 29 }, {}],
  ])('with %s it is accepted', async (_name, claims, header) => {
    const exp = 'exp' in claims ? claims.exp : GOOD.exp
    const iat = 'iat' in claims ? claims.iat : GOOD.iat
    expect(await verify(claims, header)).toEqual({ jti: 'jti', iat, exp, sid: 'sid', sub: 'subject' })
  })

  test('a session without a person, and a person without a session', async () => {
    expect(await verify({ sub: undefined })).toMatchObject({ sid: 'sid', sub: undefined })
    expect(await verify({ sid: undefined })).toMatchObject({ sid: undefined, sub: 'subject' })
  })

  test('without a key to judge by it says so, and nothing about the token', async () => {
    const away = new ProviderError('provider_unavailable', 'away')
    await expect(verify({}, {}, () => Promise.reject(away))).rejects.toBe(away)
    await fails(
      verify({}, {}, () => Promise.resolve(undefined)),
      'kid',
    )
  })
})
