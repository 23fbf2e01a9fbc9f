import { describe, expect, test } from '@jest/globals'
import { silentLog, type LogFields } from '../../../src/log.js'
import { isKeycloak, keycloakAudienceHint, warnOfRefusedRedirectUri } from '../../../src/provider/keycloak.js'
import { readKeycloakRoles } from '../../../src/provider/keycloak-roles.js'
import type { ProviderMetadata } from '../../../src/provider/metadata.js'

const ISSUER = 'https://id.example/realms/demo'
const metadata = (changes: object = {}): ProviderMetadata => ({
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth?x=y`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/certs`,
  end_session_endpoint: `${ISSUER}/protocol/openid-connect/logout`,
  ...changes,
})

describe('isKeycloak', () => {
  test.each([
    [undefined],
    [`${ISSUER}/logout`],
    [`${ISSUER}/protocol/openid-connect/logout/`],
    ['https://other.example/realms/demo/protocol/openid-connect/logout'],
  ])('is false for the end-session endpoint %p', (endpoint) => {
    expect(isKeycloak(metadata({ end_session_endpoint: endpoint }))).toBe(false)
  })

  test('is true for Keycloak’s own', () => {
    expect(isKeycloak(metadata())).toBe(true)
  })
})

describe('hints', () => {
  test.each([[undefined], [7], [''], ['a b'], ['a"b'], ['x'.repeat(101)], ['a\nb'], [['webapp']]])(
    'the audience’s hint does not repeat the party %p',
    (party) => {
      expect(keycloakAudienceHint('api', party)).toMatch(/^tokens of the calling client do not name api: /)
    },
  )

  test('the audience’s hint names client and mapper', () => {
    expect(keycloakAudienceHint('api', 'frontend')).toBe(
      'tokens of frontend do not name api: Clients → frontend → Client scopes → frontend-dedicated → Add mapper → Audience → ' +
        'Included Client Audience: api, Add to access token On',
    )
  })
})

describe('warnOfRefusedRedirectUri', () => {
  async function ask(response: Response): Promise<{ log: LogFields[]; url: URL }> {
    const log: LogFields[] = []
    let url = new URL('about:blank')
    await warnOfRefusedRedirectUri(metadata(), {
      clientId: 'webapp',
      redirectUri: 'https://app.example/authorize',
      backChannel: (asked) => {
        url = new URL(asked)
        return Promise.resolve(response)
      },
      log: { ...silentLog, warn: (fields) => log.push(fields) },
    })
    return { log, url }
  }
  const page = (text: string, status = 400): Response => new Response(`<html>${text}</html>`, { status })

  test.each<[string, Response]>([
    ['a redirect', new Response(null, { status: 302, headers: { location: 'https://app.example' } })],
    ['a page', page('Invalid parameter: redirect_uri', 200)],
    ['trouble', page('Invalid parameter: redirect_uri', 500)],
    ['a refusal for another reason', page('Invalid parameter: scope')],
  ])('C003-17 says nothing after %s', async (_name, response) => {
    expect((await ask(response)).log).toEqual([])
  })

  test('C003-17 names the address that must be listed', async () => {
    const { log } = await ask(page('Invalid parameter: redirect_uri'))
    expect(log).toEqual([
      {
        code: 'redirect_uri_refused',
        redirect_uri: 'https://app.example/authorize',
        hint: expect.stringContaining(
          'Valid redirect URIs must list https://app.example/authorize literally',
        ),
      },
    ])
  })

  test.each(['Client not found.', 'Client disabled.'])(
    'C003-17 says that the client is unknown: %s',
    async (text) => {
      expect((await ask(page(text))).log).toMatchObject([{ code: 'client_refused', client_id: 'webapp' }])
    },
  )

  test('C003-17 asks without showing anybody a form', async () => {
    const { url } = await ask(page(''))
    expect(url.origin + url.pathname).toBe(`${ISSUER}/auth`)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'webapp',
      redirect_uri: 'https://app.example/authorize',
      response_type: 'code',
      prompt: 'none',
      code_challenge_method: 'S256',
    })
  })
})

describe('readKeycloakRoles', () => {
  test.each<[unknown]>([
    [undefined],
    [null],
    [7],
    ['admin'],
    [['admin']],
    [{}],
    [{ roles: null }],
    [{ roles: 'admin' }],
    [{ roles: { 0: 'admin' } }],
    [{ roles: [{ name: 'admin' }, null, 7] }],
  ])('AZ-02 realm_access %p has no role', (realmAccess) => {
    expect(readKeycloakRoles({ realm_access: realmAccess }).realm).toEqual([])
  })

  test.each<[unknown]>([[undefined], [null], [7], ['x'], [[{ roles: ['admin'] }]]])(
    'AZ-02 resource_access %p has no client',
    (access) => {
      expect(Object.keys(readKeycloakRoles({ resource_access: access }).client)).toEqual([])
    },
  )

  test('AZ-01 a client’s roles are that client’s only, whatever it is called', () => {
    const claims = JSON.parse(
      '{"resource_access":{"a":{"roles":["x",7]},"__proto__":{"roles":["y"]},"b":null}}',
    ) as Record<string, unknown>
    const { realm, client } = readKeycloakRoles(claims)
    expect(realm).toEqual([])
    expect(Object.entries(client)).toEqual([
      ['a', ['x']],
      ['__proto__', ['y']],
      ['b', []],
    ])
    expect(client['constructor']).toBeUndefined()
  })
})
