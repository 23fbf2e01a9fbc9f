import { describe, expect, test } from '@jest/globals'
import type { Request } from 'express'
import { retryLink } from '../../../src/pages/retry-link.js'

const link = (originalUrl: string): string =>
  retryLink({ originalUrl } as unknown as Request, 'https://app.example')

describe('retryLink', () => {
  test.each([
    ['a login', '/login', '/login'],
    ['a destination', '/login?return_to=%2Fa%3Fb%3D1', '/login?return_to=%2Fa%3Fb%3D1'],
    [
      'a wish and a destination',
      '/login?kc_action=UPDATE_PASSWORD&return_to=%2Faccount',
      '/login?return_to=%2Faccount&kc_action=UPDATE_PASSWORD',
    ],
    ['a registration', '/register', '/register'],
    [
      'a registration with wishes',
      '/register?return_to=%2Fx&login_hint=ada%40example.test&ui_locales=de',
      '/register?return_to=%2Fx&login_hint=ada%40example.test&ui_locales=de',
    ],
    ['the router’s other spellings', '/LOGIN/?max_age=5', '/LOGIN?max_age=5'],
  ])('C003-10 leads to %s again', (_what, from, to) => {
    expect(link(from)).toBe(to)
  })

  test.each([
    ['parameters that are not on the list', '/login?client_id=x&redirect_uri=y&scope=z', '/login'],
    ['a destination elsewhere', '/login?return_to=https%3A%2F%2Fevil.example', '/login'],
    ['a destination given twice', '/login?return_to=%2Fa&return_to=%2Fb', '/login'],
    ['anything of a link that would be refused', '/register?max_age=x&return_to=%2Fa', '/login'],
    ['the parameters of a callback', '/authorize?code=c&state=s&prompt=none', '/login'],
    ['a path that is no URL', '//?return_to=%2Fa', '/login'],
    ['a path that only begins alike', '/login-help?prompt=login', '/login'],
    ['a path on another host', '//evil.example/login?prompt=login', '/login'],
  ])('C003-10 leaves out %s', (_what, from, to) => {
    expect(link(from)).toBe(to)
  })
})
