import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { PackedPackage, root } from '../support/packed-package.js'
import { issuerOf, realKeycloak, tokenOf } from '../support/real-keycloak.js'
import { send, type Answer, type Send } from '../support/send.js'

jest.setTimeout(120_000)

/** The package as people install it, in apps of their own, against the real server. */
describe('the packed package', () => {
  let packed: PackedPackage
  let port: number
  let url: string
  let app: ChildProcess | undefined

  beforeAll(async () => {
    packed = await PackedPackage.install()
    await packed.compile(path.join(root, 'examples'))
  })
  afterEach(async () => {
    if (app !== undefined) await packed.stop(app)
  })
  afterAll(() => packed.remove())

  async function start(script: string, env: Record<string, string> = {}): Promise<void> {
    port = await nextFreePort(14_000)
    url = `http://127.0.0.1:${port}`
    app = await packed.start(
      script,
      {
        PORT: String(port),
        PUBLIC_URL: url,
        OIDC_ISSUER: issuerOf(),
        OIDC_CLIENT_ID: 'latchkey-web',
        OIDC_CLIENT_SECRET: 'latchkey-web-secret',
        API_AUDIENCE: 'latchkey-api',
        LOG_LEVEL: 'silent',
        ...env,
      },
      url,
    )
  }

  const open = (address: string, jar = new Jar(), more: Send = {}): Promise<Answer> => {
    const target = new URL(address, url)
    return send(target, target.pathname + target.search, {
      ...more,
      jar,
      headers: { accept: 'text/html', ...more.headers },
    })
  }

  /** Opens a page that needs a session, signs in where it leads, and comes back. */
  async function signIn(
    address: string,
    person: string,
    jar: Jar,
    visitor = new KeycloakVisitor(),
  ): Promise<string> {
    const toLogin = await open(address, jar)
    expect(toLogin.status).toBe(302)
    const toKeycloak = await open(new URL(toLogin.location ?? '', new URL(address, url)).href, jar)
    const callback = await visitor.signIn(new URL(toKeycloak.location ?? ''), person)
    const back = await open(callback.href, jar)
    expect(back.status).toBe(303)
    return new URL(back.location ?? '', callback).href
  }

  const bearer = (token: string): Send => ({ headers: { authorization: `Bearer ${token}` } })

  test('C002-25 the ten lines of the README greet a person and guard an endpoint', async () => {
    const lines = /```js\n(.*?)```/s.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1] ?? ''
    expect(lines.trim().split('\n').length).toBeLessThanOrEqual(14)
    port = await nextFreePort(14_000)
    packed.write('ten-lines.js', lines.replace('listen(3000)', 'listen(process.env.PORT, "127.0.0.1")'))
    await start('ten-lines.js')
    const jar = new Jar()
    const page = await open(await signIn('/hello', 'alice', jar), jar)
    expect(page.body).toBe('Hello, Alice Adams! I know who I am!')
    expect((await open('/secure-data')).status).toBe(401)
    const { access_token: token } = await tokenOf('alice')
    expect((await open('/secure-data', new Jar(), bearer(token))).status).toBe(200)
  })

  test('C003-03 C003-06 example of a browser login: the page knows the name, the endpoint wants a token', async () => {
    await start('examples/browser-login.js')
    const jar = new Jar()
    const page = await open(await signIn('/hello', 'bob', jar), jar)
    expect(page.body).toMatch(/^Hello, Bob .*! I know who I am!$/)
    expect((await open('/secure-data', jar)).status).toBe(401)
    const { access_token: token } = await tokenOf('bob')
    const data = await open('/secure-data', new Jar(), bearer(token))
    expect(data.json()).toEqual({ data: 'This is secured data.' })
  })

  test('C002-20 C002-21 C002-23 C002-25 whole app guarded: to the login and back to the page first asked for', async () => {
    await start('examples/whole-app.js')
    expect((await open('/')).body).toBe('Everybody may read this.')
    const jar = new Jar()
    const landing = await signIn('/howdy?from=here', 'bob', jar)
    expect(landing).toBe(`${url}/howdy?from=here`)
    const page = await open(landing, jar)
    expect(page.status).toBe(200)
    expect(page.body).toMatch(/^Howdy, Bob /)
    expect((await open('/anything', new Jar(), { method: 'POST' })).status).toBe(401)
    // C002-21: the redirect URI is the middleware's own; the guard of the app never sees it.
    const callback = await open('/authorize?state=unknown&code=x')
    expect(callback.status).toBe(400)
    expect(callback.body).toContain('unknown_login')
  })

  test('its command runs the app itself, pages and all', async () => {
    await start('node_modules/.bin/latchkey-app', { HOST: '127.0.0.1' })
    const jar = new Jar()
    const page = await open(await signIn('/hello', 'alice', jar), jar)
    expect(page.body).toContain('Hello, Alice Adams! I know who I am!')
    expect((await open('/latchkey/style.css')).status).toBe(200)
  })

  test('C002-25 some routes guarded: session, token, role, scope', async () => {
    await start('examples/some-routes.js')
    const jar = new Jar()
    expect((await open(await signIn('/mine', 'alice', jar), jar)).json()).toEqual({
      who: 'alice',
      via: 'session',
    })
    const { access_token: alice } = await tokenOf('alice')
    const { access_token: bob } = await tokenOf('bob')
    expect((await open('/api/mine', new Jar(), bearer(alice))).json()).toEqual({
      who: 'alice',
      via: 'bearer',
    })
    expect((await open('/api/mine', jar)).status).toBe(401)
    expect((await open('/api/drafts', new Jar(), bearer(alice))).status).toBe(403)
    expect((await open('/api/drafts', new Jar(), bearer(bob))).status).toBe(200)
    expect((await open('/api/notes', new Jar(), bearer(alice))).status).toBe(403)
  })

  test('C002-25 an API alone, with options instead of the environment', async () => {
    await start('examples/api-only.js')
    expect((await open('/numbers')).status).toBe(401)
    const { access_token: token } = await tokenOf('alice')
    expect((await open('/numbers', new Jar(), bearer(token))).json()).toMatchObject({
      numbers: [1, 2, 3],
    })
  })

  test('C002-19 two realms in one process share nothing', async () => {
    const { realm, otpRealm } = realKeycloak()
    await start('examples/two-realms.js', { REALMS: `${realm},${otpRealm}` })
    const second = `http://127.0.0.1:${port + 1}`
    const jar = new Jar()
    const page = await open(await signIn('/mine', 'alice', jar), jar)
    expect(page.json()).toEqual({ realm, who: 'alice' })
    expect(jar.names).toEqual([`${realm}-login`, realm])
    // The browser sends the cookies of one host to every port of it; they mean nothing to the other realm.
    const other = await open(`${second}/mine`, jar)
    expect(other.status).toBe(302)
    const toKeycloak = await open(new URL(other.location ?? '', second).href, jar)
    expect(toKeycloak.location).toContain(`/realms/${otpRealm}/`)
    expect((await open('/mine', jar)).status).toBe(200)
  })

  test('C002-24 own style sheet, view and paths', async () => {
    await start('examples/own-look.js')
    expect((await open('/latchkey/style.css')).body).toContain('Georgia')
    const { body: page } = await open('/goodbye')
    expect(page).toContain('Leaving so soon?')
    expect(page).toContain('action="/goodbye"')
    const jar = new Jar()
    expect(await signIn('/mine', 'alice', jar)).toBe(`${url}/mine`)
    const own = { origin: url, 'sec-fetch-site': 'same-origin' }
    expect((await open('/goodbye', jar, { method: 'POST', headers: own })).status).toBe(303)
    expect((await open('/mine', jar)).status).toBe(302)
  })
})
