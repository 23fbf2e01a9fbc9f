import { describe, expect, test } from '@jest/globals'
import { configFolder } from '../../../src/tokens/config-folder.js'

describe('CL-03 where tokens are kept', () => {
  test.each([
    ['a user without a home', {}, 'linux', ''],
    ['a home that depends on where one is', {}, 'linux', 'home'],
  ] as const)('%s has no such place', (_what, env, platform, home) => {
    expect(() => configFolder(env, platform, home)).toThrow(
      expect.objectContaining({ code: 'store_unusable', message: expect.stringMatching(/^HOME /) }),
    )
  })

  test.each([
    ['the usual place', {}, 'linux', '/home/ada', '/home/ada/.config/latchkey'],
    ['the place that is set', { XDG_CONFIG_HOME: '/conf' }, 'linux', '', '/conf/latchkey'],
    ['not one that depends', { XDG_CONFIG_HOME: 'conf' }, 'linux', '/home/ada', '/home/ada/.config/latchkey'],
    ['not an empty one', { XDG_CONFIG_HOME: '' }, 'freebsd', '/home/ada', '/home/ada/.config/latchkey'],
    [
      'macOS',
      { XDG_CONFIG_HOME: '/conf' },
      'darwin',
      '/Users/ada',
      '/Users/ada/Library/Application Support/latchkey',
    ],
    ['Windows', { APPDATA: 'D:\\Data' }, 'win32', 'C:\\Users\\ada', 'D:\\Data\\latchkey'],
    ['Windows, nothing set', {}, 'win32', 'C:\\Users\\ada', 'C:\\Users\\ada\\AppData\\Roaming\\latchkey'],
  ] as const)('%s', (_what, env, platform, home, folder) => {
    expect(configFolder(env, platform, home)).toBe(folder)
  })
})
