import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLatchkey, createServer } from '../../src/latchkey.js'
import { silentLog } from '../../src/log.js'
import { admin, issuerOf, realKeycloak, requestToken, tokenOf } from '../support/real-keycloak.js'
import { startRealApp } from '../support/real-app.js'
import type { TestApp } from '../support/test-app.js'

describe('tokens of a real Keycloak at the API', () => {
  let app: TestApp

  beforeAll(async () => {
    app = await startRealApp({ jwksCooldown: 1 })
  })
  afterAll(() => app.stop())

  test('C003-06 C001-05 what is not an access token for us is 401', async () => {
    const alice = await tokenOf('alice')
    const foreign = await tokenOf('alice', 'latchkey-foreign')
    const account = realKeycloak().admin
    const otherRealm = await requestToken(
      { grant_type: 'password', client_id: 'admin-cli', ...account },
      issuerOf('master'),
    )
    const refused = {
      'an ID token': alice.id_token,
      'a refresh token': alice.refresh_token,
      'another audience': foreign.access_token,
      'another realm': otherRealm.access_token,
      'a changed signature': `${alice.access_token.slice(0, -8)}AAAAAAAA`,
    }
    for (const [what, token] of Object.entries(refused)) {
      const answer = await app.bearer(token)
      expect({ what, status: answer.status }).toEqual({ what, status: 401 })
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    }
    expect(app.log.map(({ hint }) => hint)).toContainEqual(
      expect.stringContaining('latchkey-foreign-dedicated'),
    )
  })

  test.each([
    ['latchkey-public', 'password'],
    ['latchkey-confidential', 'password'],
  ])('C003-06 a token of %s is taken', async (client) => {
    const { access_token: token } = await tokenOf('alice', client)
    const answer = await app.bearer(token)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.body).toBe('{"data":"This is secured data."}')
  })

  test('C000-22 a service account is taken, and whoami says who it is', async () => {
    const { access_token: token } = await requestToken({
      grant_type: 'client_credentials',
      client_id: 'latchkey-service',
      client_secret: 'latchkey-service-secret',
    })
    const answer = await app.bearer(token, '/api/whoami')
    expect(answer.json()).toMatchObject({ primary_email: '', username: 'service-account-latchkey-service' })
  })

  test('C000-22 C000-23 whoami and projects with the token of a person', async () => {
    const { access_token: token } = await tokenOf('alice')
    const whoami = (await app.bearer(token, '/api/whoami')).json() as Record<string, string>
    expect(whoami).toMatchObject({ username: 'alice', created_time: expect.stringMatching(/^\d{4}-.*Z$/) })
    expect((await app.bearer(token, '/api/whoami')).json()).toEqual(whoami)
    expect((await app.bearer(token, '/api/projects')).json()).toEqual({
      version: expect.any(String),
      projects: expect.arrayContaining([expect.any(String)]),
    })
  })

  test('P-6 IT-09 C002-09 a new key of the realm is taken, and tokens under the old one go on working', async () => {
    const { access_token: old } = await tokenOf('alice')
    expect((await app.bearer(old)).status).toBe(200)
    const { id } = (await admin('/latchkey')) as { id: string }
    await admin('/latchkey/components', {
      method: 'POST',
      body: {
        name: 'a newer key',
        providerId: 'rsa-generated',
        providerType: 'org.keycloak.keys.KeyProvider',
        parentId: id,
        config: { priority: ['200'], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
      },
    })
    const { access_token: fresh } = await tokenOf('alice')
    const deadline = Date.now() + 2000
    let status = 0
    while (status !== 200 && Date.now() < deadline) status = (await app.bearer(fresh)).status
    expect(status).toBe(200)
    expect((await app.bearer(old)).status).toBe(200)
  })
})

describe('requireBearer with roles and scopes of a real Keycloak', () => {
  let server: Server
  let url: string

  beforeAll(async () => {
    const latchkey = await createLatchkey({
      publicUrl: 'http://127.0.0.1:3000',
      issuer: issuerOf(),
      clientId: 'latchkey-web',
      clientSecret: 'latchkey-web-secret',
      apiAudience: 'latchkey-api',
      log: silentLog,
    })
    const app = express()
    const ok: express.RequestHandler = (_req, res) => void res.json({ ok: true })
    app.get('/editors', latchkey.requireBearer({ realmRole: ['editor'] }), ok)
    app.get('/readers', latchkey.requireBearer({ scope: ['documents:read'] }), ok)
    app.get('/train', latchkey.requireBearer({ audience: 'train-api', scope: ['train/TrainJob:*'] }), ok)
    server = createServer(app).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  const ask = (path: string, token: string): Promise<Response> =>
    fetch(url + path, { headers: { authorization: `Bearer ${token}`, connection: 'close' } })

  test('AZ-01 a realm role: alice has it not, bob has it, erin has it through another', async () => {
    expect((await ask('/editors', (await tokenOf('alice')).access_token)).status).toBe(403)
    expect((await ask('/editors', (await tokenOf('bob')).access_token)).status).toBe(200)
    expect((await ask('/editors', (await tokenOf('erin')).access_token)).status).toBe(200)
  })

  test('C001-06 BT-06 an optional scope is there only when it was asked for', async () => {
    const without = await ask('/readers', (await tokenOf('alice')).access_token)
    expect(without.status).toBe(403)
    expect(without.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect(without.headers.get('www-authenticate')).toContain('scope="documents:read"')
    const asked = await tokenOf('alice', 'latchkey-public', { scope: 'openid documents:read' })
    expect((await ask('/readers', asked.access_token)).status).toBe(200)
  })

  test('C001-05 C001-06 a third audience: ours is refused, the limited caller lacks the scope', async () => {
    expect((await ask('/train', (await tokenOf('alice')).access_token)).status).toBe(401)
    expect((await ask('/train', (await tokenOf('alice', 'trainer-limited')).access_token)).status).toBe(403)
    expect((await ask('/train', (await tokenOf('alice', 'trainer')).access_token)).status).toBe(200)
  })
})
