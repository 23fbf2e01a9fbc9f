import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createHash, randomBytes } from 'node:crypto'
import { answerDeviceRequest } from '../support/device-approval.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { issuerOf, requestToken, type TokenAnswer } from '../support/real-keycloak.js'

jest.setTimeout(60_000)

const CLIENT = 'latchkey-public'

interface Begun {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly interval: number
  readonly error?: string
}

/** A device at the raw endpoints: begins, and polls with the verifier. */
class Device {
  readonly #verifier = randomBytes(32).toString('base64url')
  readonly #issuer: string

  constructor(issuer = issuerOf()) {
    this.#issuer = issuer
  }

  async begin(form: Record<string, string> = this.challenge): Promise<Begun> {
    const response = await fetch(`${this.#issuer}/protocol/openid-connect/auth/device`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: CLIENT, scope: 'openid', ...form }),
    })
    return (await response.json()) as Begun
  }

  poll({ device_code }: Begun, verifier = this.#verifier): Promise<TokenAnswer> {
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    return requestToken({ grant_type, client_id: CLIENT, device_code, code_verifier: verifier }, this.#issuer)
  }

  get challenge(): Record<string, string> {
    const code_challenge = createHash('sha256').update(this.#verifier).digest('base64url')
    return { code_challenge, code_challenge_method: 'S256' }
  }
}

describe('the device grant of a real Keycloak', () => {
  test('wants PKCE of the demo’s client', async () => {
    expect((await new Device().begin({})).error).toBe('invalid_request')
  })

  test('says slow_down to a poll before its time, and authorization_pending to the first', async () => {
    const device = new Device()
    const begun = await device.begin()
    expect(begun.interval).toBeGreaterThanOrEqual(1)
    expect(await device.poll(begun)).toMatchObject({ status: 400, error: 'authorization_pending' })
    expect(await device.poll(begun)).toMatchObject({ status: 400, error: 'slow_down' })
  })

  test('says access_denied when the person refuses', async () => {
    const device = new Device()
    const begun = await device.begin()
    await answerDeviceRequest(begun.verification_uri_complete, { person: 'alice', consents: false })
    expect(await device.poll(begun)).toMatchObject({ status: 400, error: 'access_denied' })
  })

  test('gives no token to whoever does not know the password', async () => {
    const device = new Device()
    const begun = await device.begin()
    const stranger = { person: 'alice', password: 'wrong-password', consents: true }
    expect(await answerDeviceRequest(begun.verification_uri_complete, stranger)).toBe('login-login')
    expect(await device.poll(begun)).toMatchObject({ status: 400, error: 'authorization_pending' })
  })

  test('gives tokens once when the person consents, to the one who has the verifier', async () => {
    const device = new Device()
    const begun = await device.begin()
    const page = await answerDeviceRequest(begun.verification_uri_complete, { person: 'bob', consents: true })
    expect(page).toBe('login-info')
    const tokens = await device.poll(begun)
    expect(tokens).toMatchObject({ status: 200, refresh_token: expect.any(String) })
    expect(decodeJwt(tokens.access_token)).toMatchObject({ preferred_username: 'bob', azp: CLIENT })
    expect(await device.poll(begun)).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  test('gives none without the verifier', async () => {
    const device = new Device()
    const begun = await device.begin()
    await answerDeviceRequest(begun.verification_uri_complete, { person: 'bob', consents: true })
    expect(await device.poll(begun, randomBytes(32).toString('base64url'))).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    })
  })
})

describe('a realm of its own records the device grant', () => {
  let realm: TestRealm

  beforeAll(async () => {
    realm = await TestRealm.create('device')
  })
  afterAll(() => realm.remove())

  test('with the code typed by hand, in a browser that has signed in before', async () => {
    const visitor = new KeycloakVisitor()
    const device = new Device(realm.issuer)
    const answer = async (consents: boolean): Promise<Begun> => {
      const begun = await device.begin()
      const { verification_uri: uri, user_code: userCode } = begun
      await answerDeviceRequest(uri, { person: 'bob', userCode, consents, visitor })
      return begun
    }
    const refused = await device.poll(await answer(false))
    expect(refused.error).toBe('access_denied')
    expect((await device.poll(await answer(true))).status).toBe(200)
    const counts = await Promise.all(
      [
        'OAUTH2_DEVICE_VERIFY_USER_CODE',
        'OAUTH2_DEVICE_CODE_TO_TOKEN',
        'OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR',
      ].map(async (type) => (await realm.events(type)).length),
    )
    expect(counts).toEqual([2, 1, 1])
  })
})
