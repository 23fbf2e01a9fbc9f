import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { GRANTS } from '../../support/scripted-grants.js'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  PUBLIC_CLIENT_ID,
  ScriptedProvider,
} from '../../support/scripted-provider.js'

type Body = Record<string, unknown>

let provider: ScriptedProvider
const verifier = 'a-verifier-of-the-tests-which-is-long-enough'
const CHALLENGE = {
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
}

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(() => provider.reset())
afterAll(() => provider.close())

async function post(endpoint: string, form: Record<string, string>): Promise<Body> {
  const body = new URLSearchParams({ client_id: PUBLIC_CLIENT_ID, ...form })
  const response = await fetch(String(provider.discoveryDocument()[endpoint]), { method: 'POST', body })
  return (await response.json()) as Body
}
const begin = (form: Record<string, string> = CHALLENGE): Promise<Body> =>
  post('device_authorization_endpoint', form)
async function poll(begun: Body, more: Record<string, string> = {}): Promise<unknown> {
  const form = {
    grant_type: GRANTS.device,
    device_code: String(begun['device_code']),
    code_verifier: verifier,
  }
  const answer = await post('token_endpoint', { ...form, ...more })
  return answer['error'] ?? answer['scope']
}

describe('the scripted device endpoint (RFC 8628)', () => {
  test('wants PKCE, unless told otherwise', async () => {
    expect((await begin({}))['error']).toBe('invalid_request')
    expect((await begin({ ...CHALLENGE, code_challenge_method: 'plain' }))['error']).toBe('invalid_request')
    provider.device.requiresPkce = false
    expect(await begin({})).not.toHaveProperty('error')
    expect(provider.count('device')).toBe(3)
  })

  test('answers as Keycloak does, and can be told to answer otherwise', async () => {
    expect(await begin()).toEqual({
      device_code: expect.any(String),
      user_code: expect.stringMatching(/^[\dA-F]{4}-[\dA-F]{4}$/),
      verification_uri: `${provider.issuer}/device`,
      verification_uri_complete: expect.stringContaining('?user_code='),
      expires_in: 600,
      interval: 5,
    })
    provider.device.interval = undefined
    provider.device.answer = { verification_uri_complete: undefined }
    const answer = await begin()
    for (const name of ['interval', 'verification_uri_complete']) expect(answer).not.toHaveProperty(name)
  })

  test('says what the person does, poll by poll', async () => {
    const begun = await begin({ ...CHALLENGE, scope: 'openid' })
    provider.device.next = ['slow_down', 'pending']
    provider.device.state = 'denied'
    const said: unknown[] = []
    for (let polls = 0; polls < 3; polls++) said.push(await poll(begun))
    provider.device.state = 'expired'
    said.push(await poll(begun))
    provider.device.approve(provider.addPerson('alice'))
    said.push(await poll(begun), await poll(begun))
    const refusals = ['slow_down', 'authorization_pending', 'access_denied', 'expired_token']
    expect(said).toEqual([...refusals, 'openid profile email', 'invalid_grant'])
    expect([provider.device.polls.length, provider.grants(GRANTS.device)]).toEqual([6, 6])
  })

  test('a code is for its client, with its verifier, in its time', async () => {
    provider.device.approve(provider.addPerson('alice'))
    const begun = await begin()
    expect(await poll(begun, { code_verifier: 'another' })).toBe('invalid_grant')
    expect(await poll(begun, { client_id: CLIENT_ID, client_secret: CLIENT_SECRET })).toBe('invalid_grant')
    expect(await poll({ device_code: 'x' })).toBe('invalid_grant')
    provider.device.expiresIn = -1
    expect(await poll(await begin())).toBe('expired_token')
    expect(await poll(begun)).toBe('profile email')
  })

  test('a poll before its time is told to slow down, when that is enforced', async () => {
    provider.device.enforcesInterval = true
    const begun = await begin()
    expect([await poll(begun), await poll(begun)]).toEqual(['authorization_pending', 'slow_down'])
    provider.device.interval = 0
    expect(await poll(begun)).toBe('authorization_pending')
  })

  test('a client whose switch is off cannot begin', async () => {
    provider.disabledGrants.add(GRANTS.device)
    expect((await begin())['error']).toBe('unauthorized_client')
  })
})
