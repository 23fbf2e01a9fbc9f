import { afterAll, describe, expect, test } from '@jest/globals'
import { Source } from '../../src/config-source.js'
import { ClientFiles } from '../support/client-files.js'

const files = new ClientFiles()
afterAll(() => files.remove())

function read(env: Readonly<Record<string, string>>) {
  const source = new Source(env)
  return { value: source.secret('SECRET', true), problems: source.problems }
}

describe('TK-07 a secret of the settings', () => {
  test.each([' ', '\t', '  \n', '\n\n', '\r\n', '\u00a0'])(
    'is not %j, in the setting or in a file',
    (blanks) => {
      expect(read({ SECRET: blanks })).toEqual({ value: undefined, problems: ['SECRET is empty'] })
      expect(read({ SECRET_FILE: files.put('blanks', blanks) })).toEqual({
        value: undefined,
        problems: ['SECRET_FILE names an empty file'],
      })
    },
  )

  test('is what is there, with its blanks', () => {
    expect(read({ SECRET: ' a b ' })).toEqual({ value: ' a b ', problems: [] })
    expect(read({ SECRET_FILE: files.put('good', ' a b \n') })).toEqual({ value: ' a b ', problems: [] })
  })
})
