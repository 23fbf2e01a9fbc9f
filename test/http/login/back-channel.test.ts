import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { Jar } from '../../support/browser-jar.js'
import { Listener } from '../../support/listener.js'
import { expectHonestLogin } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import type { Endpoint } from '../../support/scripted-endpoints.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

let provider: ScriptedProvider
let app: TestApp
let trap: Listener

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { upstreamTimeout: 1 })
  trap = await Listener.start()
})

beforeEach(() => {
  trap.hits.length = 0
})

afterEach(() => provider.reset())

afterAll(async () => {
  await app.stop()
  await provider.close()
  await trap.stop()
})

describe('TE-05 redirects of the back channel', () => {
  const REDIRECTS = [301, 302, 303, 307, 308]
  const redirect = (endpoint: Endpoint, status: number): void => {
    provider.answers[endpoint] = (_call, res) =>
      void res.writeHead(status, { location: `${trap.url}/${endpoint}` }).end()
  }

  test.each(REDIRECTS)('TE-05 the token endpoint answers %i: refused, not followed', async (status) => {
    const jar = new Jar()
    redirect('token', status)
    expect((await app.signIn(provider, jar)).status).toBe(502)
    expect([trap.hits, await app.whoami(jar)]).toEqual([[], undefined])
    provider.reset()
    await expectHonestLogin(app, provider, jar)
  })

  test.each(REDIRECTS)(
    'TE-05 userinfo answers %i: refused, the access token is not passed on',
    async (status) => {
      const jar = new Jar()
      redirect('userinfo', status)
      expect((await app.signIn(provider, jar, newPerson({ email: undefined }))).status).toBe(502)
      expect([trap.hits, provider.count('userinfo'), await app.whoami(jar)]).toEqual([[], 1, undefined])
    },
  )

  test.each(REDIRECTS)('TE-05 discovery answers %i: 503, not followed', async (status) => {
    redirect('discovery', status)
    await withApp(provider, {}, async (fresh) => {
      expect((await fresh.navigate('/login')).status).toBe(503)
      expect((await fresh.bearer(await provider.accessToken())).status).toBe(503)
    })
    expect(trap.hits).toEqual([])
  })

  test.each(REDIRECTS)('TE-05 the key document answers %i: 503, not followed', async (status) => {
    redirect('jwks', status)
    await withApp(provider, {}, async (fresh) => {
      expect((await fresh.bearer(await provider.accessToken())).status).toBe(503)
      expect((await fresh.signIn(provider, new Jar())).status).toBe(503)
    })
    expect(trap.hits).toEqual([])
  })

  test.each(REDIRECTS)(
    'TE-05 end-session answers our POST with %i: not followed, signed out',
    async (status) => {
      const jar = new Jar()
      await app.signIn(provider, jar)
      redirect('logout', status)
      expect([303, 200]).toContain((await app.signOut(jar)).status)
      expect([trap.hits, provider.count('logout'), await app.whoami(jar)]).toEqual([[], 1, undefined])
    },
  )

  test('TE-05 the trap is reachable', async () => {
    await fetch(trap.url)
    expect(trap.hits).toHaveLength(1)
  })
})

describe('TE-07 userinfo', () => {
  const person = newPerson({ email: undefined })
  const other = newPerson()

  test.each<[string, number, (res: ServerResponse) => void]>([
    ['another sub', 502, (res) => json(res, 200, { ...other, email: 'x@example.test' })],
    ['no sub', 502, (res) => json(res, 200, { email: 'x@example.test' })],
    ['sub as a list', 502, (res) => json(res, 200, { sub: [person.sub], email: 'x@example.test' })],
    ['sub null', 502, (res) => json(res, 200, { sub: null })],
    ['a sub that is longer', 502, (res) => json(res, 200, { sub: `${person.sub} ` })],
    [
      'sub twice, the last one another',
      502,
      (res) => json(res, 200, `{"sub":"${person.sub}","sub":"${other.sub}"}`),
    ],
    ['a list', 502, (res) => json(res, 200, [{ sub: person.sub }])],
    ['null', 502, (res) => json(res, 200, 'null')],
    ['401', 502, (res) => json(res, 401, { error: 'invalid_token' })],
    [
      '403 with a challenge',
      502,
      (res) => void res.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end(),
    ],
    ['500', 502, (res) => json(res, 500, { error: 'unknown' })],
    ['HTML', 502, (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hi</h1>')],
    ['cut JSON', 502, (res) => json(res, 200, `{"sub":"${person.sub}"`)],
    ['no answer', 503, () => undefined],
    [
      'half an answer',
      503,
      (res) => void res.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    ],
  ])('TE-07 %s: %i, nobody is signed in', async (_name, status, answer) => {
    const jar = new Jar()
    provider.answers.userinfo = (_call, res) => answer(res)
    expect((await app.signIn(provider, jar, person)).status).toBe(status)
    expect(await app.whoami(jar)).toBeUndefined()
    provider.reset()
    await expectHonestLogin(app, provider, jar)
  })

  test('TE-07 other claims of identity in it change nothing: the identity is the ID token’s', async () => {
    const jar = new Jar()
    const body = `{"sub":"${other.sub}","sub":"${person.sub}","iss":"https://evil.example","acr":"2fa","email":"found@example.test"}`
    provider.answers.userinfo = (_call, res) => json(res, 200, body)
    expect((await app.signIn(provider, jar, person)).status).toBe(303)
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub, primary_email: 'found@example.test' })
    expect((await app.send('/session', { jar })).json()).toMatchObject({ subject: person.sub, acr: 'pwd' })
  })

  test('TE-07 the access token goes in the header, never in the address', async () => {
    provider.userinfo = { sub: person.sub, email: 'found@example.test' }
    const jar = new Jar()
    expect((await app.signIn(provider, jar, person)).status).toBe(303)
    const call = provider.calls.find(({ endpoint }) => endpoint === 'userinfo')
    expect(call?.headers.authorization).toMatch(/^Bearer ey/)
    expect(call?.url.search).toBe('')
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub, primary_email: 'found@example.test' })
  })
})
