import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { withParameters } from '../../../src/login/return-to.js'

const ACTION = 'UPDATE_PASSWORD'
const tell = (address: string): string =>
  withParameters(address, { kc_action: ACTION, kc_action_status: 'success' })

describe('the address that tells the outcome', () => {
  test.each([
    ['/account', '/account?kc_action=UPDATE_PASSWORD&kc_action_status=success'],
    ['/account?a=b', '/account?a=b&kc_action=UPDATE_PASSWORD&kc_action_status=success'],
    ['/account?a=b#c', '/account?a=b&kc_action=UPDATE_PASSWORD&kc_action_status=success#c'],
    ['/account#c', '/account?kc_action=UPDATE_PASSWORD&kc_action_status=success#c'],
  ])('SU-07 %s becomes %s', (address, expected) => {
    expect(tell(address)).toBe(expected)
  })

  test('SU-07 what it said before is replaced, and not said twice', () => {
    const said = '/account?kc_action=other&kc_action_status=error&kc_action_status=success'
    expect(withParameters(said, { kc_action: ACTION, kc_action_status: 'none' })).toBe(
      '/account?kc_action=UPDATE_PASSWORD&kc_action_status=none',
    )
  })

  test('RD-01 SU-07 whatever the destination, it stays the same path of ours', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), fc.webFragments(), (path, query, fragment) => {
        const before = new URL(`/x${path}?${query}#${fragment}`, 'https://app.example')
        const after = new URL(tell(before.href.slice(before.origin.length)), 'https://app.example')
        expect([after.origin, after.pathname, after.hash]).toEqual([
          before.origin,
          before.pathname,
          before.hash,
        ])
        expect(after.searchParams.getAll('kc_action_status')).toEqual(['success'])
        for (const name of new Set(before.searchParams.keys()))
          if (!name.startsWith('kc_action'))
            expect(after.searchParams.getAll(name)).toEqual(before.searchParams.getAll(name))
      }),
    )
  })

  test('RD-01 SU-07 a fragment or a query that holds the other sign again is not cut', () => {
    expect(tell('/a?b=c?d')).toContain('b=c%3Fd')
    expect(tell('/a#b#c')).toMatch(/#b#c$/)
  })
})
