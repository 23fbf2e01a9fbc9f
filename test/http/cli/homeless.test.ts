import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { temporaryFolder, removeTemporaryFolders } from '../../support/temporary-folder.js'
import { latchkey, type Env } from '../../support/cli-process.js'
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

/** What Node does for a user who is not in the list of users, as in containers, while HOME is not set. */
const NO_HOME = [
  'import os from "node:os"',
  'import { syncBuiltinESMExports } from "node:module"',
  'os.homedir = () => { throw Object.assign(new Error("ENOENT, uv_os_homedir"), { code: "ERR_SYSTEM_ERROR" }) }',
  'syncBuiltinESMExports()',
].join(';')
const node = ['--import', `data:text/javascript,${encodeURIComponent(NO_HOME)}`]
const homeless = (args: readonly string[], env: Env = {}) =>
  latchkey(args, { node, env: { ...world.env(), ...env } })

describe('a user without a home', () => {
  test.each([[['token']], [['login']], [['logout']]])(
    '%j needs one: 1, and the settings that name a place',
    async (args) => {
      const { code, stdout, stderr } = await homeless(args)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^latchkey: HOME names no folder to keep tokens in.* XDG_CONFIG_HOME/)
      expect(stderr).not.toMatch(/^\s+at |bug/m)
    },
  )

  test('XDG_CONFIG_HOME is enough', async () => {
    const { code, stderr } = await homeless(['token'], { XDG_CONFIG_HOME: temporaryFolder() })
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('there is no login') })
  })

  test.each([[['--version']], [['token', '--help']], [['whoami']], [['token', '--grant', 'password']]])(
    '%j needs none',
    async (args) => {
      const { code, stderr } = await homeless(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    },
  )
})
