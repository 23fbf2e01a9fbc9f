import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID } from '../../support/scripted-provider.js'
import { BUILD_TIMEOUT, buildServer, freePort } from '../../support/server-process.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { latchkey, makeDue, newHome, tokenFile } from '../../support/cli-process.js'
import { PASSWORD, resetWorld, startWorld, stopWorld, without, type World } from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterEach(removeTemporaryFolders)
afterAll(() => stopWorld(world))

const token = (args: readonly string[], env = world.env()) => latchkey(['token', ...args], { env })
const lastForm = (): Record<string, string> =>
  Object.fromEntries(world.provider.calls.findLast(({ endpoint }) => endpoint === 'token')?.form ?? [])

const ONLY_PUBLIC = ['LATCHKEY_CONFIDENTIAL_CLIENT_SECRET']

describe('latchkey token --grant password', () => {
  test('C001-02 a refusal is shown with its error and description, and ends with 3', async () => {
    const { code, stdout, stderr } = await token(['--grant', 'password'], {
      ...world.env(),
      LATCHKEY_PASSWORD: 'not-the-password',
    })

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^latchkey: .*invalid_grant: Invalid user credentials\n {2}hint: .*--otp/)
    expect(stderr).not.toContain('not-the-password')
  })

  test('prints the access token alone, by the public client without a secret', async () => {
    const { code, stdout, stderr } = await token(
      ['--grant', 'password'],
      without(world.env(), ...ONLY_PUBLIC),
    )

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(lastForm()).toEqual({
      grant_type: 'password',
      client_id: PUBLIC_CLIENT_ID,
      username: 'alice',
      password: PASSWORD,
      scope: 'openid',
    })
  })

  test('the confidential client asks when its secret is set, or when told', async () => {
    await token(['--grant', 'password'])
    await token(['--grant', 'password', '--client', 'public'])
    const missing = await token(
      ['--grant', 'password', '--client', 'confidential'],
      without(world.env(), ...ONLY_PUBLIC),
    )

    const calls = world.provider.calls.filter(({ endpoint }) => endpoint === 'token')
    expect(calls.map(({ headers }) => headers.authorization !== undefined)).toEqual([true, false])
    expect(missing.code).toBe(1)
    expect(missing.stderr).toContain('LATCHKEY_CONFIDENTIAL_CLIENT_SECRET (or ')
  })

  test('C001-09 secrets come from files, too, and show up nowhere', async () => {
    const folder = temporaryFolder()
    const files = { LATCHKEY_PASSWORD: PASSWORD, LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: CLIENT_SECRET }
    const env: Record<string, string> = { ...without(world.env(), ...Object.keys(files)) }
    for (const [name, secret] of Object.entries(files)) {
      env[`${name}_FILE`] = path.join(folder, name)
      writeFileSync(path.join(folder, name), `${secret}\n`)
    }

    const good = await token(['--grant', 'password'], env)
    world.provider.answers.token = (call, res) =>
      void res
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: 'invalid_grant', error_description: `no: ${call.form.toString()}` }))
    const bad = await token(['--grant', 'password'], env)

    expect([good.code, bad.code]).toEqual([0, 3])
    const said = good.stderr + bad.stdout + bad.stderr
    expect(said).not.toContain(PASSWORD)
    expect(said).not.toContain(CLIENT_SECRET)
  })

  test('C001-08 --otp sends a code beside the password: given, from the environment, or asked for', async () => {
    world.provider.addPerson('alice', { password: PASSWORD, otp: '123456' })

    const none = await token(['--grant', 'password'])
    const given = await token(['--grant', 'password', '--otp', '123 456'])
    const form = lastForm()
    const set = await token(['--grant', 'password', '--otp'], { ...world.env(), LATCHKEY_OTP_CODE: '123456' })
    const missing = await token(['--grant', 'password', '--otp'])

    expect([none.code, given.code, set.code, missing.code]).toEqual([3, 0, 0, 1])
    expect(form['totp'] ?? form['otp']).toBe('123456')
    expect(missing.stderr).toContain('LATCHKEY_OTP_CODE (or LATCHKEY_OTP_CODE_FILE) is required')
  })

  test.each(['Account is not fully set up', 'Account disabled'] as const)(
    'C001-08 "%s" is shown, with what to click',
    async (refusal) => {
      world.provider.addPerson('alice', { password: PASSWORD, refusal })
      const { code, stderr } = await token(['--grant', 'password'])

      expect(code).toBe(3)
      expect(stderr).toMatch(new RegExp(`invalid_grant: ${refusal}\n {2}hint: Users → `))
    },
  )
})

