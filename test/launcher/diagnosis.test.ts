import { describe, expect, test } from '@jest/globals'
import { explainEnd } from '../../keycloak/lib/diagnosis.mjs'

const LOGGED = '2026-01-01 10:00:00,000 ERROR [org.keycloak.Handler] (main) ERROR: '

describe('an end of Keycloak that nobody asked for', () => {
  test.each([
    ['Port already bound: 8080: Address already in use', 'the next free ones will be taken'],
    ['The following build time options have values that differ: kc.db', 'Delete it from the cache folder'],
    [
      'Invalid client: Minimum ACR value needs to be specified in the ACR-To-Loa mapping',
      'cannot be imported',
    ],
    ['Database may be already in use', 'Stop that one first'],
    ['There is insufficient memory for the Java Runtime', 'not enough memory'],
    ['No space left on device', 'Make room'],
  ])('%s: what to do', (line, remedy) => {
    expect(explainEnd({ code: 1, signal: null }, ['INFO starting', LOGGED + line]).message).toContain(remedy)
  })

  test('says its code, and its errors alone, without time and logger', () => {
    const { message } = explainEnd({ code: 1, signal: null }, ['INFO starting', `${LOGGED}No such realm`])
    expect(message).toBe('Keycloak ended (exit code 1). Its last words:\n  No such realm')
  })

  test('says its last lines where there is no error', () => {
    const { message } = explainEnd({ code: null, signal: 'SIGKILL' }, ['1', '2', '3', '4', '5'])
    expect(message).toBe('Keycloak ended (signal SIGKILL). Its last words:\n  2\n  3\n  4\n  5')
  })
})
