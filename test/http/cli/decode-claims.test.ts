import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { latchkey } from '../../support/cli-process.js'
import { createSigningKey } from '../../support/signing.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterAll(() => stopWorld(world))

const now = (): number => Math.floor(Date.now() / 1000)
const HOUR = 3600

async function verdictOn(claims: Record<string, unknown>) {
  const input = await world.provider.accessToken(claims)
  const { code, stdout } = await latchkey(['decode'], { input, env: { OIDC_ISSUER: world.provider.issuer } })
  return { code, verdict: stdout.split('\n').find((line) => /^(?:NOT )?VALID/.test(line)) }
}

describe.each([
  ['without an audience', undefined],
  ['with an empty list of audiences', []],
  ['with an audience', 'the-api'],
])('what latchkey decode says of a signed token %s', (_name, aud) => {
  test.each([
    ['is good later', { nbf: now() + HOUR }, /not valid yet/],
    ['was issued later', { iat: now() + HOUR, exp: now() + 2 * HOUR }, /issued in the future/],
    ['was issued at no time', { iat: undefined }, /it does not say when it was issued/],
    ['was issued in a text', { iat: 'now' }, /its iat is not a date/],
    ['has a number as its subject', { sub: 5 }, /not a usable subject/],
    ['has an empty subject', { sub: '' }, /not a usable subject/],
    ['ends at no date', { exp: 1e300 }, /its exp is not a date/],
    ['ends in a text', { exp: '9999999999' }, /it does not say until when/],
    ['does not end', { exp: undefined }, /it does not say until when/],
    ['begins in a text', { nbf: 'now' }, /its nbf is not a date/],
    ['is over', { iat: now() - 2 * HOUR, exp: now() - HOUR }, /it expired 1 hour ago/],
  ])('that %s: it is not good, and why', async (_what, claims, words) => {
    const { code, verdict } = await verdictOn({ aud, ...claims })
    expect({ code, verdict }).toEqual({
      code: 3,
      verdict: expect.stringMatching(new RegExp(`^NOT VALID: .*${words.source}`)) as unknown,
    })
  })

  test('that says nothing wrong: it is good, be there a subject or none', async () => {
    for (const claims of [{}, { sub: undefined }, { nbf: now() - 5, iat: now() + 5 }])
      expect((await verdictOn({ aud, ...claims })).code).toBe(0)
  })
})

test.each([[5], [['the-api', 5]], [{}], [true]])('an audience that is none: %j', async (aud) => {
  expect(await verdictOn({ aud })).toEqual({ code: 3, verdict: 'NOT VALID: its aud is not an audience' })
})

test('a wrong signature comes before what the claims say', async () => {
  const input = await world.provider.accessToken({ aud: undefined, sub: 5 }, {}, await createSigningKey())
  const { code, stdout } = await latchkey(['decode'], { input, env: { OIDC_ISSUER: world.provider.issuer } })
  expect(code).toBe(3)
  expect(stdout).not.toContain('subject')
})
