import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { KeyObject } from 'node:crypto'
import { forge } from '../support/forging.js'
import { TestRealm, type RealmFile } from '../support/keycloak-admin.js'
import { startRealApp } from '../support/real-app.js'
import { issuerOf, requestToken, tokenOf, type TokenAnswer } from '../support/real-keycloak.js'
import { createSigningKey, type SigningKey } from '../support/signing.js'
import type { Answer, TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

jest.setTimeout(60_000)

const SCOPE = 'train/TrainJob:*'

let app: TestApp

beforeAll(async () => {
  app = await startRealApp()
})
afterAll(() => app.stop())

const submit = (token?: string, to = app): Promise<Answer> =>
  to.send('/api/train-jobs', {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })

/** The form as it is written in tutorials for APIs of this kind. */
const passwordForm = (client: string, more: Record<string, string> = {}): Record<string, string> => ({
  grant_type: 'password',
  username: 'alice',
  password: 'alice-password',
  client_id: client,
  client_secret: `${client}-secret`,
  ...more,
})

/** What a token that was asked for says in `aud`, and what the API says to it. */
async function audience(
  { to = app, issuer = issuerOf() },
  client: string,
  more: Record<string, string>,
): Promise<[unknown, number]> {
  const { access_token: token } = await requestToken(passwordForm(client, more), issuer)
  return [decodeJwt(token).aud, (await submit(token, to)).status]
}

function expectInvalidToken(answer: Answer): void {
  expect(answer.status).toBe(401)
  expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
}

function expectMissingScope(answer: Answer): void {
  expect(answer.status).toBe(403)
  const challenge = answer.headers['www-authenticate']
  expect(challenge).toContain('error="insufficient_scope"')
  expect(challenge).toContain(`scope="${SCOPE}"`)
}

describe('POST /api/train-jobs with tokens of a real Keycloak', () => {
  test('C001-04 without a token: 401 and a challenge without an error', async () => {
    const answer = await submit()
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="latchkey"/)
    expect(answer.headers['www-authenticate']).not.toContain('error')
  })

  test('C001-01 C001-04 B-6 the password grant with a secret gives the token; the secret is none', async () => {
    expectInvalidToken(await submit('trainer-secret'))
    const token = await requestToken(passwordForm('trainer', { audience: 'train-api' }))
    expect(token.status).toBe(200)
    const answer = await submit(token.access_token)
    expect(answer.status).toBe(201)
    expect(answer.json()).toEqual({
      id: expect.any(String),
      state: 'queued',
      submitted_by: decodeJwt(token.access_token).sub,
    })
  })

  test('C001-03 C001-05 where clients may see few roles, aud is one word or absent; the parameter changes nothing', async () => {
    expect(await audience({}, 'latchkey-foreign', { audience: 'train-api' })).toEqual([undefined, 401])
    for (const more of [{}, { audience: 'other' }])
      expect(await audience({}, 'trainer', more)).toEqual(['train-api', 201])
  })

  test('C001-05 a token of the same realm for another audience is 401', async () => {
    expectInvalidToken(await submit((await tokenOf('alice')).access_token))
    expectInvalidToken(await submit((await tokenOf('alice', 'latchkey-foreign')).access_token))
    // And the other way round.
    expectInvalidToken(await app.bearer((await tokenOf('alice', 'trainer')).access_token))
  })

  test('C001-06 without the scope: 403, and a scope that the client does not have cannot be asked for', async () => {
    expectMissingScope(await submit((await tokenOf('alice', 'trainer-limited')).access_token))
    const asked = await requestToken(passwordForm('trainer-limited', { scope: `openid ${SCOPE}` }))
    expect(asked).toMatchObject({
      status: 400,
      error: 'invalid_scope',
      error_description: expect.stringContaining('Invalid scopes: '),
    })
  })
})

interface Client {
  readonly clientId: string
  fullScopeAllowed: boolean
  optionalClientScopes: string[]
  defaultClientScopes: string[]
}

/** Clients as the console makes them; and another scope, whose word looks as if it were within the first. */
function change({ clientScopes, ...file }: RealmFile): void {
  const scopes = clientScopes as { name: string }[]
  scopes.push({ ...scopes.find(({ name }) => name === SCOPE), name: 'train/TrainJob:read' })
  const clients = file.clients as unknown as Client[]
  for (const client of clients) client.fullScopeAllowed = true
  const trainer = clients.find(({ clientId }) => clientId === 'trainer')
  if (trainer === undefined) throw new Error('the realm has no trainer')
  trainer.defaultClientScopes = trainer.defaultClientScopes.filter((name) => name !== SCOPE)
  trainer.optionalClientScopes.push(SCOPE, 'train/TrainJob:read')
}

