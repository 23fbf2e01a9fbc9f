import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import type { Answer, TestApp } from '../../support/test-app.js'
import { personWithSession, type PersonAtProvider } from '../logout/logout-tokens.js'
import { script, signedIn, startTwoApps, type TwoApps } from '../refresh/two-apps.js'

let provider: ScriptedProvider
let apps: TwoApps
let person: PersonAtProvider
/** The browser that the provider signs out, one more of the same person, and one of somebody else. */
let jar: Jar
let other: Jar
let stranger: Jar

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  apps = await startTwoApps(provider)
})
beforeEach(async () => {
  person = personWithSession()
  jar = await signedIn(apps.a, provider, person)
  other = await signedIn(apps.b, provider, { ...person, sid: randomUUID() })
  stranger = await signedIn(apps.b, provider)
})
afterAll(async () => {
  await apps.stop()
  await provider.close()
})

/** The frame in a page of the provider: it has no cookie of ours. */
const frame = (query: string, app: TestApp = apps.b): Promise<Answer> =>
  app.send(`/frontchannel-logout${query}`, {
    headers: {
      accept: 'text/html',
      'sec-fetch-dest': 'iframe',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
    },
  })
const query = (parameters: Record<string, string>): string => `?${new URLSearchParams(parameters).toString()}`

async function alive(): Promise<readonly boolean[][]> {
  return Promise.all(
    [apps.a, apps.b].map((app) =>
      Promise.all(
        [jar, other, stranger].map(async (each) => (await script(app, each.copy())).status === 200),
      ),
    ),
  )
}
const all = [true, true, true]

describe('AC-06 a front-channel request that names no session of ours', () => {
  test.each<[string, (iss: string, sid: string) => string, number]>([
    ['nothing', () => '', 400],
    ['no iss', (_iss, sid) => query({ sid }), 400],
    ['no sid', (iss) => query({ iss }), 400],
    ['an empty sid', (iss) => query({ iss, sid: '' }), 400],
    ['an empty iss', (_iss, sid) => query({ iss: '', sid }), 400],
    ['another issuer', (_iss, sid) => query({ iss: 'https://evil.example/realms/demo', sid }), 400],
    ['the issuer with a slash', (iss, sid) => query({ iss: `${iss}/`, sid }), 400],
    ['the issuer in upper case', (iss, sid) => query({ iss: iss.toUpperCase(), sid }), 400],
    ['an unknown sid', (iss) => query({ iss, sid: randomUUID() }), 200],
    ['a sid with a wildcard', (iss) => query({ iss, sid: '*' }), 200],
    ['__proto__', (iss) => query({ iss, sid: '__proto__' }), 200],
    ['iss twice', (iss, sid) => `${query({ iss, sid })}&iss=${encodeURIComponent(iss)}`, 400],
    ['sid twice', (iss, sid) => `${query({ iss, sid })}&sid=${sid}`, 400],
    ['sid[]', (iss, sid) => `${query({ iss })}&sid[]=${sid}`, 400],
    ['the sid in upper case', (iss, sid) => query({ iss, sid: sid.toUpperCase() }), 200],
    ['part of the sid', (iss, sid) => query({ iss, sid: sid.slice(0, -1) }), 200],
    ['a sub', (iss) => query({ iss, sid: person.sub, sub: person.sub }), 200],
    ['a sid of 10 kB', (iss) => query({ iss, sid: 'x'.repeat(10_000) }), 200],
  ])('AC-06 %s: no session ends', async (_name, make, status) => {
    const answer = await frame(make(provider.issuer, person.sid))
    expect([answer.status, answer.headers['cache-control'], answer.location, answer.cookies]).toEqual([
      status,
      'no-store',
      undefined,
      [],
    ])
    expect(await alive()).toEqual([all, all])
  })

  test.each(['POST', 'PUT', 'DELETE'])('AC-06 %s: no session ends', async (method) => {
    const path = `/frontchannel-logout${query({ iss: provider.issuer, sid: person.sid })}`
    const answer = await apps.b.send(path, { method })
    expect([404, 405]).toContain(answer.status)
    expect(await alive()).toEqual([all, all])
  })
})

describe('AC-06 a front-channel request that names one', () => {
  test('AC-06 exactly that session is over on both processes within a second, whoever asks; no-store', async () => {
    const begun = performance.now()
    const answer = await frame(query({ iss: provider.issuer, sid: person.sid }))
    expect(await alive()).toEqual([
      [false, true, true],
      [false, true, true],
    ])
    expect(performance.now() - begun).toBeLessThan(1000)
    expect([answer.status, answer.headers['cache-control'], answer.body, answer.cookies]).toEqual([
      200,
      'no-store',
      '',
      [],
    ])
    // Once more: there is nothing to end.
    expect((await frame(query({ iss: provider.issuer, sid: person.sid }), apps.a)).status).toBe(200)
    expect(await alive()).toEqual([
      [false, true, true],
      [false, true, true],
    ])
    for (const app of [apps.a, apps.b]) expect((await app.navigate('/hello', jar.copy())).status).toBe(302)
  })

  test('AC-06 the provider may show it in a frame, and nobody else', async () => {
    const { headers } = await frame(query({ iss: provider.issuer, sid: person.sid }))
    expect(headers['content-security-policy']).toBe(`default-src 'none'; frame-ancestors ${provider.origin}`)
    expect(headers).not.toHaveProperty('x-frame-options')
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('AC-06 a sid of any characters', async () => {
    const sid = 'a b&c=d/ü#%'
    const jars = await Promise.all([
      signedIn(apps.a, provider, personWithSession({})),
      signedIn(apps.a, provider, { ...person, sid }),
    ])
    expect((await frame(query({ iss: provider.issuer, sid }))).status).toBe(200)
    const states = await Promise.all(jars.map((each) => apps.b.whoami(each)))
    expect(states.map((who) => who !== undefined)).toEqual([true, false])
  })
})
