import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express, type RequestHandler } from 'express'
import request from 'supertest'
import {
  createLatchkey,
  type Latchkey,
  type LogFields,
  type RequireBearerOptions,
} from '../../../src/latchkey.js'
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { silentLog } from '../../../src/log.js'

const PUBLIC_URL = 'http://127.0.0.1:3000'

let provider: ScriptedProvider
let latchkey: Latchkey
const log: LogFields[] = []

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  latchkey = await createLatchkey({
    publicUrl: PUBLIC_URL,
    issuer: provider.issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    apiAudience: AUDIENCE,
    log: { ...silentLog, warn: (fields) => log.push(fields) },
  })
})
beforeEach(() => {
  log.length = 0
})
afterAll(() => provider.close())

/** Somebody's own app with one guarded route. */
function host(
  options?: RequireBearerOptions,
  handler: RequestHandler = (_req, res) => void res.send('in'),
): Express {
  const app = express()
  app.get('/', latchkey.requireBearer(options), handler)
  // Express tells error handlers by their four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  app.use(((error, _req, res, _next) => {
    res.status(500).send(`own handler: ${error instanceof Error ? error.name : typeof error}`)
  }) satisfies express.ErrorRequestHandler)
  return app
}

async function ask(app: Express, claims: Record<string, unknown> = {}): Promise<request.Response> {
  return request(app)
    .get('/')
    .set('authorization', `Bearer ${await provider.accessToken(claims)}`)
}

const challenge = (answer: request.Response): string => String(answer.headers['www-authenticate'])
const BEGIN = 'Bearer realm="latchkey"'
const WORDS = 'error="insufficient_scope", error_description="The token does not allow this"'
const END = `resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource"`

describe('scope (RFC 6750 §3.1)', () => {
  test.each<[string, unknown]>([
    ['another scope', 'openid write'],
    ['no scope', undefined],
    ['an empty scope', ''],
    ['a longer word', 'reading'],
    ['a shorter word', 'rea'],
    ['the word in upper case', 'READ'],
    ['a list', ['read']],
    ['the word behind a comma', 'openid,read'],
    ['the word behind a tab', 'openid\tread'],
    ['an object', { read: true }],
  ])('BT-06 C003-07 a token with %s is 403 insufficient_scope, naming the scope', async (_name, scope) => {
    const answer = await ask(host({ scope: ['read'] }), { scope })
    expect(answer.status).toBe(403)
    expect(challenge(answer)).toBe(`${BEGIN}, ${WORDS}, scope="read", ${END}`)
    expect(answer.body).toEqual({
      error: 'insufficient_scope',
      error_description: 'The token does not allow this',
    })
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('BT-06 all of several are needed, and all are named', async () => {
    const app = host({ scope: ['read', 'train/TrainJob:*'] })
    expect(challenge(await ask(app, { scope: 'read' }))).toContain('scope="read train/TrainJob:*"')
    expect((await ask(app, { scope: 'read train/TrainJob:x' })).status).toBe(403)
    expect((await ask(app, { scope: 'openid train/TrainJob:* read' })).status).toBe(200)
  })

  test('BT-06 the log says which', async () => {
    await ask(host({ scope: ['read', 'write'] }), { scope: 'read' })
    expect(log).toMatchObject([
      { code: 'insufficient_scope', reason: 'the token lacks scope write', status: 403 },
    ])
  })

  test('BT-06 without credentials it is 401 without error, with a bad token 401 invalid_token', async () => {
    const app = host({ scope: ['read'] })
    const none = await request(app).get('/')
    expect([none.status, challenge(none)]).toEqual([401, `${BEGIN}, ${END}`])
    const bad = await request(app).get('/').set('authorization', 'Bearer x')
    expect([bad.status, challenge(bad)]).toEqual([401, expect.stringContaining('error="invalid_token"')])
  })
})

describe('audience', () => {
  test('JW-06 a guard with an audience of its own takes that one and no other', async () => {
    const app = host({ audience: 'train-api' })
    expect((await ask(app)).status).toBe(401)
    expect((await ask(app, { aud: 'train-api' })).status).toBe(200)
    expect((await ask(host(), { aud: 'train-api' })).status).toBe(401)
  })
})

describe('realm roles', () => {
  test.each<[string, Record<string, unknown>]>([
    ['in another client’s resource_access', { resource_access: { other: { roles: ['admin'] } } }],
    ['in account’s resource_access', { resource_access: { account: { roles: ['admin'] } } }],
    ['in our own client’s resource_access', { resource_access: { [CLIENT_ID]: { roles: ['admin'] } } }],
    ['in groups', { groups: ['admin', '/admin'] }],
    ['at the top level', { roles: ['admin'] }],
    ['in scope', { scope: 'admin' }],
    ['in another case', { realm_access: { roles: ['Admin'] } }],
    ['as part of another', { realm_access: { roles: ['administrator', 'xadmin'] } }],
  ])('AZ-01 the role %s is no realm role: 403', async (_name, claims) => {
    const answer = await ask(host({ realmRole: ['admin'] }), { realm_access: { roles: ['user'] }, ...claims })
    expect([answer.status, challenge(answer)]).toEqual([403, `${BEGIN}, ${WORDS}, ${END}`])
  })

  test.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['a number', 7],
    ['a text', 'admin'],
    ['a list', ['admin']],
    ['empty', {}],
    ['with roles null', { roles: null }],
    ['with roles a number', { roles: 7 }],
    ['with roles a text', { roles: 'admin' }],
    ['with roles an object', { roles: { admin: true } }],
    ['with roles a list of objects', { roles: [{ name: 'admin' }] }],
    ['with roles a list of lists', { roles: [['admin']] }],
    ['with roles a list of null', { roles: [null] }],
  ])('AZ-02 realm_access %s: 403', async (_name, realmAccess) => {
    expect((await ask(host({ realmRole: ['admin'] }), { realm_access: realmAccess })).status).toBe(403)
  })

  test('AZ-01 all of several are needed', async () => {
    const app = host({ realmRole: ['admin', 'user'] })
    expect((await ask(app, { realm_access: { roles: ['admin'] } })).status).toBe(403)
    expect((await ask(app, { realm_access: { roles: ['user', null, 'admin'] } })).status).toBe(200)
  })
})

