import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import {
  createClientCredentialsProvider,
  createPasswordProvider,
  createTokenExchangeProvider,
  TokenError,
  type TokenProvider,
} from '../../src/tokens.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { realKeycloak, requestToken } from '../support/real-keycloak.js'

jest.setTimeout(60_000)

const ALICE = { username: 'alice', password: 'alice-password' }

/** What a provider fails with. */
async function failureOf(provider: TokenProvider): Promise<TokenError> {
  const error: unknown = await provider().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TokenError)
  return error as TokenError
}

/** As docs/troubleshooting.md lists it. */
const seen = ({ status, error, error_description: words }: TokenError): string =>
  `${status} ${error}: ${words ?? ''}`

describe('the grants at a real Keycloak', () => {
  let realm: TestRealm
  let common: { readonly issuer: string; readonly timeout: number }
  const secretOf = (clientId: string) => ({ clientId, clientSecret: `${clientId}-secret` })

  beforeAll(async () => {
    realm = await TestRealm.create('grants', {
      change: (file) => {
        const client = (clientId: string, more: Record<string, unknown>): void => {
          const service = file.clients.find((known) => known.clientId === 'latchkey-service')
          const secret = `${clientId}-secret`
          file.clients.push({ ...service, clientId, secret, attributes: {}, ...more })
        }
        client('no-refresh', {})
        client('no-service', { serviceAccountsEnabled: false, directAccessGrantsEnabled: false })
        client('consent', { directAccessGrantsEnabled: true, consentRequired: true })
        client('no-mapper', { directAccessGrantsEnabled: true, protocolMappers: [] })
        const users = file['users'] as Record<string, unknown>[]
        const password = [{ type: 'password', value: 'frank-password' }]
        users.push({ username: 'frank', enabled: true, credentials: password })
        users.push({ username: 'grace', enabled: false, credentials: password, email: 'grace@example.test' })
        Object.assign(users.at(-1) ?? {}, { firstName: 'Grace', lastName: 'Green' })
      },
    })
    common = { issuer: realm.issuer, timeout: 10 }
  })
  afterAll(() => realm.remove())

  const publicClient = () => ({ ...common, clientId: 'latchkey-public' })

  test('C000-03 public client: one answer with all that Keycloak gives, the ID token with openid only', async () => {
    const form = { grant_type: 'password', client_id: 'latchkey-public', ...ALICE, scope: 'openid' }
    expect(Object.keys(await requestToken(form, realm.issuer)).sort()).toEqual(
      [
        'access_token',
        'expires_in',
        'id_token',
        'not-before-policy',
        'refresh_expires_in',
        'refresh_token',
        'scope',
        'session_state',
        'status',
        'token_type',
      ].sort(),
    )
    const tokens = await createPasswordProvider({ ...publicClient(), ...ALICE, scope: 'openid' }).tokens()
    expect(decodeJwt(tokens.accessToken)).toMatchObject({
      azp: 'latchkey-public',
      preferred_username: 'alice',
    })
    expect(decodeJwt(tokens.idToken ?? '')).toMatchObject({ aud: 'latchkey-public' })
    expect(tokens.tokenType).toBe('bearer')
    expect(tokens.scope?.split(' ')).toContain('openid')
    expect(tokens.refreshToken).toMatch(/./)
    expect(tokens.expiresAt - tokens.obtainedAt).toBe(300_000)
    const without = await createPasswordProvider({ ...publicClient(), ...ALICE }).tokens()
    expect(without.idToken).toBeUndefined()
  })

  test('C000-04 wrong password and unknown user are the same error; a missing name has its own', async () => {
    const wrong = { ...ALICE, password: 'wrong-password' }
    const nobody = { username: 'nobody', password: 'nobody-password' }
    const [first, second] = await Promise.all(
      [wrong, nobody].map((who) => failureOf(createPasswordProvider({ ...publicClient(), ...who }))),
    )
    const same = {
      error: 'invalid_grant',
      error_description: 'Invalid user credentials',
      code: 'grant_refused',
    }
    expect(first).toMatchObject(same)
    expect(second).toMatchObject(same)
    expect(second?.status).toBe(first?.status)
    const raw = { grant_type: 'password', client_id: 'latchkey-public' }
    expect(await requestToken({ ...raw, username: 'alice' }, realm.issuer)).toMatchObject({
      error: 'invalid_grant',
    })
    expect(await requestToken({ ...raw, password: 'x' }, realm.issuer)).toMatchObject({
      error: 'invalid_request',
      error_description: 'Missing parameter: username',
    })
    // Ours never sends such a request.
    expect(() => createPasswordProvider({ ...publicClient(), username: '', password: 'x' })).toThrow(
      /username is empty/,
    )
  })

  test('C000-05 C001-07 B-1 direct access grants off: the hint names the switch', async () => {
    const error = await failureOf(
      createPasswordProvider({ ...common, ...secretOf('latchkey-service'), ...ALICE }),
    )
    expect(seen(error)).toBe('400 unauthorized_client: Client not allowed for direct access grants')
    expect(error.code).toBe('client_refused')
    expect(error.hint).toBe(
      'Clients → latchkey-service → Settings → Capability config → Direct access grants On (off by default)',
    )
  })

  test('C000-07 C000-08 A-10 confidential client: basic and post; wrong secret, none, unknown client', async () => {
    const confidential = { ...common, ...ALICE }
    const wrong = [
      [{ clientId: 'latchkey-confidential', clientSecret: 'wrong-secret' }, 'unauthorized_client'],
      [
        { clientId: 'latchkey-confidential', clientSecret: 'x', clientAuthentication: 'client_secret_post' },
        'unauthorized_client',
      ],
      [{ clientId: 'latchkey-confidential' }, 'unauthorized_client'],
      [{ clientId: 'nobody', clientSecret: 'x' }, 'invalid_client'],
    ] as const
    for (const [client, word] of wrong) {
      const error = await failureOf(createPasswordProvider({ ...confidential, ...client }))
      expect(error).toMatchObject({ status: 401, error: word, code: 'client_refused' })
      expect(error.error_description).toBe('Invalid client or Invalid client credentials')
    }
    for (const clientAuthentication of ['client_secret_basic', 'client_secret_post'] as const) {
      const client = { ...secretOf('latchkey-confidential'), clientAuthentication }
      const token = await createPasswordProvider({ ...confidential, ...client })()
      expect(decodeJwt(token)).toMatchObject({ azp: 'latchkey-confidential' })
    }
  })

  test('C000-09 C002-10 service account: the token names it', async () => {
    const provider = createClientCredentialsProvider({ ...common, ...secretOf('latchkey-service') })
    expect(decodeJwt(await provider())).toMatchObject({
      preferred_username: 'service-account-latchkey-service',
      client_id: 'latchkey-service',
      clientHost: expect.any(String),
      clientAddress: expect.any(String),
    })
  })

  test('C000-10 A-2 client credentials with and without refresh token are renewed alike', async () => {
    const withOne = createClientCredentialsProvider({ ...common, ...secretOf('latchkey-service') })
    expect((await withOne.tokens()).refreshToken).toMatch(/./)
    const provider = createClientCredentialsProvider({ ...common, ...secretOf('no-refresh') })
    const first = await provider.tokens()
    expect(first.refreshToken).toBeUndefined()
    const second = await provider.renew()
    expect(second).not.toBe(first.accessToken)
    const logins = (await realm.events('CLIENT_LOGIN')).filter(({ clientId }) => clientId === 'no-refresh')
    expect(logins).toHaveLength(2)
  })

  test('C000-11 B-2 public client and service accounts off: the hint names the switch', async () => {
    const ofPublic = await failureOf(createClientCredentialsProvider(publicClient()))
    expect(seen(ofPublic)).toBe(
      '401 unauthorized_client: Public client not allowed to retrieve service account',
    )
    expect(ofPublic.hint).toContain(
      'latchkey-public → Settings → Capability config → Client authentication On',
    )
    const off = await failureOf(createClientCredentialsProvider({ ...common, ...secretOf('no-service') }))
    expect(seen(off)).toBe('401 unauthorized_client: Client not enabled to retrieve service account')
    expect(off.hint).toBe('Clients → no-service → Settings → Capability config → Service account roles On')
  })

  test('C001-08 consent, an account that is not set up, a disabled one: each says what mends it', async () => {
    const consent = await failureOf(createPasswordProvider({ ...common, ...secretOf('consent'), ...ALICE }))
    expect(seen(consent)).toBe('400 invalid_client: Client requires user consent')
    expect(consent.hint).toContain('Consent required Off')
    const frank = { username: 'frank', password: 'frank-password' }
    const unfinished = await failureOf(createPasswordProvider({ ...publicClient(), ...frank }))
    expect(seen(unfinished)).toBe('400 invalid_grant: Account is not fully set up')
    expect(unfinished.hint).toContain('Required user actions')
    const grace = { username: 'grace', password: 'frank-password' }
    const disabled = await failureOf(createPasswordProvider({ ...publicClient(), ...grace }))
    expect(seen(disabled)).toBe('400 invalid_grant: Account disabled')
    expect(disabled.hint).toContain('Enabled On')
  })

  test('C001-06 a scope that the client does not have is invalid_scope, and the hint says where to add it', async () => {
    const client = { ...common, ...secretOf('trainer-limited'), ...ALICE }
    const error = await failureOf(createPasswordProvider({ ...client, scope: 'train/TrainJob:*' }))
    expect(error).toMatchObject({ error: 'invalid_scope', code: 'grant_refused' })
    expect(error.hint).toContain('Clients → trainer-limited → Client scopes')
  })

  test('C000-02 A-1 B-7 with /auth that the server does not have, the error names the address that answers', async () => {
    const { url } = realKeycloak()
    const issuer = `${url}/auth/realms/${realm.name}`
    const error = await failureOf(createPasswordProvider({ ...publicClient(), ...ALICE, issuer }))
    expect(error.code).toBe('unavailable')
    expect(error.message).toContain(issuer)
    expect(error.hint).toContain(`${realm.issuer} answers`)
    const tokenEndpoint = (at: string): string => `${at}/protocol/openid-connect/token`
    const direct = { clientId: 'latchkey-public', timeout: 10, ...ALICE }
    const alone = await failureOf(createPasswordProvider({ ...direct, tokenEndpoint: tokenEndpoint(issuer) }))
    expect(alone.hint).toBe(
      `nothing is at ${tokenEndpoint(issuer)}, but ${tokenEndpoint(realm.issuer)} answers: that is the address to give`,
    )
    const misspelt = await failureOf(
      createPasswordProvider({ ...publicClient(), ...ALICE, issuer: `${realm.issuer}s` }),
    )
    expect(misspelt.hint).toContain("is the realm's name in the issuer (OIDC_ISSUER) right?")
  })

  test('token exchange: a token for the API becomes one of the API’s own, for the same person', async () => {
    const subjectToken = createPasswordProvider({ ...publicClient(), ...ALICE })
    const exchanged = createTokenExchangeProvider({ ...common, ...secretOf('latchkey-api'), subjectToken })
    const [before, after] = [decodeJwt(await subjectToken()), decodeJwt(await exchanged())]
    expect(after).toMatchObject({ azp: 'latchkey-api', sub: before.sub })
    const unavailable = createTokenExchangeProvider({
      ...common,
      ...secretOf('latchkey-api'),
      subjectToken,
      audience: 'train-api',
    })
    const error = await failureOf(unavailable)
    expect(error.error_description).toContain('audience')
    expect(error.hint).toContain('Included Client Audience')
    const nobody = createTokenExchangeProvider({
      ...common,
      ...secretOf('latchkey-api'),
      subjectToken,
      audience: 'nobody',
    })
    expect((await failureOf(nobody)).hint).toContain('no client of this realm')
    const off = createTokenExchangeProvider({ ...common, ...secretOf('latchkey-confidential'), subjectToken })
    expect((await failureOf(off)).hint).toContain('Standard Token Exchange On')
  })
})
