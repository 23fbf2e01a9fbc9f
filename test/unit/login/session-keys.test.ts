import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { endedKey, personKey, sessionKeys, signOnKey, signOnOf } from '../../../src/login/session-keys.js'

const ISSUER = 'https://id.example'
const login = (claims: Record<string, unknown>, subject = 'person', issuer = ISSUER) => ({
  issuer,
  subject,
  claims,
})

describe('the keys under which a session is found', () => {
  test.each([undefined, '', null, 7, ['sid'], {}])('a sid that is %p is none', (sid) => {
    expect(signOnOf({ claims: { sid } })).toBeUndefined()
    expect(sessionKeys(login({ sid }))).toEqual([personKey(ISSUER, 'person')])
  })

  test('are that of the person and that of the session at the provider', () => {
    expect(sessionKeys(login({ sid: 'sid' }))).toEqual([
      personKey(ISSUER, 'person'),
      signOnKey(ISSUER, 'sid'),
    ])
  })

  test('are of the login, not of a claim: sub and iss in the claims change nothing', () => {
    expect(sessionKeys(login({ sub: 'another', iss: 'https://other.example' }))).toEqual([
      personKey(ISSUER, 'person'),
    ])
  })

  test('BL-01 BL-02 what ended at the provider is found under one of them', () => {
    const keys = sessionKeys(login({ sid: 'sid' }))
    expect(keys).toContain(endedKey({ issuer: ISSUER, sid: 'sid', sub: 'person' }))
    expect(keys).toContain(endedKey({ issuer: ISSUER, sid: 'sid', sub: undefined }))
    expect(keys).toContain(endedKey({ issuer: ISSUER, sid: undefined, sub: 'person' }))
  })

  test('BL-14 nothing else has the same: no other person, session or issuer, whatever they are called', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'sid', 'sub', ',', '"', '\\') })
    const named = fc.tuple(fc.constantFrom(personKey, signOnKey), text, text)
    fc.assert(
      fc.property(named, named, ([one, ...ofOne], [other, ...ofOther]) => {
        const isSame = one === other && ofOne[0] === ofOther[0] && ofOne[1] === ofOther[1]
        expect(one(...ofOne) === other(...ofOther)).toBe(isSame)
      }),
      { numRuns: 1000 },
    )
  })

  test('BL-14 nor where the end of an issuer could be the beginning of a name', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', ':', ' ', '\\') })
    fc.assert(
      fc.property(text, fc.nat(10), fc.nat(10), (whole, one, other) => {
        for (const keyOf of [personKey, signOnKey]) {
          const [first, second] = [one, other].map((at) => keyOf(whole.slice(0, at), whole.slice(at)))
          expect(first === second).toBe(whole.slice(one) === whole.slice(other))
        }
      }),
      { numRuns: 1000 },
    )
  })
})
