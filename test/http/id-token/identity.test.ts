import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Jar } from '../../support/browser-jar.js'
import { forge, headerOf } from '../../support/forging.js'
import { expectRefusedLogin } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(() => provider.reset())
afterAll(async () => {
  await app.stop()
  await provider.close()
})

describe('who a person is (OpenID Connect Core §5.7)', () => {
  test('IT-11 another sub with the same name, user name and e-mail is another person', async () => {
    const victim = newPerson()
    const double = { ...victim, sub: randomUUID() }
    const [victims, doubles] = [new Jar(), new Jar()]
    await app.signIn(provider, victims, victim)
    await app.signIn(provider, doubles, double)
    expect(await app.whoami(victims)).toMatchObject({
      id: victim.sub,
      username: victim['preferred_username'],
    })
    expect(await app.whoami(doubles)).toMatchObject({
      id: double.sub,
      username: victim['preferred_username'],
    })
  })

  test('IT-11 the same sub under another name is the same person', async () => {
    const person = newPerson()
    const renamed = newPerson({ sub: person.sub })
    const jar = new Jar()
    await app.signIn(provider, jar, person)
    await app.signIn(provider, jar, renamed)
    expect(await app.whoami(jar)).toMatchObject({
      id: person.sub,
      username: renamed['preferred_username'],
      primary_email: renamed['email'],
    })
  })

  test('IT-11 a sub in the header of the JWT is ignored', async () => {
    const [victim, person, jar] = [newPerson(), newPerson(), new Jar()]
    provider.onIdToken = (draft) => ({ ...draft, header: { ...draft.header, sub: victim.sub } })
    expect((await app.signIn(provider, jar, person)).status).toBe(303)
    expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
  })

  test('IT-11 subjects that differ in case are two people', async () => {
    const [lower, upper] = [new Jar(), new Jar()]
    await app.signIn(provider, lower, newPerson({ sub: 'somebody' }))
    await app.signIn(provider, upper, newPerson({ sub: 'Somebody' }))
    expect([(await app.whoami(lower))?.id, (await app.whoami(upper))?.id]).toEqual(['somebody', 'Somebody'])
  })
})

describe('token responses without a signed ID token (OpenID Connect Core §3.1.3.3)', () => {
  const refused = (change: (body: Record<string, unknown>) => object): Promise<void> =>
    expectRefusedLogin(
      app,
      provider,
      () => {
        provider.onTokenResponse = (body) => ({ ...body, ...change(body) })
      },
      [400, 502],
    )
  const parts = (token: unknown): string[] => String(token).split('.')
  const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const noise = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64url')

  test.each<[string, (token: unknown) => unknown]>([
    [
      'an encrypted one',
      () =>
        [text({ alg: 'RSA-OAEP', enc: 'A256GCM' }), noise(256), noise(12), noise(90), noise(16)].join('.'),
    ],
    [
      'one that is encrypted directly',
      () => [text({ alg: 'dir', enc: 'A256GCM' }), '', noise(12), noise(90), noise(16)].join('.'),
    ],
    ['two parts', (token) => parts(token).slice(0, 2).join('.')],
    ['four parts', (token) => `${String(token)}.${noise(8)}`],
    ['an empty text', () => ''],
    ['no JWT at all', () => 'a.b.c'],
    ['an object', () => ({ header: 1 })],
    ['a number', () => 7],
    ['true', () => true],
    ['a list with a good one', (token) => [token]],
    ['a good one with a space behind', (token) => `${String(token)} `],
    ['a good one of 200 kB of padding', (token) => `${String(token)}${'A'.repeat(200_000)}`],
  ])('IT-13 an ID token that is %s is refused', (_name, replace) =>
    refused(({ id_token: token }) => ({ id_token: replace(token) })),
  )

  test.each<[string, string]>([
    ['null', 'null'],
    ['a list', '[{"sub":"x"}]'],
    ['a text', '"x"'],
    ['a number', '7'],
    ['empty', ''],
    ['cut', '{"sub":"x"'],
  ])('IT-13 a signed payload that is %s is refused', (_name, payload) =>
    refused(() => ({ id_token: forge(headerOf(provider.key), payload, provider.key) })),
  )

  test.each<[string, object]>([
    ['no ID token', { id_token: undefined }],
    ['null for an ID token', { id_token: null }],
    ['no ID token and the scope of userinfo', { id_token: undefined, scope: 'profile email' }],
  ])('IT-14 a token response with %s is refused', async (_name, change) => {
    provider.userinfo = newPerson()
    await refused(() => change)
  })
})
