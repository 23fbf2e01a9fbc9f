import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { loginLink, readReturnTo } from '../../../src/login/return-to.js'

const PUBLIC_URL = 'https://app.example'
const read = (value: unknown): string => readReturnTo(value, PUBLIC_URL, '/default')

describe('readReturnTo (RFC 9700 §4.11.1)', () => {
  test.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/ /evil.example',
    '/\u0000/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/%2e//evil.example',
    '/..//evil.example',
    'https:evil.example',
    'https://evil.example',
    'https:/\\evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '@evil.example',
    'evil.example',
  ])('RD-01 %p leads to the default', (value) => {
    expect(read(value)).toBe('/default')
  })

  test.each<[unknown]>([
    [undefined],
    [null],
    [''],
    [' '],
    ['null'],
    [7],
    [['/a']],
    [{ toString: () => '/a' }],
    [PUBLIC_URL],
    [`${PUBLIC_URL}/a`],
    ['//app.example/a'],
    ['/\\app.example/a'],
    ['a/b'],
    ['./a'],
    ['../a'],
    ['?a'],
    ['#a'],
    ['/a b'],
    ['/a\u007f'],
    ['/a\r\nSet-Cookie: x=1'],
    [`/${'a'.repeat(2000)}`],
  ])('RD-02 RD-07 RD-08 %p is not taken', (value) => {
    expect(read(value)).toBe('/default')
  })

  test.each([
    '/login',
    '/login?return_to=/a',
    '/LOGIN',
    '/login/',
    '/register',
    '/authorize?code=x',
    '/logout#x',
  ])('RD-02 %p, where a login begins or ends, is no place to return to', (value) => {
    expect(read(value)).toBe('/default')
  })

  test.each([
    '/',
    '/a?b=c',
    '/a%20b',
    '/%5Cevil.example',
    '/%2f%2fevil.example',
    '/a//b',
    '/a?x=//evil.example',
    '/a#b',
    '/logins',
    '/authorized',
    '/ä',
    '/%zz',
    `/${'a'.repeat(1999)}`,
  ])('RD-02 %p is taken unchanged', (value) => {
    expect(read(value)).toBe(value)
  })

  test('RD-01 whatever it is given, a browser stays on our origin', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '@',
      ':',
      '\t',
      '\n',
      ' ',
      '%2f',
      '%5c',
      '?',
      '#',
      'evil.example',
      'https:',
      'javascript:',
      '\u3000',
      '\u2028',
      'ａ',
      '\ud800',
    )
    const tricky = fc
      .array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 8 })
      .map((list) => list.join(''))
    let taken = 0
    fc.assert(
      fc.property(
        fc.oneof(
          tricky,
          tricky.map((text) => `/${text}`),
        ),
        (value) => {
          const place = read(value)
          if (place !== '/default') {
            taken += 1
            expect(place).toBe(value)
          }
          expect(place).toMatch(/^\/(?![/\\])/)
          const url = new URL(place, PUBLIC_URL)
          expect(url.origin).toBe(PUBLIC_URL)
          // What the browser shows then is an address by itself, too.
          expect(new URL(url.pathname + url.search, PUBLIC_URL).origin).toBe(PUBLIC_URL)
        },
      ),
      { numRuns: 5000 },
    )
    expect(taken).toBeGreaterThan(100)
  })
})

describe('loginLink', () => {
  test('is root-relative, with the place encoded', () => {
    expect(loginLink(undefined)).toBe('/login')
    expect(loginLink('/a?b=c&d=//e')).toBe('/login?return_to=%2Fa%3Fb%3Dc%26d%3D%2F%2Fe')
  })
})