describe('latchkey token --audience and --json', () => {
  test('C001-03 a token without the audience is not printed; the error names the mapper', async () => {
    const { code, stdout, stderr } = await token(['--grant', 'client-credentials', '--audience', 'train-api'])

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(lastForm()['audience']).toBe('train-api')
    expect(stderr).toContain('the token that came is not for train-api')
    expect(stderr).toContain(
      `Client scopes → ${CLIENT_ID}-dedicated → Add mapper → Audience → Included Client Audience: train-api`,
    )
  })

  test.each([
    ['a list', ['train-api', 'account']],
    ['a text', 'train-api'],
  ])('C001-03 a token whose audience is %s with it is printed', async (_name, audience) => {
    world.provider.audience = audience
    const { code, stdout } = await token(['--grant', 'client-credentials', '--audience', 'train-api'])

    expect(code).toBe(0)
    expect(stdout).toMatch(/^eyJ\S+\n$/)
  })

  test('--json is one line with four members, and no refresh token', async () => {
    const { code, stdout } = await token(['--grant', 'password', '--json', '--scope', 'openid email'])

    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(2)
    const said = JSON.parse(stdout) as Record<string, unknown>
    expect(Object.keys(said)).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
    expect(said).toMatchObject({ token_type: 'Bearer', scope: expect.stringContaining('email') })
    expect(said['expires_in']).toBeGreaterThan(290)
    expect(lastForm()['scope']).toBe('openid email')
  })

  test('an authorization server that is away ends with 5, and says which', async () => {
    const origin = `http://127.0.0.1:${await freePort()}`
    const env = { ...world.env(), OIDC_ISSUER: `${origin}/realms/demo` }
    const { code, stderr } = await token(['--grant', 'password'], env)

    expect(code).toBe(5)
    expect(stderr).toContain(`hint: nothing answers at ${origin}; `)
    expect(stderr).toContain('OIDC_INTERNAL_URL')
  })

  test('C000-02 a wrong base path: the error names the address that was tried', async () => {
    const issuer = world.provider.issuer.replace('/realms/', '/auth/realms/')
    const { code, stderr } = await token(['--grant', 'password'], { ...world.env(), OIDC_ISSUER: issuer })

    expect(code).not.toBe(0)
    expect(stderr).toContain(`${issuer}/.well-known/openid-configuration`)
    expect(stderr).toContain('/auth')
  })
})

describe('latchkey token --grant refresh', () => {
  test('without a login it says how to get one, and ends with 4', async () => {
    const { code, stdout, stderr } = await token([], { ...world.env(), ...newHome() })

    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('latchkey login')
    expect(world.provider.count('token')).toBe(0)
  })

  test('LATCHKEY_REFRESH_TOKEN is used once; what came in its place is kept for the next command', async () => {
    const home = newHome()
    const person = world.provider.accounts.get('alice')?.person ?? { sub: '' }
    const family = world.provider.families.begin(person, 'the-session')
    const refreshToken = world.provider.families.issue(family)
    const env = { ...world.env(), ...home, LATCHKEY_REFRESH_TOKEN: refreshToken, REFRESH_BEFORE: '290' }
    world.provider.accessTokenLife = 300

    const first = await token(['--grant', 'refresh'], env)
    const again = await token(['--grant', 'refresh', '--scope', 'openid'], env)

    expect([first.code, again.code]).toEqual([0, 0])
    expect(first.stdout).not.toBe(again.stdout)
    expect(world.provider.grants('refresh_token')).toBe(2)
    expect(world.provider.families.reused).toBe(0)
    expect(tokenFile(home)).not.toContain(refreshToken)
  })

  test('C000-13 when the chain of LATCHKEY_REFRESH_TOKEN has died, no later command sends anything', async () => {
    const home = newHome()
    const person = world.provider.accounts.get('alice')?.person ?? { sub: '' }
    const refreshToken = world.provider.families.issue(world.provider.families.begin(person, 'the-session'))
    const env = { ...world.env(), ...home, LATCHKEY_REFRESH_TOKEN: refreshToken }
    expect((await token(['--grant', 'refresh'], env)).code).toBe(0)
    makeDue(home)
    world.provider.answers.token = (_call, res) =>
      void res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')

    expect((await token(['--grant', 'refresh'], env)).code).toBe(4)
    const sent = world.provider.grants('refresh_token')
    for (const args of [[], ['--scope', 'openid'], ['--audience', 'other'], ['--json']]) {
      const { code, stdout, stderr } = await token(['--grant', 'refresh', ...args], env)
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
      expect(stderr).toMatch(/sign in again/)
    }
    expect(world.provider.grants('refresh_token')).toBe(sent)
    delete world.provider.answers.token
    const family = world.provider.families.begin(person, 'another-session')
    const another = { ...env, LATCHKEY_REFRESH_TOKEN: world.provider.families.issue(family) }
    expect((await token(['--grant', 'refresh'], another)).code).toBe(0)
  })

  test('a dead refresh token ends with 4, and is shown nowhere', async () => {
    const dead = 'refresh-that-is-dead-and-long-enough'
    const { code, stdout, stderr } = await token(['--grant', 'refresh'], {
      ...world.env(),
      ...newHome(),
      LATCHKEY_REFRESH_TOKEN: dead,
    })

    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('sign in again')
    expect(stderr).not.toContain(dead)
  })
})
