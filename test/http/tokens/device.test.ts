import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDeviceCodeProvider, type DevicePrompt } from '../../../src/tokens.js'
import { beginDevice } from '../../support/scripted-grants.js'
import { json, PUBLIC_CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { failureOf } from '../../support/token-failures.js'
import { until } from '../../support/until.js'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const ALICE = { sub: 'alice' }

describe('sign-in with another device', () => {
  let provider: ScriptedProvider
  let prompts: DevicePrompt[] = []
  const options = () => ({
    issuer: provider.issuer,
    clientId: PUBLIC_CLIENT_ID,
    onPrompt: (prompt: DevicePrompt): unknown => prompts.push(prompt),
  })
  const create = (more: object = {}) => createDeviceCodeProvider({ ...options(), ...more })

  beforeAll(async () => {
    provider = await ScriptedProvider.start()
  })
  beforeEach(() => {
    provider.reset()
    prompts = []
    // Otherwise every test takes five seconds.
    provider.device.interval = 0.02
  })
  afterAll(() => provider.close())

  test('CL-06 one prompt, PKCE, and exactly these fields; 503 and silence are waited out', async () => {
    provider.device.next = ['pending', 'pending']
    provider.device.approve(ALICE)
    let trouble = 0
    provider.answers.token = (call, res) => {
      if (++trouble === 1) return void res.writeHead(503).end()
      if (trouble === 2) return undefined
      provider.answers = {}
      json(res, 400, { error: 'authorization_pending' })
      expect(call.form.get('device_code')).toMatch(/./)
    }
    const tokens = create({ scope: 'openid', timeout: 1 })
    const all = await Promise.all([tokens(), tokens(), tokens.tokens()])
    expect(all[2]).toMatchObject({ accessToken: all[0] })
    expect(prompts).toHaveLength(1)
    expect(prompts[0]).toEqual({
      userCode: expect.stringMatching(/^[\w-]{9}$/),
      verificationUri: `${provider.issuer}/device`,
      verificationUriComplete: expect.stringContaining('user_code='),
      expiresIn: 600,
    })
    const [begun] = provider.calls.filter(({ endpoint }) => endpoint === 'device')
    expect([...(begun?.form.keys() ?? [])].sort()).toEqual([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'scope',
    ])
    const polls = provider.calls.filter(({ endpoint }) => endpoint === 'token')
    expect(polls).toHaveLength(6)
    for (const { form, headers } of polls) {
      expect([...form.keys()].sort()).toEqual(['client_id', 'code_verifier', 'device_code', 'grant_type'])
      expect(form.get('grant_type')).toBe(DEVICE)
      expect(headers.authorization).toBeUndefined()
    }
  })

  test('CL-06 access_denied and expired_token are errors of their own, and the next call begins anew', async () => {
    for (const [state, code] of [
      ['denied', 'access_denied'],
      ['expired', 'expired_token'],
    ] as const) {
      prompts = []
      provider.device.next = [state]
      const tokens = create()
      expect(await failureOf(tokens())).toMatchObject({ code, error: code, status: 400 })
      provider.device.approve(ALICE)
      expect(await tokens()).toMatch(/^eyJ/)
      expect(prompts).toHaveLength(2)
    }
  })

  test('CL-06 nobody is asked after expires_in', async () => {
    provider.device.expiresIn = 0.3
    expect((await failureOf(create()())).code).toBe('expired_token')
    const { length } = provider.device.polls
    await sleep(100)
    expect(provider.device.polls).toHaveLength(length)
  })

  test.each([
    ['absent', undefined],
    ['0', 0],
    ['-1', -1],
    ['null', null],
    ['a text', 'often'],
    ['a list', []],
  ])('CL-06 an interval that is %s is 5 s', async (_name, interval) => {
    provider.device.answer = { interval }
    const leaving = new AbortController()
    const waiting = create()({ signal: leaving.signal })
    await until(() => prompts[0])
    await sleep(150)
    expect(provider.device.polls).toEqual([])
    leaving.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('CL-06 when the last one leaves, the polling ends, and who comes then is shown a prompt of its own', async () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const tokens = create()
    const callers = [tokens({ signal: one.signal }), tokens({ signal: two.signal })]
    const settled = Promise.allSettled(callers)
    await until(() => provider.device.polls[2])
    one.abort()
    const { length } = provider.device.polls
    await until(() => provider.device.polls[length + 1])
    two.abort()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const next = tokens()
    await until(() => prompts[1])
    provider.device.approve(ALICE)
    expect(await next).toMatch(/^eyJ/)
    expect(prompts).toHaveLength(2)
  })

  test('CL-06 nobody is prompted who has left already', async () => {
    provider.answers.device = async (call, res) => {
      await sleep(50)
      json(res, 200, beginDevice(provider, call).body)
    }
    await expect(create()({ signal: AbortSignal.timeout(10) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    await until(() => (provider.count('device') === 1 ? true : undefined))
    await sleep(100)
    expect(prompts).toEqual([])
    expect(provider.count('token')).toBe(0)
  })

  test('CL-05 CL-06 an address that is not http(s) is refused before anybody sees it', async () => {
    const addresses = [
      ...['javascript:alert(1)', 'file:///etc/passwd', 'not an address', ''],
      // What looks like the host is a user's name.
      'https://id.example@evil.example/device',
    ]
    for (const address of addresses) {
      for (const name of ['verification_uri', 'verification_uri_complete']) {
        provider.device.answer = { [name]: address }
        expect((await failureOf(create()())).code).toBe('invalid_response')
      }
    }
    expect(prompts).toEqual([])
  })

  test('CL-06 an answer without the codes, or with a life that cannot be, is a typed error', async () => {
    for (const answer of [
      { device_code: undefined },
      { user_code: '' },
      { verification_uri: undefined },
      { expires_in: undefined },
      { expires_in: -1 },
      { error: 'x' },
    ]) {
      provider.device.answer = answer
      expect((await failureOf(create()())).code).toBe('invalid_response')
    }
    expect(prompts).toEqual([])
  })

  test('CL-06 an onPrompt that fails is the caller’s own error', async () => {
    const own = new RangeError('no terminal')
    const onPrompt = () => Promise.reject(own)
    await expect(create({ onPrompt })()).rejects.toBe(own)
    expect(provider.count('token')).toBe(0)
  })

  test('CL-06 a prompt that stays open holds up neither the sign-in nor who comes after one that left', async () => {
    const onPrompt = (prompt: DevicePrompt) => new Promise(() => prompts.push(prompt))
    const tokens = create({ onPrompt })
    const leaving = new AbortController()
    const first = tokens({ signal: leaving.signal })
    await until(() => prompts.length === 1 || undefined)
    leaving.abort('gone')
    await expect(first).rejects.toBe('gone')
    const second = tokens()
    await until(() => prompts.length === 2 || undefined)
    provider.device.approve(ALICE)
    expect(await second).toMatch(/./)
  })

  test('CL-06 what the person or the clock has decided is said in plain words', async () => {
    for (const [error, words] of [
      ['access_denied', 'the person refused the sign-in (access_denied: why)'],
      ['expired_token', 'nobody finished the sign-in in time: begin again (expired_token: why)'],
    ] as const) {
      provider.answers.token = (_call, res) => json(res, 400, { error, error_description: 'why' })
      expect(await failureOf(create()())).toMatchObject({ code: error, message: words })
    }
  })

  test('CL-06 the refresh token keeps the sign-in going without a prompt; when it is dead, there is another prompt', async () => {
    let now = Date.now()
    const tokens = create({ now: () => now })
    provider.device.approve(ALICE)
    const { refreshToken = '' } = await tokens.tokens()
    now += 280_000
    const renewed = await tokens.tokens()
    expect(prompts).toHaveLength(1)
    expect(renewed.refreshToken).not.toBe(refreshToken)
    provider.families.revokeBy(refreshToken)
    now += 280_000
    expect((await failureOf(tokens())).code).toBe('sign_in_again')
    expect(await tokens()).toMatch(/^eyJ/)
    expect(prompts).toHaveLength(2)
    expect(provider.grants('refresh_token')).toBe(2)
  })
})
