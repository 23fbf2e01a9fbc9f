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

  test('a system that knows no home of the user is asked for it only where it is needed', () => {
    const asked: string[] = []
    // As os.homedir() does, for a user who is in no list of users.
    const home = (): string => {
      asked.push('home')
      throw Object.assign(new Error('uv_os_homedir returned ENOENT'), {
        name: 'SystemError',
        code: 'ERR_SYSTEM_ERROR',
      })
    }
    expect(configFolder({ XDG_CONFIG_HOME: '/conf' }, 'linux', home)).toBe('/conf/latchkey')
    expect(configFolder({ APPDATA: 'D:\\Data' }, 'win32', home)).toBe('D:\\Data\\latchkey')
    expect(asked).toEqual([])
    for (const env of [{}, { XDG_CONFIG_HOME: '' }, { XDG_CONFIG_HOME: 'conf' }])
      expect(() => configFolder(env, 'linux', home)).toThrow(
        expect.objectContaining({
          name: 'TokenError',
          code: 'store_unusable',
          message: 'HOME names no folder to keep tokens in: set it, or XDG_CONFIG_HOME, to an absolute path',
        }),
      )
    for (const [platform, message] of [
      ['darwin', 'HOME names no folder to keep tokens in: set it to an absolute path'],
      ['win32', 'USERPROFILE names no folder to keep tokens in: set it, or APPDATA, to an absolute path'],
    ] as const)
      expect(() => configFolder({}, platform, home)).toThrow(expect.objectContaining({ message }))
    expect(configFolder({}, 'linux', () => '/home/ada')).toBe('/home/ada/.config/latchkey')
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
