import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { createLatchkey, createServer } from '../../../src/latchkey.js'
import type { LogFields } from '../../../src/log.js'
import { silentLog } from '../../../src/log.js'
import { Jar } from '../../support/browser-jar.js'
import {
  AUDIENCE,
  CLIENT_ID,
  CLIENT_SECRET,
  json,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { send } from '../../support/send.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
afterEach(() => provider.reset())
afterAll(() => provider.close())

describe('providers that do things in their own way', () => {
  test('optional endpoints that are null are as good as absent', async () => {
    provider.metadata = { userinfo_endpoint: null, revocation_endpoint: null, end_session_endpoint: null }
    await withApp(provider, {}, async (app) => {
      const jar = new Jar()
      const person = newPerson({ email: undefined })
      expect((await app.signIn(provider, jar, person)).status).toBe(303)
      expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
      expect(await app.signOut(jar)).toMatchObject({ status: 303, location: '/' })
    })
  })

  test('P-6 a key without a name that was replaced is found by the signature that does not fit any more', async () => {
    const nameless = (): object[] => provider.keys.map(({ publicJwk }) => ({ ...publicJwk, kid: undefined }))
    provider.onIdToken = (draft) => ({ ...draft, header: { ...draft.header, kid: undefined } as never })
    provider.publishedKeys = nameless()
    await withApp(provider, {}, async (app) => {
      const tokenOf = (): Promise<string> => provider.accessToken({}, { kid: undefined })
      expect((await app.bearer(await tokenOf())).status).toBe(200)
      await provider.rotate()
      provider.publishedKeys = nameless()
      provider.calls = []
      expect((await app.bearer(await tokenOf())).status).toBe(200)
      expect((await app.signIn(provider, new Jar())).status).toBe(303)
      expect(provider.count('jwks')).toBe(1)
    })
  })

  test('IT-09 keys that change right after a login, at the default cooldown, spoil no other login', async () => {
    await withApp(provider, { jwksCooldown: 5 }, async (app) => {
      expect((await app.signIn(provider, new Jar())).status).toBe(303)
      await provider.rotate()
      expect((await app.signIn(provider, new Jar())).status).toBe(303)
    })
  })
})

describe('languages', () => {
  test.each([
    ['de-CH, de;q=0.9, en;q=0.5', 'de'],
    ['en-GB', 'en'],
    ['fr-FR, fr;q=0.9, en;q=0.5', null],
    ['*', null],
  ])('C003-16 with Accept-Language %s the provider is asked for %p', async (languages, asked) => {
    await withApp(provider, {}, async (app) => {
      const answer = await app.navigate('/login', new Jar(), { 'accept-language': languages })
      expect(new URL(answer.location ?? '').searchParams.get('ui_locales')).toBe(asked)
    })
  })
})

describe('an app without people', () => {
  test('does not ask whether its redirect URI is known, and complains of none', async () => {
    // Nobody else's: apps of the tests before may still be asking theirs.
    const provider = await ScriptedProvider.start()
    provider.answers = { authorize: (_call, res) => json(res, 400, 'Invalid parameter: redirect_uri') }
    const log: LogFields[] = []
    const latchkey = await createLatchkey({
      publicUrl: 'http://127.0.0.1:3000',
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      apiAudience: AUDIENCE,
      sessionSecrets: ['a-session-secret-of-the-tests-of-32-characters'],
      log: { ...silentLog, warn: (fields) => log.push(fields) },
    })
    const app = express().get('/numbers', latchkey.requireBearer(), (_req, res) => void res.json([1]))
    const server = createServer(app).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const authorization = `Bearer ${await provider.accessToken()}`
    const answer = await send({ hostname: '127.0.0.1', port }, '/numbers', { headers: { authorization } })
    await new Promise((resolve) => server.close(resolve))
    expect(answer.status).toBe(200)
    expect(provider.count('authorize')).toBe(0)
    expect(log).toEqual([])
    await provider.close()
  })
})

describe('an app that gives the session cookie a life', () => {
  test('SE-05 the cookie that is sent again has all its attributes', async () => {
    const app = await TestApp.start(provider, {
      publicUrl: 'https://app.example',
      makeApp: ({ session, routes }) =>
        express()
          .use(session, routes)
          .get('/keep', (req, res) => {
            req.session.cookie.maxAge = 3_600_000
            req.session.latchkey = { ...req.session.latchkey } as never
            res.send('kept')
          }) as never,
    })
    try {
      const jar = new Jar({ https: true })
      await app.signIn(provider, jar)
      const answer = await app.navigate('/keep', jar)
      expect(answer.cookies).toHaveLength(1)
      expect(answer.cookies[0]).toMatch(
        /^__Host-latchkey=.*; Path=\/; Expires=.*; HttpOnly; Secure; SameSite=Lax$/i,
      )
      expect(jar.refused).toEqual([])
    } finally {
      await app.stop()
    }
  })
})
