import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express from 'express'
import type { KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { AssertedClient } from '../../support/asserted-client.js'
import { Jar } from '../../support/browser-jar.js'
import { ClientFiles, ecKey, jwk, pem, rsaKey } from '../../support/client-files.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { TestApp, type TestAppOptions } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

const PATH = '/.well-known/jwks.json'
const PUBLIC = ['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y']

let provider: ScriptedProvider
let files: ClientFiles
let apps: TestApp[]
/** The apps' clock. */
let ahead: number

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
afterAll(() => provider.close())
beforeEach(() => {
  provider.reset()
  files = new ClientFiles()
  apps = []
  ahead = 0
})
afterEach(async () => {
  for (const app of apps) await app.stop()
  files.remove()
})

const put = (...keys: KeyObject[]): string => files.put('key.pem', keys.map((key) => pem(key)).join(''))
async function start(clientKeyFile: string, options: TestAppOptions = {}): Promise<TestApp> {
  const app = await TestApp.start(provider, {
    clientAuthentication: 'private_key_jwt',
    clientSecret: undefined,
    clientKeyFile,
    now: () => Date.now() + ahead,
    ...options,
  })
  apps.push(app)
  return app
}
async function keysOf(app: TestApp): Promise<readonly JWK[]> {
  const answer = await app.send(PATH)
  expect(answer.status).toBe(200)
  return (answer.json() as { keys: JWK[] }).keys
}
const kidsOf = async (app: TestApp): Promise<unknown[]> => (await keysOf(app)).map(({ kid }) => kid)

describe('TK-07 /.well-known/jwks.json', () => {
  test.each(['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none'] as const)(
    'is not there with %s',
    (clientAuthentication) =>
      withApp(provider, { clientAuthentication }, async (app) => {
        expect((await app.send(PATH)).status).toBe(404)
      }),
  )

  test('has public members only, whatever the file has, and says that it may change', async () => {
    const set = { keys: [jwk(rsaKey(), { kid: 'one', alg: 'PS256', x: 'private?' }), jwk(ecKey('P-384'))] }
    const app = await start(files.put('jwks.json', JSON.stringify(set)))
    const answer = await app.send(PATH)
    expect(answer.headers['cache-control']).toBe('public, no-cache')
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.cookies).toEqual([])
    const keys = await keysOf(app)
    expect(keys.map(({ kty, alg, use }) => [kty, alg, use])).toEqual([
      ['RSA', 'PS256', 'sig'],
      ['EC', 'ES384', 'sig'],
    ])
    for (const key of keys) expect(PUBLIC).toEqual(expect.arrayContaining(Object.keys(key)))
    for (const { d } of set.keys) expect(answer.body).not.toContain(d)
    expect((await app.send(PATH, { method: 'HEAD' })).status).toBe(200)
    expect((await app.send(PATH, { method: 'POST' })).status).toBe(404)
  })

  test('needs no session and no store, in an app of one’s own, too', async () => {
    const away = {
      redisUrl: 'redis://127.0.0.1:1',
      sessionSecrets: ['a-session-secret-of-the-tests-of-32-characters'],
    }
    const app = await start(put(ecKey()), away)
    const own = await start(put(ecKey()), {
      ...away,
      makeApp: ({ session, routes }) => express().use(session).use(routes) as never,
    })
    const jar = new Jar()
    await withApp(provider, {}, (elsewhere) => elsewhere.signIn(provider, jar))
    expect((await app.send('/session', { jar })).status).toBe(503)
    expect((await app.send(PATH, { jar })).status).toBe(200)
    expect(await keysOf(own)).toHaveLength(1)
  })

  test('of two processes with one file: either shows the new key at once', async () => {
    const [old, fresh] = [ecKey(), ecKey()]
    const one = await start(put(old))
    const other = await start(put(old))
    const [kid] = await kidsOf(one)
    put(fresh)
    const [first, ...more] = await kidsOf(other)
    expect(first).not.toBe(kid)
    expect(more).toEqual([kid])
    expect(await kidsOf(one)).toEqual([first, kid])
  })
})

describe('TK-06 TK-07 the app with private_key_jwt', () => {
  test('signs in and renews before, during and after a change of key; the server knows the document alone', async () => {
    const app = await start(put(ecKey()), { refreshBefore: 300 })
    const client = new AssertedClient(provider, () => app.publicUrl + PATH)
    // As Keycloak: an unknown key right after a fetch is refused.
    client.cooldown = 5_000
    const works = async (): Promise<unknown> => {
      const jar = new Jar()
      expect((await app.signIn(provider, jar)).status).toBe(303)
      ahead += 200_000
      expect((await app.navigate('/hello', jar)).status).toBe(200)
      return client.assertions.at(-1)?.kid
    }
    const old = await works()
    expect(provider.grants('refresh_token')).toBe(1)
    put(rsaKey())
    const jar = new Jar()
    expect((await app.signIn(provider, jar)).status).toBe(303)
    expect(client.assertions.at(-1)?.kid).toBe(old)
    expect(await kidsOf(app)).toHaveLength(2)
    expect(client.fetches).toBe(1)
    client.cooldown = 0
    ahead += 10_000
    const fresh = await works()
    expect(fresh).not.toBe(old)
    expect(await kidsOf(app)).toEqual([fresh, old])
    expect(client.fetches).toBe(2)
    ahead += 700_000
    expect(await kidsOf(app)).toEqual([fresh])
  })

  test('a useless key file leaves the old key, logged by name', async () => {
    const app = await start(put(ecKey()))
    const client = new AssertedClient(provider, () => app.publicUrl + PATH)
    for (const content of ['', '-----BEGIN PRIVATE KEY-----\nAA']) {
      files.put('key.pem', content)
      expect((await app.signIn(provider, new Jar())).status).toBe(303)
    }
    expect(new Set(client.assertions.map(({ kid }) => kid)).size).toBe(1)
    const lines = app.log.filter(({ code }) => code === 'client_key_file_unusable')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({ setting: 'OIDC_CLIENT_KEY_FILE' })
    expect(JSON.stringify(app.log)).not.toMatch(/BEGIN|eyJ/)
  })
})
