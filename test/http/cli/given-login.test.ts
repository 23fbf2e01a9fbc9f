import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders } from '../../support/temporary-folder.js'
import { latchkey, newHome, tokenFile, type Env } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, without, type World } from './scripted-world.js'

let world: World
let home: { readonly HOME: string }

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => {
  resetWorld(world)
  world.provider.revoked.clear()
  home = newHome()
})
afterEach(removeTemporaryFolders)
afterAll(() => stopWorld(world))

const env = (): Env => ({ ...without(world.env(), 'LATCHKEY_CONFIDENTIAL_CLIENT_SECRET'), ...home })
const person = () => world.provider.accounts.get('alice')?.person ?? { sub: '' }

/** A setting with a refresh token that nobody has used. */
function given(): { readonly LATCHKEY_REFRESH_TOKEN: string } {
  const { families } = world.provider
  return { LATCHKEY_REFRESH_TOKEN: families.issue(families.begin(person(), 'the-session')) }
}

async function token(settings: Env): Promise<number | null> {
  return (await latchkey(['token'], { env: settings })).code
}

describe('latchkey logout with LATCHKEY_REFRESH_TOKEN', () => {
  test('ends the chain that came of it, at the server and here, and no other login', async () => {
    world.provider.device.interval = 0.1
    world.provider.device.approve(person())
    expect((await latchkey(['login'], { env: env() })).code).toBe(0)
    const setting = { ...env(), ...given() }
    expect(await token(setting)).toBe(0)
    const newest = world.provider.families.newest(person()) ?? ''
    expect(tokenFile(home)).toContain(newest)
    const { code, stdout, stderr } = await latchkey(['logout'], { env: setting })

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toBe('Signed out of the login that began with this LATCHKEY_REFRESH_TOKEN.\n')
    expect([...world.provider.revoked]).toEqual([newest])
    expect(tokenFile(home)).not.toContain(newest)
    expect(await token(setting)).toBe(4)
    expect(await token(env())).toBe(0)
  })

  test('ends the token itself when nothing has come of it, and has nothing to do twice', async () => {
    const setting = { ...env(), ...given() }
    expect((await latchkey(['logout'], { env: setting })).code).toBe(0)
    expect([...world.provider.revoked]).toEqual([setting.LATCHKEY_REFRESH_TOKEN])
    const again = await latchkey(['logout'], { env: setting })

    expect(again.code).toBe(0)
    expect(again.stderr).toBe('There is no login that began with this LATCHKEY_REFRESH_TOKEN.\n')
    expect(world.provider.count('revoke')).toBe(1)
    expect(await token(setting)).toBe(4)
    expect(world.provider.grants('refresh_token')).toBe(0)
  })

  test('that it is over is found with the newest token alone: the first one is spent', async () => {
    const setting = { ...env(), ...given() }
    expect(await token(setting)).toBe(0)
    const newest = world.provider.families.newest(person()) ?? ''
    world.provider.families.revokeBy(newest)
    world.provider.calls = []
    const { code, stderr } = await latchkey(['token', '--scope', 'openid'], { env: setting })
    expect(code).toBe(4)
    expect(stderr).toContain('LATCHKEY_REFRESH_TOKEN holds a dead token')
    const sent = world.provider.calls.flatMap(({ form }) => form.get('refresh_token') ?? [])
    expect(sent).toEqual([newest])
  })

  test('is of the client of latchkey token: the confidential one with its secret, or as told', async () => {
    const whole = { ...world.env(), ...home }
    for (const args of [[], ['--client', 'public']]) {
      const setting = { ...whole, ...given() }
      expect((await latchkey(['token', ...args], { env: setting })).code).toBe(0)
      const newest = world.provider.families.newest(person())
      expect((await latchkey(['logout', ...args], { env: setting })).code).toBe(0)
      expect([...world.provider.revoked].at(-1)).toBe(newest)
    }
    const calls = world.provider.calls.filter(({ endpoint }) => endpoint === 'revoke')
    expect(calls.map(({ headers }) => headers.authorization !== undefined)).toEqual([true, false])
  })

  test('--client confidential without it is wrong use', async () => {
    const { code, stderr } = await latchkey(['logout', '--client', 'confidential'], { env: env() })
    expect(code).toBe(2)
    expect(stderr).toContain('LATCHKEY_REFRESH_TOKEN')
  })

  test('with the server away it is forgotten all the same: 5', async () => {
    const setting = { ...env(), ...given() }
    expect(await token(setting)).toBe(0)
    world.provider.answers.revoke = (_call, res) => void res.writeHead(503).end()
    const { code, stderr } = await latchkey(['logout'], { env: setting })

    expect(code).toBe(5)
    expect(stderr).toContain('was not told')
    expect(tokenFile(home)).not.toMatch(/eyJ|refresh-/)
  })
})

test('a LATCHKEY_REFRESH_TOKEN that is dead: the first failure says that it is the setting', async () => {
  const setting = { ...env(), LATCHKEY_REFRESH_TOKEN: 'refresh-that-is-dead-and-long-enough' }
  const { code, stderr } = await latchkey(['token'], { env: setting })

  expect(code).toBe(4)
  expect(stderr).toMatch(
    /^latchkey: sign in again: .*\n {2}LATCHKEY_REFRESH_TOKEN holds a dead token: set another one, or none, and latchkey login\.\n$/,
  )
})
