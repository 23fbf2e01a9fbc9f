import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { hasBearerCredentials, readBearerToken } from '../../../src/bearer/credentials.js'

describe('readBearerToken (RFC 6750 §2.1)', () => {
  test.each<[string, string | undefined, string]>([
    ['no header', undefined, 'missing_token'],
    ['an empty header', '', 'missing_token'],
    ['another scheme', 'Basic dTpw', 'missing_token'],
    ['a scheme that begins alike', 'BearerX abc', 'missing_token'],
    ['a bare token', 'abc.def.ghi', 'missing_token'],
    ['a tab behind the scheme', 'Bearer\tabc', 'missing_token'],
    ['the scheme elsewhere', 'x Bearer abc', 'missing_token'],
    ['the scheme alone', 'Bearer', 'invalid_request'],
    ['the scheme and blanks', 'Bearer   ', 'invalid_request'],
    ['a comma', 'Bearer a,b', 'invalid_request'],
    ['two words', 'Bearer a b', 'invalid_request'],
    ['a blank behind', 'Bearer a ', 'invalid_request'],
    ['padding in the middle', 'Bearer a=b', 'invalid_request'],
    ['padding alone', 'Bearer ==', 'invalid_request'],
    ['quotes', 'Bearer "a"', 'invalid_request'],
    ['a line break', 'Bearer a\n', 'invalid_request'],
    ['something beyond ASCII', 'Bearer é', 'invalid_request'],
  ])('BT-01 BT-02 BT-03 refuses %s', (_name, authorization, code) => {
    expect(() => readBearerToken({ authorization })).toThrow(expect.objectContaining({ code }))
  })

  test.each(['access_token=a', 'access_token=', 'x=y&access_token=a&access_token=b'])(
    'BT-04 refuses a token in the header beside %s in the query',
    (query) => {
      const read = () => readBearerToken({ authorization: 'Bearer abc' }, new URLSearchParams(query))
      expect(read).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    },
  )

  test('BT-04 does not read a token from the query', () => {
    const read = () => readBearerToken({}, new URLSearchParams('access_token=abc'))
    expect(read).toThrow(expect.objectContaining({ code: 'missing_token' }))
  })

  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])(
    'BT-03 takes the scheme %s, and any number of blanks',
    (scheme) => {
      expect(readBearerToken({ authorization: `${scheme} abc` })).toBe('abc')
      expect(readBearerToken({ authorization: `${scheme}    a.b-c_d~e+f/g==` })).toBe('a.b-c_d~e+f/g==')
    },
  )

  test('never puts the token into an error', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12, unit: 'grapheme' }), (token) => {
        const begin = `${token},`
        try {
          readBearerToken({ authorization: `Bearer ${begin}` })
          return false
        } catch (error) {
          return !String(error).includes(token)
        }
      }),
    )
  })
})

describe('hasBearerCredentials', () => {
  test.each([
    [undefined, false],
    ['', false],
    ['Basic x', false],
    ['BearerX y', false],
    ['Bearer', true],
    ['bearer a b', true],
  ])('BT-05 of %p is %p', (authorization, has) => {
    expect(hasBearerCredentials({ authorization })).toBe(has)
  })
})
