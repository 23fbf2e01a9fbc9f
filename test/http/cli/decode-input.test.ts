import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { CliProcess, latchkey, newHome, type Env } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterAll(async () => {
  await stopWorld(world)
  removeTemporaryFolders()
})

const settings = (): Env => ({ OIDC_ISSUER: world.provider.issuer })
const noToken = (why: string) => ({
  code: 1,
  stdout: '',
  stderr: expect.stringMatching(
    new RegExp(`^latchkey: there is no token: ${why}\\n {2}Pipe one in: `),
  ) as unknown,
})

describe('latchkey decode without a token', () => {
  test('on standard input, which is open for writing only: 1, and says so', async () => {
    const descriptor = openSync(path.join(temporaryFolder(), 'written'), 'w')
    try {
      const one = CliProcess.start(['decode'], { env: settings(), stdio: [descriptor, 'pipe', 'pipe'] })
      const { code } = await one.exit
      const { stdout, stderr } = one
      expect({ code, stdout, stderr }).toEqual(noToken('standard input cannot be read'))
    } finally {
      closeSync(descriptor)
    }
  })

  test('in the setting, or behind the scheme: 1', async () => {
    const env = { ...settings(), LATCHKEY_TOKEN: 'Bearer ' }
    expect(await latchkey(['decode'], { env })).toEqual(noToken('what was given holds none'))
    expect(await latchkey(['decode'], { env: settings(), input: 'Bearer \n' })).toEqual(
      noToken('standard input holds none'),
    )
  })
})

describe('latchkey decode takes', () => {
  test('what latchkey token --json prints', async () => {
    const env = { ...world.env(), ...newHome() }
    const { stdout: input } = await latchkey(['token', '--grant', 'client-credentials', '--json'], { env })
    expect((await latchkey(['decode'], { env: settings(), input })).code).toBe(0)
  })

  test('a token in quotes, by standard input and by the setting', async () => {
    const token = `"${await world.provider.accessToken()}"`
    expect((await latchkey(['decode'], { env: settings(), input: token })).code).toBe(0)
    expect((await latchkey(['decode'], { env: { ...settings(), LATCHKEY_TOKEN: token } })).code).toBe(0)
  })

  test('a token that was folded', async () => {
    const input = (await world.provider.accessToken()).replace(/.{64}/g, '$&\n')
    expect((await latchkey(['decode'], { env: settings(), input })).code).toBe(0)
  })
})
