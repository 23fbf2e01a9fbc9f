import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  lacksStrength,
  readStrength,
  strengthParameters,
  type Strength,
} from '../../../src/provider/strength.js'

const NOW = 1_700_000_000
const TOLERANCE = 30
const lacks = (claims: Record<string, unknown>, strength: Strength): string | undefined =>
  lacksStrength(claims, strength, {
    clockTolerance: TOLERANCE,
    now: () => NOW * 1000,
  })

describe('acr', () => {
  test.each(['pwd', '0', '2FA', '', '2fa ', ['2fa'], { '2fa': true }, 2, null, true, undefined])(
    'SU-01 SU-05 the acr %p is not 2fa',
    (acr) => {
      expect(lacks({ acr }, { acr: ['2fa'] })).toBe('acr')
    },
  )

  test('SU-01 a number is not the text of it', () => {
    expect(lacks({ acr: 1 }, { acr: ['1'] })).toBe('acr')
  })

  test('SU-01 amr and scope are no acr', () => {
    expect(lacks({ amr: ['2fa'], scope: '2fa', acr_values: '2fa' }, { acr: ['2fa'] })).toBe('acr')
  })

  test('SU-01 2fa is, and any of a list', () => {
    expect(lacks({ acr: '2fa' }, { acr: ['2fa'] })).toBeUndefined()
    for (const acr of ['a', 'b']) expect(lacks({ acr }, { acr: ['a', 'b'] })).toBeUndefined()
    expect(lacks({ acr: 'a b' }, { acr: ['a', 'b'] })).toBe('acr')
  })

  test('nothing is lacking where nothing is asked for', () => {
    expect(lacks({}, {})).toBeUndefined()
    expect(lacks({}, { acr: undefined, maxAge: undefined })).toBeUndefined()
  })
})

describe('maxAge', () => {
  test.each<[string, unknown]>([
    ['older', NOW - 60 - TOLERANCE - 1],
    ['absent', undefined],
    ['a text', String(NOW)],
    ['null', null],
    ['a list', [NOW]],
    ['NaN', NaN],
    ['endless', Infinity],
    ['an hour ahead', NOW + 3600],
    ['ahead of the tolerance', NOW + TOLERANCE + 1],
    ['in milliseconds', NOW * 1000],
    ['0', 0],
  ])('SU-03 SU-05 an auth_time that is %s is not recent', (_name, authTime) => {
    expect(lacks({ auth_time: authTime }, { maxAge: 60 })).toBe('auth_time')
  })

  test.each([NOW, NOW - 60, NOW - 60 - TOLERANCE, NOW + TOLERANCE, NOW - 0.5])(
    'SU-03 P-17 the auth_time %p is',
    (authTime) => {
      expect(lacks({ auth_time: authTime }, { maxAge: 60 })).toBeUndefined()
    },
  )

  test('SU-03 0 asks for just now', () => {
    expect(lacks({ auth_time: NOW - TOLERANCE - 1 }, { maxAge: 0 })).toBe('auth_time')
    expect(lacks({ auth_time: NOW }, { maxAge: 0 })).toBeUndefined()
    expect(lacks({}, { maxAge: 0 })).toBe('auth_time')
  })

  test('SU-03 iat says nothing of it', () => {
    expect(lacks({ iat: NOW }, { maxAge: 60 })).toBe('auth_time')
  })

  test('SU-05 of both, both are needed', () => {
    const both = { acr: ['2fa'], maxAge: 60 }
    expect(lacks({ acr: 'pwd', auth_time: NOW }, both)).toBe('acr')
    expect(lacks({ acr: '2fa', auth_time: NOW - 3600 }, both)).toBe('auth_time')
    expect(lacks({ acr: '2fa', auth_time: NOW }, both)).toBeUndefined()
  })

  test('SU-03 who is not recent does not become so by waiting', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 10_000 }),
        fc.nat({ max: 10_000 }),
        (ago, maxAge, later) => {
          const claims = { auth_time: NOW - ago }
          const at = (seconds: number): string | undefined =>
            lacksStrength(
              claims,
              { maxAge },
              {
                clockTolerance: TOLERANCE,
                now: () => (NOW + seconds) * 1000,
              },
            )
          expect(at(0) === undefined).toBe(ago <= maxAge + TOLERANCE)
          if (at(0) !== undefined) expect(at(later)).toBe('auth_time')
        },
      ),
    )
  })
})

describe('the options of a guard', () => {
  const read = (options: unknown): Strength =>
    readStrength('requireLogin', options as Parameters<typeof readStrength>[1])

  test.each<[string, unknown]>([
    ['an empty text', ''],
    ['a blank', '2fa silver'],
    ['a quote', '2"fa'],
    ['a backslash', '2\\fa'],
    ['a line break', '2fa\r\n'],
    ['not ASCII', 'ä'],
    ['a number', 2],
    ['null', null],
    ['an object', {}],
    ['an empty list', []],
    ['a list with one that is none', ['2fa', '']],
    ['a list with a number', ['2fa', 2]],
    ['a list in a list', [['2fa']]],
  ])('SU-01 an acr that is %s is refused when the guard is made', (_name, acr) => {
    expect(() => read({ acr })).toThrow(TypeError)
    expect(() => read({ acr })).toThrow(/^requireLogin: acr is /)
  })

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53, '60', null, [60]])(
    'SU-03 a maxAge of %p is refused when the guard is made',
    (maxAge) => {
      expect(() => read({ maxAge })).toThrow(TypeError)
      expect(() => read({ maxAge })).toThrow(/^requireLogin: maxAge is /)
    },
  )

  test('SU-01 one value is a list of one', () => {
    expect(read({ acr: '2fa' })).toEqual({ acr: ['2fa'] })
    expect(read({ acr: ['urn:a:b', '2fa'], maxAge: 0 })).toEqual({ acr: ['urn:a:b', '2fa'], maxAge: 0 })
    expect(read({})).toEqual({})
    expect(read({ acr: undefined, maxAge: undefined })).toEqual({})
  })
})

describe('the parameters of a challenge (RFC 9470 §3)', () => {
  test('SU-05 are those that are asked for', () => {
    expect(strengthParameters({})).toEqual({})
    expect(strengthParameters({ acr: ['a', 'b'] })).toEqual({ acr_values: 'a b' })
    expect(strengthParameters({ maxAge: 0 })).toEqual({ max_age: '0' })
    expect(strengthParameters({ acr: ['2fa'], maxAge: 60 })).toEqual({ acr_values: '2fa', max_age: '60' })
  })
})
