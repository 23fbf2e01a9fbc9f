import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createPublicKey, randomUUID, type KeyObject } from 'node:crypto'
import { decodeJwt, SignJWT } from 'jose'
import { createJwtBearerProvider, TokenError, type TokenProvider } from '../../src/tokens.js'
import { ecKey } from '../support/client-files.js'
import { TestRealm } from '../support/keycloak-admin.js'

jest.setTimeout(60_000)

/** Whom the realm trusts, and what that one calls alice. */
const ISSUER = 'https://workloads.example.test'
const SUBJECT = 'workload-7'
const GRANT = 'oauth2.jwt.authorization.grant'

let realm: TestRealm
let key: KeyObject

beforeAll(async () => {
  key = ecKey()
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  realm = await TestRealm.create('jwt-bearer', {
    change(file) {
      const attributes = { [`${GRANT}.enabled`]: 'true', [`${GRANT}.idp`]: 'workloads' }
      const client = file.clients.find(({ clientId }) => clientId === 'latchkey-confidential')
      Object.assign(client ?? {}, { attributes: { ...client?.attributes, ...attributes } })
      file['identityProviders'] = [
        {
          alias: 'workloads',
          providerId: 'jwt-authorization-grant',
          enabled: true,
          config: {
            issuer: ISSUER,
            jwtAuthorizationGrantEnabled: 'true',
            useJwksUrl: 'false',
            publicKeySignatureVerifier: publicKey,
          },
        },
      ]
    },
  })
  const body = { identityProvider: 'workloads', userId: SUBJECT, userName: SUBJECT }
  await realm.admin(`/users/${await realm.userId('alice')}/federated-identity/workloads`, {
    method: 'POST',
    body,
  })
})
afterAll(() => realm.remove())

/** A new assertion; Keycloak takes each once. */
const assertion = (signer = key, subject = SUBJECT): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(ISSUER)
    .setSubject(subject)
    .setAudience(realm.issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(signer)

const provider = (
  given: string | (() => Promise<string>),
  clientId = 'latchkey-confidential',
): TokenProvider =>
  createJwtBearerProvider({
    issuer: realm.issuer,
    timeout: 10,
    clientId,
    clientSecret: `${clientId}-secret`,
    assertion: given,
  })

async function failureOf(tokens: TokenProvider): Promise<TokenError> {
  const error: unknown = await tokens().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TokenError)
  return error as TokenError
}

describe('the JWT bearer grant at a real Keycloak', () => {
  test('an assertion of another key, for nobody it knows, or that was used is refused, and repeated in no error', async () => {
    const used = await assertion()
    await provider(used)()
    for (const given of [await assertion(ecKey()), await assertion(key, 'workload-8'), used]) {
      const error = await failureOf(provider(given))
      expect(error).toMatchObject({ code: 'grant_refused', error: 'invalid_grant' })
      expect(JSON.stringify(error)).not.toContain(given)
    }
    const nobody = await failureOf(provider(await assertion(key, 'workload-8')))
    expect(nobody.hint).toContain('Identity provider links')
  })

  test('a client that may not: the hint names the switch', async () => {
    const error = await failureOf(provider(await assertion(), 'latchkey-service'))
    expect(error).toMatchObject({ code: 'grant_refused', error: 'invalid_grant' })
    expect(error.hint).toBe(
      'Clients → latchkey-service → Settings → Capability config → JWT Authorization Grant On, and its provider among Allowed Identity Providers for JWT Authorization Grant',
    )
  })

  test('a good one gives tokens of the person that it is about; a second one would need another assertion', async () => {
    const tokens = provider(await assertion())
    expect(decodeJwt(await tokens())).toMatchObject({
      preferred_username: 'alice',
      azp: 'latchkey-confidential',
    })
    await expect(tokens.renew()).rejects.toMatchObject({ code: 'sign_in_again' })
  })

  test('a function makes an assertion for each token', async () => {
    let made = 0
    const tokens = provider(() => {
      made++
      return assertion()
    })
    const first = await tokens()
    expect(await tokens.renew()).not.toBe(first)
    expect(made).toBe(2)
  })
})
