import { describe, expect, test } from '@jest/globals'
import { assertRequirements, checkRequirements, type Requirements } from '../../../src/bearer/requirements.js'
import type { Auth } from '../../../src/http/auth.js'

function auth(scope: string[], realm: string[] = [], client: Record<string, string[]> = {}): Auth {
  return {
    subject: 'x',
    name: undefined,
    username: undefined,
    email: undefined,
    scope: new Set(scope),
    roles: { realm, client },
    claims: {},
    expiresAt: new Date(0),
    via: 'bearer',
  }
}

describe('checkRequirements', () => {
  test.each<[string, Auth, Requirements, string]>([
    ['no scope', auth([]), { scope: ['read'] }, 'the token lacks scope read'],
    ['one of two words', auth(['read']), { scope: ['read', 'write'] }, 'the token lacks scope write'],
    [
      'a pattern',
      auth(['train/TrainJob:x']),
      { scope: ['train/TrainJob:*'] },
      'the token lacks scope train/TrainJob:*',
    ],
    ['a scope for a role', auth(['admin']), { realmRole: ['admin'] }, 'the token lacks realm role admin'],
    [
      'a client’s role for the realm’s',
      auth([], [], { a: ['admin'] }),
      { realmRole: ['admin'] },
      'the token lacks realm role admin',
    ],
    [
      'the realm’s role for a client’s',
      auth([], ['admin']),
      { clientRole: { a: ['admin'] } },
      'the token lacks role admin of client a',
    ],
    [
      'another client’s',
      auth([], [], { b: ['x'] }),
      { clientRole: { a: ['x'] } },
      'the token lacks role x of client a',
    ],
    [
      'one client of two',
      auth([], [], { a: ['x'] }),
      { clientRole: { a: ['x'], b: ['y'] } },
      'the token lacks role y of client b',
    ],
    [
      'what every object has',
      auth([]),
      { clientRole: { constructor: ['name'] } },
      'the token lacks role name of client constructor',
    ],
    [
      'role and no scope',
      auth([], ['admin']),
      { scope: ['read'], realmRole: ['admin'] },
      'the token lacks scope read',
    ],
  ])('BT-06 AZ-01 %s: insufficient_scope', (_name, who, requirements, message) => {
    expect(() => checkRequirements(who, requirements)).toThrow(
      expect.objectContaining({ code: 'insufficient_scope', status: 403, message }),
    )
  })

  test('BT-06 the error names the whole scope for a missing word, and none for a missing role', () => {
    const scope = ['read', 'write']
    expect(() => checkRequirements(auth(['read']), { scope })).toThrow(expect.objectContaining({ scope }))
    expect(() => checkRequirements(auth([]), { realmRole: ['x'] })).toThrow(
      expect.objectContaining({ scope: [] }),
    )
  })

  test.each<[string, Auth, Requirements]>([
    ['nothing asked', auth([]), {}],
    [
      'all asked',
      auth(['r', 'w'], ['a', 'b'], { c: ['x', 'y'] }),
      { scope: ['w'], realmRole: ['b', 'a'], clientRole: { c: ['y'] } },
    ],
  ])('lets through: %s', (_name, who, requirements) => {
    expect(() => checkRequirements(who, requirements)).not.toThrow()
  })
})

describe('assertRequirements', () => {
  test.each<[unknown]>([
    [{ scope: 'read' }],
    [{ scope: [] }],
    [{ scope: [''] }],
    [{ scope: ['a b'] }],
    [{ scope: ['a"b'] }],
    [{ scope: ['a\\b'] }],
    [{ scope: ['é'] }],
    [{ scope: null }],
    [{ realmRole: 'admin' }],
    [{ realmRole: [] }],
    [{ realmRole: [7] }],
    [{ clientRole: 'x' }],
    [{ clientRole: { a: 'x' } }],
    [{ clientRole: { a: [] } }],
  ])('refuses %p', (requirements) => {
    expect(() => assertRequirements(requirements as Requirements)).toThrow(TypeError)
  })

  test.each<[Requirements]>([
    [{}],
    [{ scope: ['train/TrainJob:*', 'read'] }],
    [{ realmRole: ['a role with blanks'] }],
    [{ clientRole: { a: ['x'] } }],
  ])('takes %p', (requirements) => {
    expect(() => assertRequirements(requirements)).not.toThrow()
  })
})
