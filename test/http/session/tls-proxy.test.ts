import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, TestApp } from '../../support/test-app.js'
import { TlsFront } from '../../support/tls-front.js'

let provider: ScriptedProvider
let front: TlsFront

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  front = await TlsFront.start()
})

afterAll(async () => {
  await front.stop()
  await provider.close()
})

describe.each([
  ['without TRUST_PROXY', false],
  ['with TRUST_PROXY', 'loopback'],
])('SE-16 behind a proxy that ends TLS, %s', (_name, trustProxy) => {
  let app: TestApp
  let jar: Jar

  beforeAll(async () => {
    app = await TestApp.start(provider, { publicUrl: front.url, trustProxy })
    front.target = app.port
    // Every request of these tests goes through the proxy.
    app.send = (path, options) => front.send(path, options)
  })

  beforeEach(() => {
    jar = new Jar({ https: true })
  })

  afterAll(() => app.stop())

  test('SE-16 a browser takes each cookie at login, and the session cookie is gone after the logout', async () => {
    const person = newPerson()
    const finished = await app.signIn(provider, jar, person)
    expect([finished.status, finished.location]).toEqual([303, '/hello'])
    expect([...jar.names].sort()).toEqual(['__Host-latchkey', '__Host-latchkey-login'])
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
    const old = jar.copy()
    const ended = await app.signOut(jar)
    expect(ended.status).toBe(303)
    const back = new URL(ended.location ?? '').searchParams.get('post_logout_redirect_uri')
    expect(back).toBe(`${front.url}/`)
    expect([jar.refused, jar.names]).toEqual([[], ['__Host-latchkey-login']])
    expect(await app.whoami(old)).toBeUndefined()
  })

  test('SE-16 a cookie of a name without __Host- is nobody’s', async () => {
    await app.signIn(provider, jar)
    const planted = new Jar({ https: true, cookies: [['latchkey', jar.get('__Host-latchkey') ?? '']] })
    expect(await app.whoami(planted)).toBeUndefined()
  })

  test('SE-16 all addresses are https, and browsers are told to stay with it', async () => {
    const begun = await app.navigate('/login', jar)
    expect(new URL(begun.location ?? '').searchParams.get('redirect_uri')).toBe(`${front.url}/authorize`)
    expect(begun.headers['strict-transport-security']).toMatch(/^max-age=\d{8}/)
    const moved = await app.send('/hello', { headers: { ...NAVIGATION, host: 'other.example' } })
    expect(moved.location).toBe(`${front.url}/hello`)
  })
})
