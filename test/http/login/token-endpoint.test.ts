import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { Jar } from '../../support/browser-jar.js'
import { expectHonestLogin, expectRefusedLogin } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'

/** Seconds: what a call of the provider may take here. */
const UPSTREAM_TIMEOUT = 1

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { upstreamTimeout: UPSTREAM_TIMEOUT })
})

afterEach(() => provider.reset())

afterAll(async () => {
  await app.stop()
  await provider.close()
})

const answering = (answer: (res: ServerResponse) => void) => (): void => {
  provider.answers.token = (_call, res) => answer(res)
}

describe('TE-01 200 that is no token response', () => {
  test.each([
    ['an error', { error: 'invalid_grant' }],
    ['nothing', {}],
    ['a list', []],
    ['null', 'null'],
    ['a text', '"token"'],
    ['a number', '1'],
  ])('TE-01 %s: refused', (_name, body) =>
    expectRefusedLogin(
      app,
      provider,
      answering((res) => json(res, 200, body)),
      [400, 502],
    ),
  )

  test.each([['error'], ['error_description']])('TE-01 tokens and %s in one answer', (name) =>
    expectRefusedLogin(
      app,
      provider,
      () => {
        provider.onTokenResponse = (body) => ({ ...body, error: 'invalid_grant', [name]: 'x' })
      },
      [502],
    ),
  )

  test.each(['id_token', 'access_token', 'token_type'])('TE-01 TE-06 IT-14 without %s: refused', (name) =>
    expectRefusedLogin(
      app,
      provider,
      () => {
        provider.onTokenResponse = (body) => ({ ...body, [name]: undefined })
      },
      [502],
    ),
  )
})

