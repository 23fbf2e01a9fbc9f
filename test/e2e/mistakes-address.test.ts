import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { admin, realKeycloak } from '../support/real-keycloak.js'
import { client, expectPage, MistakesRealm, Scene, startPrefixProxy } from '../support/mistakes.js'
import { startRecordingProxy } from '../support/recording-proxy.js'
import { freePort } from '../support/server-process.js'
import { NAVIGATION } from '../support/test-app.js'
import { TlsFront } from '../support/tls-front.js'

jest.setTimeout(60_000)

/** Mistakes in the addresses of Keycloak and of the app, each made for real. */
describe('mistakes about addresses', () => {
  let realm: MistakesRealm
  /** The same server under a name that is not its public one. */
  const internal = realKeycloak().url.replace('//localhost', '//127.0.0.1')

  beforeAll(async () => {
    realm = await MistakesRealm.create('mistakes-address', [client('good')])
  })
  afterAll(() => realm.remove())

  const play = (options: object, run: (scene: Scene) => Promise<void>): Promise<void> =>
    Scene.play({ issuer: realm.issuer, clientId: 'good', ...options }, run)

  const away = {
    status: 503,
    code: 'provider_unavailable',
    title: 'The sign-in service cannot be reached just now',
  }
  const unusable = {
    status: 503,
    code: 'provider_metadata_invalid',
    title: 'The sign-in service cannot be used just now',
  }

  test('mistake 03 OIDC_ISSUER says 127.0.0.1, Keycloak says localhost', () =>
    play({ issuer: realm.at(internal) }, async ({ app }) => {
      expectPage(await app.navigate('/login'), unusable)
      expect((await app.bearer('any.token.here')).status).toBe(401)
      expect(await app.send('/readyz')).toMatchObject({ status: 503, body: 'provider: down\nstore: ok\n' })
      expect(app.log.find(({ code }) => code === 'provider_metadata_invalid')).toMatchObject({
        level: 'warn',
        issuer: realm.at(internal),
        reason: `the discovery document names another issuer than ${realm.at(internal)}`,
        hint: `the issuer (OIDC_ISSUER) must be exactly as the discovery document gives it; they differ in host name. Where this process needs ${internal} to reach the server, that is internalUrl (OIDC_INTERNAL_URL)`,
      })
    }))

  test('mistake 03 the app is opened as localhost, PUBLIC_URL says 127.0.0.1', () =>
    play({}, async (scene) => {
      const { app, jar } = scene
      const host = { host: `localhost:${app.port}` }
      const moved = await app.navigate('/hello?from=bookmark', jar, host)
      expect([moved.status, moved.location]).toEqual([302, `${app.publicUrl}/hello?from=bookmark`])
      expect((await scene.signIn()).status).toBe(303)
      // The cookies of one name are not sent to the other: a visit under it is led to the session.
      const again = await app.navigate('/account', new Jar(), host)
      expect(again.location).toBe(`${app.publicUrl}/account`)
      expect(app.log.filter(({ code }) => code === 'host_mismatch')).toEqual([])
    }))

  test('mistake 05 OIDC_ISSUER is the address inside the container network', async () => {
    const outside = await startRecordingProxy(realKeycloak().url)
    await realm.setFrontendUrl(outside.origin)
    try {
      await play({ issuer: realm.at(internal) }, async ({ app }) => {
        expectPage(await app.navigate('/login'), unusable)
        expect(app.log.find(({ code }) => code === 'provider_metadata_invalid')).toMatchObject({
          hint: `the issuer (OIDC_ISSUER) must be exactly as the discovery document gives it; they differ in port. Where this process needs ${internal} to reach the server, that is internalUrl (OIDC_INTERNAL_URL)`,
        })
      })
    } finally {
      await realm.setFrontendUrl('')
      await outside.close()
    }
  })

  test('mistake 05 OIDC_INTERNAL_URL missing where the public address does not answer', async () => {
    const outside = `http://localhost:${await freePort()}`
    await realm.setFrontendUrl(outside)
    try {
      await play({ issuer: realm.at(outside) }, async ({ app }) => {
        const answer = await app.navigate('/login')
        expectPage(answer, away)
        expect(answer.headers['retry-after']).toMatch(/^\d+$/)
        expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
          reason: expect.stringMatching(
            new RegExp(`^no answer from ${outside}/realms/mistakes-address/.*: ECONNREFUSED$`),
          ),
          hint: `nothing answers at ${outside}; where this process reaches the server under another address (a container), set internalUrl (OIDC_INTERNAL_URL)`,
        })
      })
      const nowhere = `http://localhost:${await freePort()}`
      await play({ issuer: realm.at(outside), internalUrl: nowhere }, async ({ app }) => {
        expectPage(await app.navigate('/login'), away)
        expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
          hint: `nothing answers at ${nowhere}, the origin of internalUrl (OIDC_INTERNAL_URL)`,
        })
      })
    } finally {
      await realm.setFrontendUrl('')
    }
  })

  test('mistake 05 both addresses right: the browser takes the one, this process the other', async () => {
    const outside = await startRecordingProxy(realKeycloak().url)
    await realm.setFrontendUrl(outside.origin)
    try {
      await play({ issuer: realm.at(outside.origin), internalUrl: internal }, async (scene) => {
        expect((await scene.signIn()).status).toBe(303)
        expect(await scene.app.whoami(scene.jar)).toMatchObject({ username: 'ann' })
        expect(outside.seen.length).toBeGreaterThan(0)
        expect(outside.seen.filter((request) => !/\/(auth|authenticate)$/.test(request))).toEqual([])
      })
    } finally {
      await realm.setFrontendUrl('')
      await outside.close()
    }
  })

  test('mistake 07 https PUBLIC_URL, plain http behind the proxy, TRUST_PROXY off: works', async () => {
    const front = await TlsFront.start()
    try {
      const redirectUris = [`${front.url}/authorize`]
      const attributes = { 'post.logout.redirect.uris': `${front.url}/` }
      await admin(`/${realm.name}/clients`, {
        method: 'POST',
        body: client('behind-a-proxy', { redirectUris, attributes }),
      })
      const options = { publicUrl: front.url, clientId: 'behind-a-proxy' }
      await play(options, async (scene) => {
        front.target = scene.app.port
        const jar = new Jar({ https: true })
        const begun = await front.send('/login', { jar, headers: NAVIGATION })
        const callback = await scene.visitor.signIn(new URL(begun.location ?? ''), 'ann')
        const answer = await front.send(callback.pathname + callback.search, { jar, headers: NAVIGATION })
        expect([answer.status, jar.refused]).toEqual([303, []])
        expect(jar.names).toEqual(['__Host-latchkey-login', '__Host-latchkey'])
        expect((await front.send('/hello', { jar, headers: NAVIGATION })).status).toBe(200)
        expect(scene.app.log.filter(({ hint }) => hint !== undefined)).toEqual([])
      })

      await play(options, async (scene) => {
        front.target = scene.app.port
        // The person came by http: a browser keeps no Secure cookie from there.
        const plain = new Jar()
        const begun = await scene.app.beginLogin(plain)
        expect([plain.names, plain.refused]).toEqual([[], [expect.stringMatching(/^__Host-.*; Secure/)]])
        const callback = await scene.visitor.signIn(begun, 'ann')
        const jar = new Jar({ https: true })
        const target = callback.pathname + callback.search
        const answer = await front.send(target, { jar, headers: NAVIGATION })
        expectPage(answer, {
          status: 400,
          code: 'unknown_login',
          title: 'This sign-in does not belong to this browser',
        })
        expect(answer.body).toContain('this browser did not keep our cookie')
        expect(answer.body).toContain('allow this site to set cookies')
        expect(await scene.line('unknown_login')).toMatchObject({
          level: 'warn',
          reason: 'a response to no login of this browser',
        })
        expect(answer.body).toContain('<a class="button" href="/login">Sign in again</a>')
        // The page is under https, and so is the way on that it offers.
        const again = await front.send('/login', { jar, headers: NAVIGATION })
        const second = (await scene.visitor.open(again.location ?? '')) as URL
        expect((await front.send(second.pathname + second.search, { jar, headers: NAVIGATION })).status).toBe(
          303,
        )
      })
    } finally {
      await front.stop()
    }
  })

  test('mistake 07 a proxy that does not pass Host on: one redirect, then a warning', () =>
    play({}, async (scene) => {
      const host = { host: 'app.internal:3000' }
      const first = await scene.app.navigate('/', scene.jar, host)
      expect([first.status, first.location]).toEqual([302, `${scene.app.publicUrl}/`])
      expect((await scene.app.navigate('/', scene.jar, host)).status).toBe(200)
      expect(await scene.line('host_mismatch')).toMatchObject({
        level: 'warn',
        hint: 'the proxy should pass Host on, or X-Forwarded-Host with TRUST_PROXY',
      })
    }))

  test('mistake 08 C003-10 realm misspelt', () =>
    play({ issuer: `${realm.issuer}s` }, async ({ app }) => {
      expectPage(await app.navigate('/login'), away)
      expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
        level: 'warn',
        reason: `discovery of issuer ${realm.issuer}s answered 404`,
        hint: expect.stringMatching(
          new RegExp(
            `^nothing is at ${realm.issuer}s/\\.well-known/openid-configuration: is the realm's name in the issuer \\(OIDC_ISSUER\\) right\\?`,
          ),
        ),
      })
    }))

  test('mistake 08 the address of an endpoint for that of the issuer', () =>
    play({ issuer: `${realm.issuer}/protocol/openid-connect/token` }, async ({ app }) => {
      expectPage(await app.navigate('/login'), away)
      expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
        hint: expect.stringContaining(`, but ${realm.issuer} answers: that is the issuer to give`),
      })
    }))

  test('mistake 20 /auth before /realms where there is none', () =>
    play({ issuer: realm.at(realKeycloak().url, '/auth') }, async ({ app }) => {
      expectPage(await app.navigate('/login'), away)
      const tried = `${realKeycloak().url}/auth/realms/mistakes-address/.well-known/openid-configuration`
      expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
        hint: `nothing is at ${tried}, but ${realm.issuer} answers: that is the issuer to give`,
      })
    }))

  test('mistake 20 no /auth where Keycloak is behind one', async () => {
    const proxy = await startPrefixProxy('/auth')
    await realm.setFrontendUrl(`${proxy.origin}/auth`)
    try {
      await play({ issuer: realm.at(proxy.origin) }, async ({ app }) => {
        expectPage(await app.navigate('/login'), away)
        expect(app.log.find(({ code }) => code === 'provider_unavailable')).toMatchObject({
          reason: `discovery of issuer ${realm.at(proxy.origin)} answered 404`,
          hint: expect.stringContaining(
            `but ${proxy.origin}/auth/realms/mistakes-address answers: that is the issuer to give`,
          ),
        })
      })
      await play({ issuer: realm.at(proxy.origin, '/auth') }, async (scene) => {
        expect((await scene.signIn()).status).toBe(303)
      })
    } finally {
      await realm.setFrontendUrl('')
      await proxy.close()
    }
  })
})
