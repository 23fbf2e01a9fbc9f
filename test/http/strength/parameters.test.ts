import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Jar } from '../../support/browser-jar.js'
import { CLIENT_ID, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const NAMES = ['prompt', 'max_age', 'acr_values', 'login_hint', 'ui_locales', 'kc_idp_hint', 'kc_action']
const OURS = [
  'client_id',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'response_type',
]

const withQuery = (path: string, name: string, value: string): string =>
  `${path}?${new URLSearchParams({ [name]: value }).toString()}`

/** Refused, or an authorization request that is as always but for the value, which is there as it was given. */
async function expectRefusedOrPassedOn(path: string, name: string, value: string): Promise<void> {
  const answer = await app.navigate(withQuery(path, name, value))
  if (answer.status === 400) {
    expect([answer.location, answer.cookies]).toEqual([undefined, []])
    return
  }
  expect(answer.status).toBe(302)
  const url = new URL(answer.location ?? '')
  expect(url.origin + url.pathname).toBe(`${provider.issuer}/protocol/openid-connect/auth`)
  const extra = path === '/register' ? ['prompt'] : [name]
  expect([...url.searchParams.keys()].sort()).toEqual(
    [...new Set([...OURS, 'scope', 'state', ...extra, name])].sort(),
  )
  expect(url.searchParams.getAll(name)).toEqual([
    path === '/register' && name === 'prompt' ? 'create' : value,
  ])
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: CLIENT_ID,
    redirect_uri: `${app.publicUrl}/authorize`,
    response_type: 'code',
    scope: 'openid profile email',
  })
}

describe('SU-06 hostile values', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      'none login',
      'login none',
      '-1',
      '1e9',
      '١٢',
      '+1',
      '0x10',
      ' 1',
      'x&scope=y',
      'x\nscope=y',
      '%00',
      '__proto__',
    ),
    fc.integer().map(String),
    fc.constantFrom('2fa', 'login', 'create', '60', 'de', 'alice').map((word) => word.repeat(900)),
  )

  test.each(['/login', '/register'])(
    'SU-06 %s: 400, or one parameter with that value and the rest as always',
    (path) =>
      fc.assert(
        fc.asyncProperty(fc.constantFrom(...NAMES), hostile, (name, value) =>
          expectRefusedOrPassedOn(path, name, value),
        ),
        { numRuns: 150 },
      ),
  )

  test.each(NAMES)(
    'SU-06 %s: control characters, another parameter in it, 4 kB, a list, twice',
    async (name) => {
      for (const path of ['/login', '/register']) {
        for (const value of ['a\u0000', 'a\r\nb', 'a\u0085', 'x&scope=y', '<b>', 'x'.repeat(4096)])
          expect([value, (await app.navigate(withQuery(path, name, value))).status]).toEqual([value, 400])
        const pair = `${name}=1&${name}=1`
        expect((await app.navigate(`${path}?${pair}`)).status).toBe(400)
        // Under another name it is none of ours, and left out.
        const url = await app.beginLogin(new Jar(), `${path}?${name}[]=1`)
        expect(url.href).not.toContain(`${name}[]`)
      }
    },
  )
})

describe('SU-06 /register', () => {
  const TRICKS = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    'https://evil.example/',
    'http:evil.example',
    'javascript:alert(1)//',
    '@evil.example',
    '//user@evil.example',
    '\u3000//evil.example',
    '／／evil.example',
  ]

  test.each(TRICKS)(
    'SU-06 with return_to=%j ends on our own origin, encoded once or twice',
    async (trick) => {
      for (const value of [trick, encodeURIComponent(trick)]) {
        const answer = await app.signIn(
          provider,
          new Jar(),
          newPerson(),
          withQuery('/register', 'return_to', value),
        )
        expect(answer.status).toBe(303)
        expect(new URL(answer.location ?? '', `${app.publicUrl}/authorize`).origin).toBe(app.publicUrl)
      }
    },
  )
})
