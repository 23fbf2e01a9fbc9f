import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import {
  createClientCredentialsProvider,
  createDeviceCodeProvider,
  TokenError,
  type TokenProviderOptions,
} from '../../src/tokens.js'
import { ClientFiles, ecKey, pem } from '../support/client-files.js'
import { TestRealm } from '../support/keycloak-admin.js'

jest.setTimeout(60_000)

type Client = Partial<TokenProviderOptions>

let realm: TestRealm
let files: ClientFiles

beforeAll(async () => {
  files = new ClientFiles()
  realm = await TestRealm.create('client-hints', {
    change: (file) => {
      const service = file.clients.find(({ clientId }) => clientId === 'latchkey-service')
      const add = (clientId: string, more: object): void => {
        file.clients.push({ ...service, clientId, secret: 'the-secret', attributes: {}, ...more })
      }
      const attributes = (method: string): object => ({
        attributes: { 'client.secret.authentication.allowed.method': method },
      })
      add('secret', {})
      add('disabled', { enabled: false })
      add('basic-only', attributes('client_secret_basic'))
      add('post-only', attributes('client_secret_post'))
      add('jwt', { clientAuthenticatorType: 'client-jwt' })
      add('secret-jwt', { clientAuthenticatorType: 'client-secret-jwt' })
      add('x509', { clientAuthenticatorType: 'client-x509', attributes: { 'x509.subjectdn': 'CN=somebody' } })
    },
  })
})
afterAll(async () => {
  files.remove()
  await realm.remove()
})

/** What the client of that id is refused with. */
async function refusal(clientId: string, client: Client): Promise<TokenError> {
  const provider = createClientCredentialsProvider({ issuer: realm.issuer, timeout: 10, clientId, ...client })
  const error: unknown = await provider().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TokenError)
  return error as TokenError
}

/** As given by people who copied it somewhere else. */
const clientSecret = 'the-secret'
const wrongSecret = 'another-secret-of-32-characters-'
const INVALID = 'Invalid client or Invalid client credentials'
const NOBODY = `401 invalid_client: ${INVALID}`
const WRONG_SECRET = `401 unauthorized_client: ${INVALID}`
const UNKNOWN = /^is \S+ the Client ID of an enabled client of this realm\?/
const key = (): string => files.put('key', pem(ecKey()))

test('the device endpoint refuses a wrong secret: the hint speaks of the secret, not of the switch for devices', async () => {
  const options = {
    issuer: realm.issuer,
    clientId: 'secret',
    clientSecret: wrongSecret,
    onPrompt: () => undefined,
  }
  const error: unknown = await createDeviceCodeProvider(options)().catch((reason: unknown) => reason)
  expect(error).toMatchObject({
    code: 'client_refused',
    hint: expect.stringMatching(/^clientSecret is not the secret of this client/),
  })
})

describe('a real Keycloak refuses the client, and the hint names the cause', () => {
  test.each<[cause: string, clientId: string, client: () => Client, words: string, hint: RegExp]>([
    ['not there', 'nobody', () => ({ clientSecret }), NOBODY, UNKNOWN],
    ['not there, and no secret', 'nobody', () => ({}), NOBODY, UNKNOWN],
    ['disabled', 'disabled', () => ({ clientSecret }), NOBODY, UNKNOWN],
    [
      'C000-08 no secret given',
      'secret',
      () => ({}),
      WRONG_SECRET,
      /^secret has to prove itself, and nothing was given for that: .*Clients → secret → Credentials → Client Secret/,
    ],
    [
      'C000-07 another secret',
      'secret',
      () => ({ clientSecret: wrongSecret }),
      WRONG_SECRET,
      /^clientSecret is not the secret of this client \(Clients → secret → Credentials → Client Secret\)/,
    ],
    [
      'the secret in the form, and only the header is allowed',
      'basic-only',
      () => ({ clientSecret, clientAuthentication: 'client_secret_post' }),
      '401 unauthorized_client: Invalid method used to get client secret.',
      /must be client_secret_basic, or Clients → basic-only → Credentials → Allowed authentication method another$/,
    ],
    [
      'the secret in the header, and only the form is allowed',
      'post-only',
      () => ({ clientSecret }),
      '401 unauthorized_client: Invalid method used to get client secret.',
      /must be client_secret_post, or Clients → post-only → Credentials → Allowed authentication method another$/,
    ],
    [
      'a secret where a signed JWT is expected',
      'jwt',
      () => ({ clientSecret }),
      '400 invalid_client: Parameter client_assertion_type is missing',
      /^jwt proves itself by a signed JWT: clientAuthentication private_key_jwt where /,
    ],
    [
      'a secret where the secret is to sign',
      'secret-jwt',
      () => ({ clientSecret }),
      '400 invalid_client: Parameter client_assertion_type is missing',
      /client_secret_jwt where it is Signed JWT with Client Secret/,
    ],
    [
      'a secret where a certificate is expected',
      'x509',
      () => ({ clientSecret }),
      '400 invalid_client: Missing client_id parameter',
      /Client Authenticator is not Client Id and Secret, but most likely X509 Certificate/,
    ],
    [
      'a key that Keycloak does not know',
      'jwt',
      () => ({ clientAuthentication: 'private_key_jwt', clientKeyFile: key() }),
      '400 invalid_client: Unable to load public key',
      /^does it expect .* Clients → jwt → Credentials → Client Authenticator: Signed JWT, .*Use JWKS URL Off/,
    ],
    [
      'a key where a secret is expected',
      'secret',
      () => ({ clientAuthentication: 'private_key_jwt', clientKeyFile: key() }),
      WRONG_SECRET,
      /^does it expect .* Clients → secret → Credentials → Client Authenticator: Signed JWT, /,
    ],
    [
      'a JWT signed by another secret',
      'secret-jwt',
      () => ({ clientAuthentication: 'client_secret_jwt', clientSecret: wrongSecret }),
      '400 unauthorized_client: Client authentication with client secret signed JWT failed: Signature on JWT token',
      /^does it expect .* Clients → secret-jwt → Credentials → Client Authenticator: Signed JWT with Client Secret, /,
    ],
  ])('%s', async (_cause, clientId, client, words, hint) => {
    const refused = await refusal(clientId, client())
    expect(refused.code).toBe('client_refused')
    // As docs/troubleshooting.md lists it.
    expect(`${refused.status} ${refused.error}: ${refused.error_description ?? ''}`).toContain(words)
    expect(refused.hint).toMatch(hint)
  })
})
