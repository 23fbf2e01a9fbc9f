import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import express from 'express'
import type { RequestListener } from 'node:http'
import type { Services } from '../../src/app.js'
import { AUDIENCE, client, expectDocumented, MistakesRealm, Scene } from '../support/mistakes.js'
import { issuerOf, realKeycloak, tokenOf } from '../support/real-keycloak.js'
import type { Answer } from '../support/test-app.js'

jest.setTimeout(60_000)

/** Mistakes with tokens, each made for real. */
describe('mistakes about tokens', () => {
  let realm: MistakesRealm
  const directAccess = { directAccessGrantsEnabled: true }

  beforeAll(async () => {
    realm = await MistakesRealm.create('mistakes-token', [
      client('good', directAccess),
      client('no-mapper', { ...directAccess, protocolMappers: undefined }),
      client('console-default'),
      client('no-full-scope', { ...directAccess, fullScopeAllowed: false }),
    ])
  })
  afterAll(() => realm.remove())

  const play = (options: object, run: (scene: Scene) => Promise<void>): Promise<void> =>
    Scene.play({ issuer: realm.issuer, clientId: 'good', ...options }, run)

  const expectInvalidToken = (answer: Answer): void => {
    expect([answer.status, answer.json()]).toEqual([
      401,
      { error: 'invalid_token', error_description: 'The token is not valid here' },
    ])
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
  }

  test('mistake 00 no mistake: a token by password is taken', () =>
    play({}, async (scene) => {
      const { access_token: token } = await realm.token('good')
      expect((await scene.call(token)).status).toBe(200)
      expect(scene.app.log.filter(({ hint }) => hint !== undefined)).toEqual([])
    }))

  test('mistake 04 C001-05 audience mapper missing', () =>
    play({}, async (scene) => {
      const { access_token: token } = await realm.token('no-mapper')
      expectInvalidToken(await scene.call(token))
      expect(await scene.line('invalid_token')).toMatchObject({
        level: 'warn',
        reason: `the token failed a check (aud: not meant for ${AUDIENCE})`,
        hint: `tokens of no-mapper do not name ${AUDIENCE}: Clients → no-mapper → Client scopes → no-mapper-dedicated → Add mapper → Audience → Included Client Audience: ${AUDIENCE}, Add to access token On`,
      })
    }))

  test('mistake 10 Direct access grants off: what Keycloak answers to a program', async () => {
    expect(await realm.token('console-default')).toEqual({
      status: 400,
      error: 'unauthorized_client',
      error_description: 'Client not allowed for direct access grants',
    })
    expectDocumented('Client not allowed for direct access grants')
    await realm.change('clients', 'clientId=console-default', directAccess)
    expect(await realm.token('console-default')).toMatchObject({ status: 200 })
  })

  test('mistake 11 account not fully set up: what Keycloak answers to a program, and shows to a person', async () => {
    expect(await realm.token('good', 'hal')).toEqual({
      status: 400,
      error: 'invalid_grant',
      error_description: 'Account is not fully set up',
    })
    expectDocumented('Account is not fully set up')
    await play({}, async (scene) => {
      const form = await scene.pageOfKeycloak()
      const page = await scene.visitor.submit(
        { ...form, url: new URL(realm.issuer) },
        { username: 'hal', password: 'hal-password' },
      )
      expect(page).toMatchObject({ status: 200, html: expect.stringContaining('Update Account Information') })
    })
    await realm.change('users', 'username=hal', {
      email: 'hal@example.test',
      firstName: 'Hal',
      lastName: 'Example',
    })
    expect(await realm.token('good', 'hal')).toMatchObject({ status: 200 })
    await realm.change('users', 'username=hal', { requiredActions: ['UPDATE_PASSWORD'] })
    expect(await realm.token('good', 'hal')).toMatchObject({
      error_description: 'Account is not fully set up',
    })
  })

  test('mistake 17 C003-06 an ID token, or a refresh token, is sent to the API', () =>
    play({}, async (scene) => {
      const tokens = await realm.token('good')
      expectInvalidToken(await scene.call(tokens.id_token))
      expect(await scene.line('invalid_token')).toMatchObject({
        hint: 'this is an ID token: it tells a client who signed in; the API takes the access_token of the same answer',
      })
      scene.app.log.length = 0
      expectInvalidToken(await scene.call(tokens.refresh_token))
      expect(await scene.line('invalid_token')).toMatchObject({
        reason: 'the token failed a check (alg: algorithm not accepted)',
        hint: expect.stringContaining('refresh tokens'),
      })
    }))

  test('mistake 17 an ID token for a client that is the audience of the API, too', () =>
    play({ apiAudience: 'good' }, async (scene) => {
      const { id_token: token } = await realm.token('good')
      expectInvalidToken(await scene.call(token))
      expect(await scene.line('invalid_token')).toMatchObject({
        reason: 'the token failed a check (typ: an ID token)',
        hint: expect.stringContaining('this is an ID token'),
      })
    }))

  test('mistake 18 a token of another realm', () =>
    play({}, async (scene) => {
      const { access_token: token } = await tokenOf('alice')
      expectInvalidToken(await scene.call(token))
      expect(await scene.line('invalid_token')).toMatchObject({
        reason: 'the token failed a check (kid: the issuer has no such key)',
        hint: `OIDC_ISSUER is ${realm.issuer}: is this a token of another realm or server?`,
      })
      expect(JSON.stringify(scene.app.log)).not.toContain(issuerOf())
    }))

  test('mistake 18 OIDC_ISSUER with a slash at the end', () =>
    play({ issuer: `${realm.issuer}/` }, async (scene) => {
      const { access_token: token } = await realm.token('good')
      const answer = await scene.call(token)
      expect([answer.status, answer.json()]).toEqual([
        503,
        expect.objectContaining({ error: 'provider_metadata_invalid' }),
      ])
      expect(scene.app.log.find(({ issuer }) => issuer !== undefined)).toMatchObject({
        code: 'provider_metadata_invalid',
        issuer: `${realm.issuer}/`,
        hint: 'the issuer (OIDC_ISSUER) must be exactly as the discovery document gives it; they differ in a slash at the end',
      })
    }))

  test('mistake 18 a token that the server issued under another name', async () => {
    const { access_token: before } = await realm.token('good')
    const { url } = realKeycloak()
    await realm.setFrontendUrl('http://keycloak.example.test:8080')
    try {
      const issuer = realm.at('http://keycloak.example.test:8080')
      await play({ issuer, internalUrl: url }, async (scene) => {
        expectInvalidToken(await scene.call(before))
        expect(await scene.line('invalid_token')).toMatchObject({
          reason: 'the token failed a check (iss: another issuer)',
          hint: `the token's iss is not OIDC_ISSUER, ${issuer}: they differ in host name, port`,
        })
        const { access_token: after } = await realm.token('good')
        expect((await scene.call(after)).status).toBe(200)
      })
    } finally {
      await realm.setFrontendUrl('')
    }
  })

  test('mistake 19 a role is expected that the token does not carry', () => {
    const makeApp = ({ requireBearer }: Services): RequestListener =>
      express().get('/edit', requireBearer({ realmRole: ['editor'] }), (_req, res) => {
        res.json({ ok: true })
      })
    return play({ makeApp }, async (scene) => {
      const edit = async (clientId: string, person: string): Promise<Answer> =>
        scene.call((await realm.token(clientId, person)).access_token, '/edit')
      expect((await edit('good', 'ed')).status).toBe(200)
      // Ann is no editor; Ed is one, but tokens of this client do not say so.
      for (const answer of [await edit('good', 'ann'), await edit('no-full-scope', 'ed')]) {
        expect([answer.status, answer.json()]).toEqual([
          403,
          { error: 'insufficient_scope', error_description: 'The token does not allow this' },
        ])
      }
      const lines = scene.app.log.filter(({ code }) => code === 'insufficient_scope')
      expect(lines.map(({ reason }) => reason)).toEqual(
        Array.from({ length: 2 }, () => expect.stringContaining('lacks realm role editor')),
      )
    })
  })
})
