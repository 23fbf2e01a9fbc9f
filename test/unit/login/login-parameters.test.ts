import { describe, expect, test } from '@jest/globals'
import { readLoginParameters } from '../../../src/login/login-parameters.js'

const read = (query: string) => readLoginParameters(new URLSearchParams(query))
const one = (name: string, value: string) => readLoginParameters(new URLSearchParams([[name, value]]))
const invalid = expect.objectContaining({ code: 'invalid_login_parameter', status: 400 })

const NAMES = ['prompt', 'max_age', 'acr_values', 'login_hint', 'ui_locales', 'kc_idp_hint', 'kc_action']

describe('readLoginParameters (OpenID Connect Core §3.1.2.1)', () => {
  test.each(NAMES)(
    '%s: refuses control characters, line breaks, quotes, markup, 4 kB, and other parameters in it',
    (name) => {
      for (const value of [
        '',
        ' ',
        '\u0000',
        'a\r\nb',
        '"',
        '<b>',
        'x&scope=y',
        'a'.repeat(4096),
        '1'.repeat(4096),
      ])
        expect(() => one(name, value)).toThrow(invalid)
    },
  )

  test.each([
    ['prompt', 'login'],
    ['max_age', '0'],
    ['acr_values', '2fa'],
    ['login_hint', 'alice'],
    ['ui_locales', 'de'],
    ['kc_idp_hint', 'github'],
    ['kc_action', 'CONFIGURE_TOTP'],
  ])('%s: refuses it twice, the same value, too', (name, value) => {
    expect(() => read(`${name}=${value}&${name}=${value}`)).toThrow(invalid)
    expect(one(name, value)).toEqual({ [name]: value })
  })

  test.each([
    ['prompt', 'none login'],
    ['prompt', 'login none'],
    ['prompt', 'create login'],
    ['prompt', 'LOGIN'],
    ['prompt', 'login  consent'],
    ['prompt', 'unknown'],
    ['max_age', '-1'],
    ['max_age', '1e9'],
    ['max_age', '1.5'],
    ['max_age', '123456789'],
    ['max_age', 'ten'],
    ['acr_values', '2fa '],
    ['acr_values', 'a '.repeat(10) + 'a'],
    ['login_hint', 'a b'],
    ['ui_locales', 'de_DE'],
    ['kc_idp_hint', 'a/b'],
    ['kc_action', 'A B'],
    ['kc_action', 'A:'],
  ])('%s: refuses %p', (name, value) => {
    expect(() => one(name, value)).toThrow(invalid)
  })

  test.each([
    ['prompt', 'none'],
    ['prompt', 'create'],
    ['prompt', 'login consent select_account'],
    ['max_age', '99999999'],
    ['acr_values', 'urn:x:2fa pwd'],
    ['login_hint', 'Jürgen.O-Neill+x@example.test'],
    ['ui_locales', 'de-DE en'],
    ['kc_idp_hint', 'my-idp.1'],
    ['kc_action', 'delete_credential:abc-1'],
  ])('C003-16 %s: passes on %p', (name, value) => {
    expect(one(name, value)).toEqual({ [name]: value })
  })

  test('C003-16 leaves out everything else', () => {
    expect(
      read(
        'prompt=login&scope=admin&redirect_uri=https://evil.example&state=x&client_id=y&__proto__=z&request=a',
      ),
    ).toEqual({ prompt: 'login' })
  })

  test('the error names the parameter and not the value', () => {
    expect(() => one('prompt', 'evil-value')).toThrow(
      'the parameter prompt of /login is malformed or given twice',
    )
  })
})