describe('client roles', () => {
  const app = () => host({ clientRole: { 'the-client': ['editor'] } })

  test.each<[string, Record<string, unknown>]>([
    ['a realm role', { realm_access: { roles: ['editor'] } }],
    ['of another client', { resource_access: { other: { roles: ['editor'] } } }],
    ['another role', { resource_access: { 'the-client': { roles: ['viewer'] } } }],
    ['a text', { resource_access: { 'the-client': { roles: 'editor' } } }],
    ['null', { resource_access: { 'the-client': null } }],
    ['a list of clients', { resource_access: [{ 'the-client': { roles: ['editor'] } }] }],
  ])('AZ-01 AZ-02 %s: 403', async (_name, claims) => {
    expect((await ask(app(), claims)).status).toBe(403)
  })

  test('AZ-01 a client that is called like something every object has: 403, then 200 with the role', async () => {
    for (const client of ['constructor', '__proto__', 'toString']) {
      const guarded = host({ clientRole: Object.fromEntries([[client, ['editor']]]) })
      expect((await ask(guarded)).status).toBe(403)
      const access = JSON.parse(`{"${client}":{"roles":["editor"]}}`) as object
      expect((await ask(guarded, { resource_access: access })).status).toBe(200)
    }
  })

  test('AZ-01 the role of that client: 200', async () => {
    expect((await ask(app(), { resource_access: { 'the-client': { roles: ['editor'] } } })).status).toBe(200)
  })
})

describe('options that no author meant', () => {
  test.each<[string, unknown]>([
    ['a name that nobody knows', { scopes: ['read'] }],
    ['a name in another case', { realmrole: ['admin'] }],
    ['an empty audience', { audience: '' }],
    ['a scope that is a text', { scope: 'read' }],
    ['an empty list of scopes', { scope: [] }],
    ['a scope of two words', { scope: ['read write'] }],
    ['a scope with a quote', { scope: ['a"b'] }],
    ['an empty scope', { scope: [''] }],
    ['a role that is a text', { realmRole: 'admin' }],
    ['an empty list of roles', { realmRole: [] }],
    ['a role that is undefined', { realmRole: [undefined] }],
    ['client roles in a list', { clientRole: { client: 'editor' } }],
    ['client roles of nothing', { clientRole: { client: [] } }],
  ])('AZ-01 %s: the guard is not built', (_name, options) => {
    expect(() => latchkey.requireBearer(options as RequireBearerOptions)).toThrow(TypeError)
  })

  test('AZ-01 the error names the option', () => {
    const options = { scopes: ['read'], roles: ['x'] } as RequireBearerOptions
    expect(() => latchkey.requireBearer(options)).toThrow('requireBearer: unknown option scopes, roles')
  })
})

describe('handlers behind the guard', () => {
  test.each<[string, RequestHandler]>([
    [
      'throws',
      () => {
        throw new RangeError('BOOM-SECRET')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('BOOM-SECRET'))],
  ])(
    'AZ-05 one that %s goes to Express’s own error handler, and the process goes on',
    async (_name, handler) => {
      const answer = await ask(host({}, handler))
      expect([answer.status, answer.text]).toEqual([500, 'own handler: RangeError'])
      expect((await ask(host())).text).toBe('in')
    },
  )

  test('AZ-05 they find in req.auth who calls', async () => {
    const app = host({}, (req, res) => {
      const { auth } = req
      res.json({ ...auth, scope: [...(auth?.scope ?? [])] })
    })
    const exp = Math.floor(Date.now() / 1000) + 100
    const claims = {
      sub: 'the-subject',
      name: 'A Name',
      preferred_username: 'a',
      email: 'a@example.test',
      exp,
    }
    const { body } = (await ask(app, { ...claims, resource_access: { x: { roles: ['y'] } } })) as {
      body: object
    }
    expect(body).toMatchObject({
      subject: 'the-subject',
      name: 'A Name',
      username: 'a',
      email: 'a@example.test',
      scope: ['openid', 'profile', 'email'],
      roles: { realm: ['user'], client: { x: ['y'] } },
      claims: { iss: provider.issuer, azp: CLIENT_ID },
      expiresAt: new Date(exp * 1000).toISOString(),
      via: 'bearer',
    })
  })
})
