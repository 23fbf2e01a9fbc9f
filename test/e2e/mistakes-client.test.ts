import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { client, expectDocumented, expectPage, MistakesRealm, Scene, SECRET } from '../support/mistakes.js'

jest.setTimeout(60_000)

/** Mistakes in the console and in the settings that name our client, each made for real. */
describe('mistakes about the client', () => {
  let realm: MistakesRealm

  beforeAll(async () => {
    realm = await MistakesRealm.create('mistakes-client', [
      client('good'),
      client('no-redirect', { redirectUris: undefined }),
      client('slash', { redirectUris: ['http://127.0.0.1/authorize/'] }),
      client('other-name', { redirectUris: ['http://localhost/authorize'] }),
      client('disabled', { enabled: false }),
      client('later-disabled'),
      client('made-public', { publicClient: true }),
      client('signs-its-proof', { clientAuthenticatorType: 'client-secret-jwt' }),
      client('no-standard-flow', { standardFlowEnabled: false }),
      client('no-post-logout', { attributes: {} }),
      client('post-logout-no-slash', {
        attributes: { 'post.logout.redirect.uris': 'http://127.0.0.1/signed-out' },
      }),
    ])
  })
  afterAll(() => realm.remove())

  const play = (options: object, run: (scene: Scene) => Promise<void>): Promise<void> =>
    Scene.play({ issuer: realm.issuer, clientId: 'good', ...options }, run)

  /** Where Keycloak never leads back. */
  async function expectErrorPageOfKeycloak(scene: Scene, words: string, path = '/login'): Promise<void> {
    const page = await scene.pageOfKeycloak(path)
    expect([page.status, page.html]).toEqual([400, expect.stringContaining(words)])
    expectDocumented(words)
  }

  const refusedClient = {
    status: 502,
    code: 'client_refused',
    title: 'Keycloak does not accept this application',
  }
  const refusedRequest = {
    status: 400,
    code: 'refused_by_provider',
    title: 'Keycloak refused the sign-in',
  }

  test('mistake 00 no mistake: everything here works, and the log has no hint', () =>
    play({}, async (scene) => {
      const { app, jar, visitor } = scene
      expect((await scene.signIn()).status).toBe(303)
      const back = await visitor.open((await app.signOut(jar)).location ?? '')
      expect((back as URL).href).toMatch(new RegExp(`^${app.publicUrl}/\\?state=`))
      expect(app.log.filter(({ hint }) => hint !== undefined)).toEqual([])
    }))

  test('mistake 01 wrong client secret', () =>
    play({ clientSecret: `${SECRET}-of-yesterday` }, async (scene) => {
      expectPage(await scene.signIn(), refusedClient)
      expect(await scene.line('client_refused')).toMatchObject({
        level: 'error',
        status: 502,
        reason: 'the token endpoint answered unauthorized_client',
        hint: expect.stringMatching(
          /^clientSecret \(OIDC_CLIENT_SECRET\) is not the secret of this client \(Clients → good → Credentials → Client Secret\)/,
        ),
      })
      expect(await scene.app.whoami(scene.jar)).toBeUndefined()
    }))

  test.each([['no-redirect'], ['slash'], ['other-name']])(
    'mistake 02 C003-17 redirect URI not registered literally (%s)',
    (clientId) =>
      play({ clientId }, async (scene) => {
        await expectErrorPageOfKeycloak(scene, 'Invalid parameter: redirect_uri')
        const ours = `${scene.app.publicUrl}/authorize`
        expect(await scene.line('redirect_uri_refused')).toMatchObject({
          level: 'warn',
          redirect_uri: ours,
          hint: `Clients → ${clientId} → Settings → Valid redirect URIs must list ${ours} literally (host, port, no slash more or less)`,
        })
      }),
  )

  test('mistake 09 C003-08 registration off', () =>
    play({}, async (scene) => {
      expectPage(await scene.app.navigate('/register'), {
        status: 404,
        code: 'registration_off',
        title: 'Accounts cannot be created here',
      })
      expect(await scene.line('registration_off')).toMatchObject({
        hint: 'Realm settings → Login → User registration',
      })
      expect((await scene.app.navigate('/')).body).not.toContain('href="/register"')
      await expectErrorPageOfKeycloak(scene, 'Registration not allowed', '/login?prompt=create')
    }))

  test.each([
    ['goood', 'Client not found.'],
    ['disabled', 'Client disabled.'],
  ])('mistake 12 client id misspelt, or client disabled (%s)', (clientId, words) =>
    play({ clientId }, async (scene) => {
      await expectErrorPageOfKeycloak(scene, words)
      expect(await scene.line('client_refused')).toMatchObject({
        level: 'warn',
        client_id: clientId,
        hint: 'is OIDC_CLIENT_ID the id of an enabled client of this realm?',
      })
    }),
  )

  test('mistake 12 client id misspelt, in a realm whose language is German', async () => {
    const german = { internationalizationEnabled: true, supportedLocales: ['de', 'en'], defaultLocale: 'de' }
    await realm.set(german)
    try {
      await play({ clientId: 'goood' }, async (scene) => {
        expect((await scene.pageOfKeycloak()).html).toContain('Client nicht gefunden.')
        expect(await scene.line('client_refused')).toMatchObject({ client_id: 'goood' })
      })
    } finally {
      await realm.set({ internationalizationEnabled: false })
    }
  })

  test('mistake 12 client disabled while somebody was signing in', () =>
    play({ clientId: 'later-disabled' }, async (scene) => {
      const callback = await scene.comeBack()
      await realm.change('clients', 'clientId=later-disabled', { enabled: false })
      expectPage(await scene.app.callback(callback, scene.jar), refusedClient)
      expect(await scene.line('client_refused')).toMatchObject({
        reason: 'the token endpoint answered invalid_client',
        hint: expect.stringMatching(/^is later-disabled the Client ID of an enabled client of this realm\? /),
      })
    }))

  test.each([
    { clientSecret: 'not-the-secret-at-all' },
    { clientSecret: undefined, clientAuthentication: 'none' },
  ])('mistake 13 client made public while we send a secret: it works, with any secret and none', (options) =>
    play({ clientId: 'made-public', ...options }, async (scene) => {
      expect((await scene.signIn()).status).toBe(303)
      expect(await scene.app.whoami(scene.jar)).toMatchObject({ username: 'ann' })
      // Keycloak ignores the secret of a public client: nothing to be seen, so the documentation must say it.
      expect(scene.app.log.filter(({ hint }) => hint !== undefined)).toEqual([])
    }),
  )

  test('mistake 13 client is confidential, and OIDC_CLIENT_AUTH=none', () =>
    play({ clientAuthentication: 'none', clientSecret: undefined }, async (scene) => {
      expectPage(await scene.signIn(), refusedClient)
      expect(await scene.line('client_refused')).toMatchObject({
        reason: 'the token endpoint answered unauthorized_client',
        hint: expect.stringContaining('none is for a client with Client authentication Off'),
      })
    }))

  test.each([
    { clientId: 'signs-its-proof' },
    { clientId: 'good', clientAuthentication: 'client_secret_jwt' },
  ])('mistake 13 the client proves itself in another way than the console says: %j', (options) =>
    play(options, async (scene) => {
      expectPage(await scene.signIn(), refusedClient)
      expect(await scene.line('client_refused')).toMatchObject({
        hint: expect.stringMatching(/OIDC_CLIENT_AUTH/),
      })
    }),
  )

  test('mistake 14 Standard flow off', () =>
    play({ clientId: 'no-standard-flow' }, async (scene) => {
      const back = await scene.visitor.open(await scene.app.beginLogin(scene.jar))
      expect((back as URL).searchParams.get('error')).toBe('unauthorized_client')
      expectPage(await scene.app.callback(back as URL, scene.jar), refusedRequest)
      expect(await scene.line('refused_by_provider')).toMatchObject({
        level: 'warn',
        reason: 'the authorization server answered unauthorized_client',
        hint: 'Clients → no-standard-flow → Settings → Capability config → Standard flow On',
      })
    }))

  test('mistake 15 a scope that the client does not have', () =>
    play({ scope: 'openid documents:read' }, async (scene) => {
      const back = await scene.visitor.open(await scene.app.beginLogin(scene.jar))
      expect((back as URL).searchParams.get('error')).toBe('invalid_scope')
      expectPage(await scene.app.callback(back as URL, scene.jar), refusedRequest)
      expect(await scene.line('refused_by_provider')).toMatchObject({
        reason: 'the authorization server answered invalid_scope',
        hint: 'OIDC_SCOPE (openid documents:read) names a scope that the client does not have: Clients → good → Client scopes → Add client scope',
      })
    }))

  test.each([['no-post-logout'], ['post-logout-no-slash']])(
    'mistake 16 post-logout redirect URI not registered (%s)',
    (clientId) =>
      play({ clientId }, async (scene) => {
        const { app, jar, visitor } = scene
        expect((await scene.signIn()).status).toBe(303)
        const ours = `${app.publicUrl}/`
        expect(await scene.line('post_logout_redirect_uri_refused')).toMatchObject({
          level: 'warn',
          post_logout_redirect_uri: ours,
          hint: `Clients → ${clientId} → Settings → Valid post logout redirect URIs must list ${ours} literally (host, port, the slash at the end)`,
        })
        const before = jar.copy()
        const page = await visitor.open((await app.signOut(jar)).location ?? '')
        expect(page).toMatchObject({ status: 400, html: expect.stringContaining('Invalid redirect uri') })
        expectDocumented('Invalid redirect uri')
        // Both sessions are over all the same.
        expect(await app.whoami(before)).toBeUndefined()
        expect((await scene.pageOfKeycloak()).html).toContain('kc-form-login')
      }),
  )
})
