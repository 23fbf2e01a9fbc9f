import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ACTION_OUTCOMES, readActionOutcome } from '../../../src/login/action-outcome.js'

const ACTION = 'UPDATE_PASSWORD'
const read = (query: string, asked: string | undefined = ACTION): string | undefined =>
  readActionOutcome(new URLSearchParams(query), asked)

describe('the outcome of an action in an authorization response', () => {
  test.each([
    'kc_action_status=success',
    'kc_action_status=success&kc_action=UPDATE_PASSWORD',
    '',
    'kc_action=x',
  ])('SU-07 %p says nothing when no action was asked for', (query) => {
    expect(readActionOutcome(new URLSearchParams(query), undefined)).toBeUndefined()
  })

  test.each([
    ['nothing', ''],
    ['no status', 'kc_action=UPDATE_PASSWORD'],
    ['an empty status', 'kc_action_status=&kc_action=UPDATE_PASSWORD'],
    ['the status of another action', 'kc_action_status=success&kc_action=CONFIGURE_TOTP'],
    ['the status of an action in another case', 'kc_action_status=success&kc_action=update_password'],
    ['the status of an action without a name', 'kc_action_status=success&kc_action='],
    ['two statuses', 'kc_action_status=success&kc_action_status=success'],
    ['two that differ', 'kc_action_status=cancelled&kc_action_status=success'],
    ['two names', 'kc_action_status=success&kc_action=UPDATE_PASSWORD&kc_action=UPDATE_PASSWORD'],
    ['a name beside another', 'kc_action_status=success&kc_action=UPDATE_PASSWORD&kc_action=x'],
    ['markup', 'kc_action_status=<b>success</b>'],
    ['markup as a list', 'kc_action_status[]=success'],
    ['another case', 'kc_action_status=SUCCESS'],
    ['a blank behind', 'kc_action_status=success%20'],
    ['the name of a member of everything', 'kc_action_status=__proto__'],
  ])('SU-07 %s means: not done', (_name, query) => {
    expect(read(query)).toBe('none')
  })

  test.each(['success', 'cancelled', 'error'])(
    'SU-07 %s is %s, with the name of the action or without',
    (status) => {
      expect(read(`kc_action_status=${status}`)).toBe(status)
      expect(read(`kc_action_status=${status}&kc_action=${ACTION}`)).toBe(status)
    },
  )

  test('SU-07 whatever it says, it is one of our own words', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), fc.string({ unit: 'binary' }), (query, status) => {
        const parameters = new URLSearchParams(query)
        parameters.append('kc_action_status', status)
        expect(ACTION_OUTCOMES).toContain(readActionOutcome(parameters, ACTION))
      }),
    )
  })
})