describe('clients as the console makes them, in a realm of its own', () => {
  let realm: TestRealm
  let its: TestApp

  beforeAll(async () => {
    realm = await TestRealm.create('train-jobs', { change })
    its = await startRealApp({ issuer: realm.issuer })
  })
  afterAll(async () => {
    await its.stop()
    await realm.remove()
  })

  const tokenFor = (person: string, scope: string): Promise<TokenAnswer> =>
    tokenOf(person, 'trainer', { scope: `openid ${scope}` }, realm.issuer)
  const scopeOf = ({ access_token: token }: TokenAnswer): string[] =>
    String(decodeJwt(token)['scope']).split(' ')

  test('C001-03 C001-05 the audience comes from the mapper alone, beside account; the parameter changes nothing', async () => {
    expect(
      await audience({ to: its, issuer: realm.issuer }, 'latchkey-foreign', { audience: 'train-api' }),
    ).toEqual(['account', 401])
    for (const more of [{}, { audience: 'other' }])
      expect(await audience({ to: its, issuer: realm.issuer }, 'trainer', { ...more, scope: SCOPE })).toEqual(
        [['train-api', 'account'], 201],
      )
  })

  test('C001-06 an optional scope is in no token that did not ask for it, and a narrower one is not covered', async () => {
    expectMissingScope(await submit((await tokenFor('alice', '')).access_token, its))
    const narrow = await tokenFor('alice', 'train/TrainJob:read')
    expect(scopeOf(narrow)).toContain('train/TrainJob:read')
    expectMissingScope(await submit(narrow.access_token, its))
    expect((await submit((await tokenFor('alice', SCOPE)).access_token, its)).status).toBe(201)
  })

  test('C001-10 everybody gets the scope; with a role on its Scope tab it is left out for others, silently', async () => {
    const statuses = async (): Promise<number[]> => {
      const tokens = await Promise.all(['alice', 'carol', 'bob'].map((person) => tokenFor(person, SCOPE)))
      expect(tokens.map(({ status }) => status)).toEqual([200, 200, 200])
      return Promise.all(tokens.map(async (token) => (await submit(token.access_token, its)).status))
    }
    expect(await statuses()).toEqual([201, 201, 201])

    const scopes = (await realm.admin('/client-scopes')) as { id: string; name: string }[]
    const id = scopes.find(({ name }) => name === SCOPE)?.id ?? ''
    const editor = await realm.admin('/roles/editor')
    await realm.admin(`/client-scopes/${id}/scope-mappings/realm`, { method: 'POST', body: [editor] })
    expect(await statuses()).toEqual([403, 403, 201])
    const carol = await tokenFor('carol', SCOPE)
    expect(carol.error).toBeUndefined()
    expect(scopeOf(carol)).not.toContain(SCOPE)
  })
})

describe('the keys of a real Keycloak', () => {
  let realm: TestRealm
  let its: TestApp

  beforeAll(async () => {
    realm = await TestRealm.create('train-keys')
    its = await startRealApp({ issuer: realm.issuer, jwksCooldown: 1 })
  })
  afterAll(async () => {
    await its.stop()
    await realm.remove()
  })

  interface PublishedKey {
    readonly kid: string
    readonly alg: string
    readonly use: string
    readonly n: string
  }
  const keysOf = async (): Promise<readonly PublishedKey[]> => {
    const response = await fetch(`${realm.issuer}/protocol/openid-connect/certs`)
    return ((await response.json()) as { keys: PublishedKey[] }).keys
  }

  /** Gives the realm a key of ours for a purpose, and returns how it publishes it. */
  async function publish(key: SigningKey, providerId: string, alg: string): Promise<PublishedKey> {
    const { id } = (await realm.admin('')) as { id: string }
    const privateKey = KeyObject.from(key.privateKey).export({ type: 'pkcs8', format: 'pem' })
    await realm.admin('/components', {
      method: 'POST',
      body: {
        name: `ours for ${providerId}`,
        providerId,
        providerType: 'org.keycloak.keys.KeyProvider',
        parentId: id,
        config: {
          privateKey: [privateKey],
          algorithm: [alg],
          priority: ['1'],
          enabled: ['true'],
          active: ['true'],
        },
      },
    })
    const published = (await keysOf()).find((one) => one.n === key.publicJwk.n && one.alg === alg)
    if (published === undefined) throw new Error(`the realm does not publish its key for ${providerId}`)
    return published
  }

  test('C001-11 a key that is published for encryption never verifies a token', async () => {
    const theirs = (await keysOf()).find(({ use }) => use === 'enc')
    expect(theirs).toMatchObject({ alg: 'RSA-OAEP', kid: expect.any(String) })

    // Nobody has the private half of that one. With one of our own, published just so, a token can be signed.
    const ours = await createSigningKey()
    const { kid, use } = await publish(ours, 'rsa-enc', 'RSA-OAEP')
    expect(use).toBe('enc')
    const { access_token: good } = await tokenOf('alice', 'trainer', {}, realm.issuer)
    const claims = decodeJwt(good)
    for (const alg of ['RS256', 'PS256', 'RSA-OAEP']) {
      const signedAs = alg === 'RSA-OAEP' ? 'RS256' : alg
      expectInvalidToken(await submit(forge({ alg, typ: 'JWT', kid }, claims, ours, signedAs), its))
    }
    expect((await submit(good, its)).status).toBe(201)

    // The same key verifies the same token when the realm publishes it for signing.
    const signing = await publish(ours, 'rsa', 'RS256')
    const token = forge({ alg: 'RS256', typ: 'JWT', kid: signing.kid }, claims, ours)
    await until(async () => ((await submit(token, its)).status === 201 ? true : undefined))
  })
})
