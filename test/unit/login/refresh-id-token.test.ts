import { describe, expect, test } from '@jest/globals'
import { createHash, randomUUID } from 'node:crypto'
import { CLIENT_ID } from '../../support/scripted-provider.js'
import { createSigningKey, sign } from '../../support/signing.js'
import { fails, login, NOW, PERSON, renew, renewed, saying, server } from './grant-bench.js'

/** A fault of the provider: the session stays, and its tokens, too. */
const NOT_BELIEVED = { unjudged: { error: { code: 'token_response_invalid' } } }

describe('the ID token of a refresh (OpenID Connect Core §12.2)', () => {
  test.each<[string, Record<string, unknown>]>([
    ['another sub', { sub: 'somebody-else' }],
    ['the sub in another case', { sub: 'Person' }],
    ['an empty sub', { sub: '' }],
    ['another iss', { iss: 'http://id.example/realms/demo' }],
    ['another aud', { aud: 'another-client' }],
    ['two aud and no azp', { aud: [CLIENT_ID, 'another-client'], azp: undefined }],
    ['the azp of another', { azp: 'another-client' }],
    ['another nonce', { nonce: 'another-nonce' }],
    ['an empty nonce', { nonce: '' }],
    ['a nonce that is null', { nonce: null }],
  ])('RF-05 with %s ends the login', async (_name, claims) => {
    saying(claims)
    await fails(renew(), 'id_token_invalid')
  })

  test('RF-05 with the issuer that has a slash more ends the login', async () => {
    saying({ iss: `${server.issuer}/` })
    await fails(renew(), 'id_token_invalid')
  })

  test('RF-05 with a nonce, where the first had none, ends the login', async () => {
    saying({ nonce: 'the-nonce' })
    await fails(renew(await login({ nonce: undefined })), 'id_token_invalid')
  })

  test('RF-05 signed by a key that is not published, under a known name, is not believed and ends no login', async () => {
    const stranger = await createSigningKey('RS256', server.key.kid)
    server.onIdToken = (draft) => ({ ...draft, key: stranger })
    expect(await renew()).toMatchObject(NOT_BELIEVED)
  })

  test.each<[string, (token: string) => string]>([
    ['unsigned', (token) => `${token.split('.').slice(0, 2).join('.')}.`],
    ['with changed claims', (token) => token.replace(/\.[^.]+\./, (part) => `${part.slice(0, -3)}AA.`)],
    ['in two parts', (token) => token.split('.').slice(0, 2).join('.')],
  ])('RF-05 %s it is not believed and ends no login', async (_name, change) => {
    server.onIdToken = async ({ claims, key, header }) => change(await sign(claims, key, header))
    const renewal = await renew().catch((error: unknown) => ({ unjudged: { error } }))
    expect(renewal).toMatchObject(NOT_BELIEVED)
  })

  test.each<[string, Record<string, unknown>]>([
    ['no sub', { sub: undefined }],
    ['no iss', { iss: undefined }],
    ['no aud', { aud: undefined }],
    ['an at_hash that is empty', { at_hash: '' }],
    ['an end that is past', { exp: NOW - 60 }],
    ['a beginning that is to come', { iat: NOW + 3600 }],
    ['the form of a logout token', { events: {} }],
    ['another purpose', { typ: 'Bearer' }],
    [
      'the at_hash of another access token',
      { at_hash: createHash('sha256').update('other').digest('base64url') },
    ],
  ])('P-9 with %s it is not believed and ends no login', async (_name, claims) => {
    saying(claims)
    const renewal = await renew().catch((error: unknown) => ({ unjudged: { error } }))
    expect(renewal).toMatchObject(NOT_BELIEVED)
  })

  test.each<[string, Record<string, unknown>]>([
    ['an end that is past', { exp: NOW - 60 }],
    ['a beginning that is to come', { iat: NOW + 3600 }],
    ['an at_hash that is empty', { at_hash: '' }],
  ])('P-9 with %s the refresh token that came along is not lost', async (_name, claims) => {
    saying(claims)
    const next = randomUUID()
    server.onTokenResponse = (body) => ({ ...body, refresh_token: next })
    expect(await renew()).toMatchObject({ unjudged: { refreshToken: next } })
  })

  test('RF-05 the error names the check and holds nothing of the token', async () => {
    saying({ sub: 'somebody-else' })
    await expect(renew()).rejects.toMatchObject({
      message: 'the refreshed ID token failed a check (sub: another person)',
    })
  })

  test.each<[string, Record<string, unknown>]>([
    ['without a nonce', { nonce: undefined }],
    ['with the nonce of the first', { nonce: 'the-nonce' }],
    ['without at_hash', { at_hash: undefined }],
    ['with two aud and our azp', { aud: ['another-client', CLIENT_ID] }],
  ])('%s it is taken', async (_name, claims) => {
    saying(claims)
    expect((await renewed()).claims).toMatchObject({ sub: PERSON.sub, nonce: 'the-nonce' })
  })
})
