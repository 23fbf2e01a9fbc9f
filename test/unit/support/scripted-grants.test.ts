import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { ACCESS_TOKEN_TYPE, GRANTS } from '../../support/scripted-grants.js'
import {
  AUDIENCE,
  CLIENT_ID,
  CLIENT_SECRET,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { createSigningKey, sign } from '../../support/signing.js'

type Form = Record<string, string>
interface Said {
  readonly status: number
  readonly body: Record<string, unknown>
}

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(() => {
  provider.reset()
  provider.addPerson('alice')
})
afterAll(() => provider.close())

const SECRET = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET }
const PUBLIC = { client_id: PUBLIC_CLIENT_ID }
const ALICE = { grant_type: GRANTS.password, username: 'alice', password: 'alice-password', scope: 'openid' }
const SERVICE = { grant_type: GRANTS.clientCredentials, ...SECRET }

async function post(endpoint: string, form: Form, headers: Form = {}): Promise<Said> {
  const address = provider.discoveryDocument()[endpoint]
  const response = await fetch(String(address), { method: 'POST', body: new URLSearchParams(form), headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const ask = (form: Form, headers: Form = {}): Promise<Said> => post('token_endpoint', form, headers)
const introspect = (token: unknown, more: Form = SECRET): Promise<Said> =>
  post('introspection_endpoint', { token: String(token), ...more })

async function expectRefusal(answer: Promise<Said>, status: number, error: string): Promise<void> {
  expect(await answer).toMatchObject({ status, body: { error, error_description: expect.any(String) } })
}

describe('who asks', () => {
  const basic = (secret: string): Form => ({
    authorization: `Basic ${Buffer.from(`${CLIENT_ID}:${secret}`).toString('base64')}`,
  })

  test.each<[string, Form, Form, number, string]>([
    ['nobody', {}, {}, 401, 'invalid_client'],
    ['an unknown client', { client_id: 'x' }, {}, 401, 'invalid_client'],
    ['the client without its secret', { client_id: CLIENT_ID }, {}, 401, 'unauthorized_client'],
    [
      'a wrong secret in the form',
      { client_id: CLIENT_ID, client_secret: 'x' },
      {},
      401,
      'unauthorized_client',
    ],
    ['a wrong secret as Basic', {}, basic('x'), 401, 'unauthorized_client'],
    ['the secret twice', SECRET, basic(CLIENT_SECRET), 400, 'invalid_request'],
  ])('%s is refused', (_who, form, headers, status, error) =>
    expectRefusal(ask({ ...ALICE, ...form }, headers), status, error),
  )

  test('Basic, the form, and a client without a secret are taken; each grant is counted', async () => {
    for (const [form, headers] of [
      [{}, basic(CLIENT_SECRET)],
      [SECRET, {}],
      [PUBLIC, {}],
    ] as [Form, Form][])
      expect((await ask({ ...ALICE, ...form }, headers)).status).toBe(200)
    expect([provider.grants(GRANTS.password), provider.grants(GRANTS.refresh)]).toEqual([3, 0])
  })

  test('a test can say who asks', async () => {
    provider.authenticate = ({ form }) =>
      form.has('client_assertion') ? { id: 'by-assertion', isPublic: false } : undefined
    const { body } = await ask({ ...ALICE, client_assertion: 'x' })
    expect(decodeJwt(String(body['access_token']))['azp']).toBe('by-assertion')
    await expectRefusal(ask({ ...ALICE, client_id: 'x' }), 401, 'invalid_client')
  })
})

describe('the password grant', () => {
  test.each<[string, Form, number, string]>([
    ['a wrong password', { password: 'x' }, 400, 'invalid_grant'],
    ['nobody known', { username: 'x' }, 400, 'invalid_grant'],
    ['a scope that is not known', { scope: 'openid what' }, 400, 'invalid_scope'],
  ])('%s is refused', (_what, form, status, error) => {
    provider.knownScopes = new Set(['openid'])
    return expectRefusal(ask({ ...ALICE, ...PUBLIC, ...form }), status, error)
  })

  test('no user name, a switch that is off, an unfinished account and a missing code are refused', async () => {
    const { username, ...nobody } = ALICE
    await expectRefusal(ask({ ...nobody, ...PUBLIC }), 401, 'invalid_request')
    provider.addPerson('dave', { otp: '123456' })
    provider.addPerson('carol', { refusal: 'Account is not fully set up' })
    const sign = (name: string, more = {}): Promise<Said> =>
      ask({ ...ALICE, ...PUBLIC, username: name, password: `${name}-password`, ...more })
    await expectRefusal(sign('dave'), 400, 'invalid_grant')
    await expectRefusal(sign('carol'), 400, 'invalid_grant')
    for (const field of ['otp', 'totp']) expect((await sign('dave', { [field]: '123456' })).status).toBe(200)
    provider.disabledGrants.add(GRANTS.password)
    await expectRefusal(sign(username), 400, 'unauthorized_client')
  })

  test('gives what Keycloak gives, and an ID token only with openid', async () => {
    const { body } = await ask({ ...ALICE, ...PUBLIC })
    const names =
      'access_token expires_in id_token not-before-policy refresh_expires_in refresh_token scope session_state token_type'
    expect(Object.keys(body).toSorted().join(' ')).toBe(names)
    expect((await ask({ ...ALICE, ...PUBLIC, scope: '' })).body).not.toHaveProperty('id_token')
  })

  test('its refresh tokens rotate, belong to their client, and a second use ends the login', async () => {
    const refresh = (token: unknown, client: Form = PUBLIC): Promise<Said> =>
      ask({ grant_type: GRANTS.refresh, refresh_token: String(token), ...client })
    const first = (await ask({ ...ALICE, ...PUBLIC })).body['refresh_token']
    const second = (await refresh(first)).body['refresh_token']
    expect(second).not.toBe(first)
    await expectRefusal(refresh(first), 400, 'invalid_grant')
    expect(provider.families.reused).toBe(1)
    await expectRefusal(refresh(second), 400, 'invalid_grant')
    const other = (await ask({ ...ALICE, ...PUBLIC })).body['refresh_token']
    await expectRefusal(refresh(other, SECRET), 400, 'invalid_grant')
  })
})

describe('the client-credentials grant', () => {
  test('is not for a public client, nor with its switch off', async () => {
    await expectRefusal(ask({ ...SERVICE, ...PUBLIC, client_secret: 'x' }), 401, 'unauthorized_client')
    provider.disabledGrants.add(GRANTS.clientCredentials)
    await expectRefusal(ask(SERVICE), 401, 'unauthorized_client')
  })

  test('has a refresh token only with the compatibility switch', async () => {
    const { body } = await ask(SERVICE)
    expect(body).toMatchObject({ refresh_expires_in: 0 })
    for (const name of ['refresh_token', 'session_state', 'id_token']) expect(body).not.toHaveProperty(name)
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      preferred_username: `service-account-${CLIENT_ID}`,
      client_id: CLIENT_ID,
    })
    provider.refreshForClientCredentials = true
    const { body: withToken } = await ask(SERVICE)
    const token = String(withToken['refresh_token'])
    const again = await ask({ grant_type: GRANTS.refresh, refresh_token: token, ...SECRET })
    expect(decodeJwt(String(again.body['access_token']))['client_id']).toBe(CLIENT_ID)
  })
})

describe('token exchange and assertions', () => {
  test('the exchange is for who is in the audience, from access token to access token', async () => {
    const subject = String((await ask({ ...ALICE, ...PUBLIC })).body['access_token'])
    const form = { grant_type: GRANTS.tokenExchange, subject_token: subject, ...SECRET }
    const exchange = (more: Form = {}): Promise<Said> =>
      ask({ ...form, subject_token_type: ACCESS_TOKEN_TYPE, ...more })
    await expectRefusal(exchange(), 403, 'access_denied')
    provider.audience = [CLIENT_ID, AUDIENCE]
    const mine = String((await ask({ ...ALICE, ...PUBLIC })).body['access_token'])
    await expectRefusal(ask({ ...form, subject_token: mine }), 400, 'invalid_request')
    await expectRefusal(exchange({ subject_token: 'x' }), 400, 'invalid_request')
    await expectRefusal(exchange({ subject_token: mine, audience: 'x' }), 400, 'invalid_request')
    const { body } = await exchange({ subject_token: mine, audience: AUDIENCE })
    expect(body).toMatchObject({ issued_token_type: ACCESS_TOKEN_TYPE, token_type: 'Bearer' })
    expect(body).not.toHaveProperty('refresh_token')
    const claims = decodeJwt(String(body['access_token']))
    expect(claims).toMatchObject({ sub: decodeJwt(mine).sub, azp: CLIENT_ID, aud: [AUDIENCE] })
  })

  test('an assertion must be signed by whom the provider trusts, and be for the provider', async () => {
    const friend = await createSigningKey()
    const exp = Math.floor(Date.now() / 1000) + 60
    const bear = async (aud: string, key = friend): Promise<Said> =>
      ask({ grant_type: GRANTS.jwtBearer, assertion: await sign({ sub: 'x', aud, exp }, key), ...SECRET })
    await expectRefusal(bear(provider.issuer), 400, 'invalid_grant')
    provider.assertionKeys = [friend]
    await expectRefusal(bear('elsewhere'), 400, 'invalid_grant')
    const { body } = await bear(provider.issuer)
    expect(decodeJwt(String(body['access_token']))['sub']).toBe('x')
  })
})

describe('introspection', () => {
  test('is for clients with a secret', async () => {
    await expectRefusal(introspect('x', PUBLIC), 403, 'invalid_request')
    await expectRefusal(introspect('x', { ...SECRET, client_secret: 'x' }), 401, 'invalid_client')
    await expectRefusal(introspect(''), 400, 'invalid_request')
  })

  test('a token is active only for its audience, and until it is revoked', async () => {
    const inactive = { status: 200, body: { active: false } }
    const foreign = await ask({ ...ALICE, ...PUBLIC })
    expect(await introspect(foreign.body['access_token'])).toEqual(inactive)
    provider.audience = [CLIENT_ID]
    const { body } = await ask({ ...ALICE, ...PUBLIC })
    expect(await introspect(body['access_token'])).toMatchObject({
      body: { active: true, username: 'alice' },
    })
    for (const other of [body['id_token'], body['refresh_token'], 'x'])
      expect(await introspect(other)).toEqual(inactive)
    const hint = { ...SECRET, token_type_hint: 'refresh_token' }
    expect(await introspect(body['refresh_token'], hint)).toEqual({ status: 200, body: { active: true } })
    await post('revocation_endpoint', { token: String(body['refresh_token']), ...PUBLIC })
    expect(await introspect(body['access_token'])).toEqual(inactive)
    provider.accessTokenLife = -1
    const late = await ask({ ...ALICE, ...PUBLIC })
    expect(await introspect(late.body['access_token'])).toEqual(inactive)
  })
})