describe('TE-02 the token endpoint refuses or fails', () => {
  test.each<[string, number, (res: ServerResponse) => void]>([
    [
      '400 invalid_grant',
      400,
      (res) => json(res, 400, { error: 'invalid_grant', error_description: 'spent' }),
    ],
    ['400 invalid_request', 502, (res) => json(res, 400, { error: 'invalid_request' })],
    ['401 invalid_client', 502, (res) => json(res, 401, { error: 'invalid_client' })],
    ['401 unauthorized_client', 502, (res) => json(res, 401, { error: 'unauthorized_client' })],
    [
      '401 with a challenge',
      502,
      (res) => void res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('no'),
    ],
    ['500', 503, (res) => json(res, 500, { error: 'unknown_error' })],
    [
      '500 in HTML',
      503,
      (res) => void res.writeHead(500, { 'content-type': 'text/html' }).end('<h1>oops</h1>'),
    ],
    ['503', 503, (res) => void res.writeHead(503).end()],
    ['204', 502, (res) => void res.writeHead(204).end()],
    [
      '200 in HTML',
      502,
      (res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hi</h1>'),
    ],
    ['200 without a type', 502, (res) => void res.writeHead(200).end('{}')],
    ['cut JSON', 502, (res) => json(res, 200, '{"access_token":"abc","id_tok')],
    ['2 MiB', 502, (res) => json(res, 200, { access_token: 'x'.repeat(2 * 1024 * 1024) })],
  ])('TE-02 %s: %i, and an honest login works', (_name, status, answer) =>
    expectRefusedLogin(app, provider, answering(answer), [status]),
  )

  test('TE-02 a refused client leaves a hint in the log, where the secret is not', async () => {
    const jar = new Jar()
    await withApp(provider, { clientSecret: 'a-wrong-secret' }, async (wrong) => {
      const answer = await wrong.signIn(provider, jar)
      expect(answer.status).toBe(502)
      expect(answer.body).toContain('<code>client_refused</code>')
      expect(wrong.log.find(({ code }) => code === 'client_refused')?.hint).toContain('Credentials')
      expect(JSON.stringify(wrong.log)).not.toContain('a-wrong-secret')
    })
  })
})

describe('TE-03 TE-04 a token endpoint that hangs or breaks off', () => {
  test('TE-03 50 callbacks at once each end in time, and everything else answers as always', async () => {
    const member = new Jar()
    const person = newPerson()
    await app.signIn(provider, member, person)
    const token = await provider.accessToken()
    await app.bearer(token)
    const visitors = Array.from({ length: 50 }, () => new Jar())
    const callbacks: URL[] = []
    for (const jar of visitors)
      callbacks.push(provider.approve((await app.beginLogin(jar)).href, newPerson()))
    answering(() => undefined)()
    const begun = performance.now()
    const waiting = Promise.all(
      callbacks.map(async (url, i) => {
        const answer = await app.callback(url, visitors[i] ?? new Jar())
        return { ...answer, ms: performance.now() - begun }
      }),
    )
    const meanwhile = performance.now()
    expect((await app.send('/healthz')).status).toBe(200)
    expect((await app.navigate('/hello', member)).status).toBe(200)
    expect((await app.bearer(token)).status).toBe(200)
    expect(performance.now() - meanwhile).toBeLessThan(UPSTREAM_TIMEOUT * 1000)
    for (const { status, headers, ms } of await waiting) {
      expect([status, headers['retry-after']]).toEqual([503, '5'])
      expect(ms).toBeLessThan(UPSTREAM_TIMEOUT * 1000 + 1500)
    }
    provider.reset()
    expect(await app.whoami(member)).toMatchObject({ id: person.sub })
    await expectHonestLogin(app, provider)
  })

  test.each<[string, (res: ServerResponse) => void]>([
    ['never answers', () => undefined],
    [
      'sends its headers and no body',
      (res) => void res.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    ],
    ['closes the connection', (res) => res.socket?.destroy()],
    [
      'resets it after half the JSON',
      (res) => {
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
        res.write('{"access_token":"abc","id_token":"', () => res.socket?.resetAndDestroy())
      },
    ],
    [
      'ends after half of what it announced',
      (res) => {
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
        res.write('{"access_token":"abc"}', () => res.socket?.end())
      },
    ],
  ])('TE-04 it %s: 503, no partial session, and the next login works', (_name, answer) =>
    expectRefusedLogin(app, provider, answering(answer), [503]),
  )
})

describe('TE-06 the life of an access token', () => {
  test.each<[string, unknown]>([
    ['text', 'soon'],
    ['-1', -1],
    ['an object', {}],
    ['null', null],
  ])('TE-06 expires_in %s: refused', (_name, expiresIn) =>
    expectRefusedLogin(
      app,
      provider,
      () => {
        provider.onTokenResponse = (body) => ({ ...body, expires_in: expiresIn })
      },
      [502],
    ),
  )

  test.each<[string, unknown]>([
    ['0', 0],
    ['1e99', 1e99],
    ['missing', undefined],
    ['a number as text', '300'],
    ['a list of one number', [300]],
  ])('TE-06 expires_in %s: a life that makes sense', async (_name, expiresIn) => {
    provider.onTokenResponse = (body) => ({ ...body, expires_in: expiresIn })
    const jar = new Jar()
    expect((await app.signIn(provider, jar)).status).toBe(303)
    await expectSensiblePages(jar)
  })

  test('TE-06 token_type mac: refused', () =>
    expectRefusedLogin(
      app,
      provider,
      () => {
        provider.onTokenResponse = (body) => ({ ...body, token_type: 'mac' })
      },
      [502],
    ))

  test('TE-06 token_type bearer in lower case is the same as Bearer', async () => {
    provider.onTokenResponse = (body) => ({ ...body, token_type: 'bearer' })
    await expectHonestLogin(app, provider)
  })

  async function expectSensiblePages(jar: Jar): Promise<void> {
    const session = await app.send('/session', { jar, headers: SCRIPT })
    const { expires_at: expiresAt } = session.json() as { expires_at: string }
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
    for (const path of ['/account', '/hello', '/session', '/api/whoami']) {
      const answer = await app.send(path, { jar, headers: path.startsWith('/api') ? SCRIPT : {} })
      expect(answer.status).toBe(200)
      expect(answer.body).not.toMatch(/NaN|Invalid|Infinity|undefined/)
    }
  }
})

describe('TE-08 client id and secret under client_secret_basic', () => {
  test.each([
    ['web:app', 'a:secret'],
    ['web app', 'a secret with blanks and 32 characters'],
    ['web+app', '%41&b=c+d%'],
    ['wéb-äpp', 'gehe1mnis-ß-€-秘密'],
    ['web&app=1', '=&:+% "\'\\'],
  ])('TE-08 %j with secret %j: form-encoded before Base64, and the login works', async (id, secret) => {
    provider.client = { id, secret }
    await withApp(provider, { clientId: id, clientSecret: secret }, async (special) => {
      await expectHonestLogin(special, provider)
    })
    const sent = provider.calls.find(({ endpoint }) => endpoint === 'token')?.headers.authorization
    const credentials = Buffer.from((sent ?? '').replace(/^Basic /, ''), 'base64').toString()
    expect(credentials.split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')))).toEqual([
      id,
      secret,
    ])
  })

  test('TE-08 client_secret_post sends both in the form and no header', async () => {
    const jar = new Jar()
    await withApp(provider, { clientAuthentication: 'client_secret_post' }, (post) =>
      post.signIn(provider, jar),
    )
    const call = provider.calls.find(({ endpoint }) => endpoint === 'token')
    expect(call?.headers).not.toHaveProperty('authorization')
    expect([call?.form.get('client_id'), call?.form.get('client_secret')]).toEqual([
      provider.client.id,
      provider.client.secret,
    ])
  })
})
