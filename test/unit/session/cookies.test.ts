import { describe, expect, test } from '@jest/globals'
import { cookieAttributes, sessionCookieName } from '../../../src/session/cookies.js'

describe('the cookie of the session (RFC 6265 §5.2)', () => {
  test.each([
    ['http://localhost:3000', 'latchkey', false],
    ['https://app.example', '__Host-latchkey', true],
  ])('SE-05 under %s', (publicUrl, name, secure) => {
    expect(sessionCookieName(publicUrl, 'latchkey')).toBe(name)
    expect(cookieAttributes(publicUrl)).toEqual({ httpOnly: true, sameSite: 'lax', path: '/', secure })
  })
})
