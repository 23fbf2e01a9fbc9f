import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import express from 'express'
import { createApp, type Services } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { json, ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, TestApp } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { withApp } from '../../support/with-app.js'
import { logoutToken, personWithSession, tell } from './logout-tokens.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
afterEach(() => provider.reset())
afterAll(async () => {
  await app.stop()
  await provider.close()
})

async function signedIn(person: Person, at = app): Promise<Jar> {
  const jar = new Jar()
  expect((await at.signIn(provider, jar, person)).status).toBe(303)
  return jar
}
const alive = async (jars: readonly Jar[]): Promise<boolean[]> =>
  Promise.all(jars.map(async (jar) => (await app.whoami(jar)) !== undefined))

describe('the provider ends sessions (Back-Channel Logout 1.0 §2.5 to §2.8)', () => {
  test('BL-01 by sid: 200, no-store, the session is over and no other', async () => {
    const person = personWithSession()
    const ended = await signedIn(person)
    const others = [await signedIn({ ...person, sid: randomUUID() }), await signedIn(personWithSession())]
    const answer = await tell(app, await logoutToken(provider, { sid: person.sid }))
    expect([answer.status, answer.headers['cache-control'], answer.body, answer.cookies]).toEqual([
      200,
      'no-store',
      '',
      [],
    ])
    expect(await alive([ended, ...others])).toEqual([false, true, true])
    expect((await app.navigate('/hello', ended)).status).toBe(302)
  })

  test('BL-01 by sid and sub, every browser of the sign-on session: over, and no other', async () => {
    const person = personWithSession()
    const ended = [await signedIn(person), await signedIn(person)]
    const other = await signedIn({ ...person, sid: randomUUID() })
    const { sid, sub } = person
    expect((await tell(app, await logoutToken(provider, { sid, sub }))).status).toBe(200)
    expect(await alive([...ended, other])).toEqual([false, false, true])
  })

  test('BL-02 by sub alone: all sessions of the person, and of nobody else', async () => {
    const person = newPerson()
    const ended = [await signedIn(person), await signedIn(person), await signedIn(person)]
    const others = [await signedIn(newPerson()), await signedIn(newPerson({ sid: person.sub }))]
    expect((await tell(app, await logoutToken(provider, { sub: person.sub }))).status).toBe(200)
    expect(await alive([...ended, ...others])).toEqual([false, false, false, true, true])
    expect(await alive([await signedIn(person)])).toEqual([true])
  })

  test('BL-11 a session or a person that nobody knows: 200', async () => {
    const jar = await signedIn(newPerson())
    for (const claims of [{ sid: randomUUID() }, { sub: randomUUID() }, { sid: '__proto__' }])
      expect((await tell(app, await logoutToken(provider, claims))).status).toBe(200)
    const gone = personWithSession()
    await app.signOut(await signedIn(gone))
    expect((await tell(app, await logoutToken(provider, { sid: gone.sid }))).status).toBe(200)
    expect(await alive([jar])).toEqual([true])
  })

  test('BL-14 the sid of one person with the sub of another: nobody is signed out', async () => {
    const [a, b] = [personWithSession(), personWithSession()]
    const jars = [await signedIn(a), await signedIn(b)]
    const answer = await tell(app, await logoutToken(provider, { sid: a.sid, sub: b.sub }))
    expect([200, 400]).toContain(answer.status)
    expect(await alive(jars)).toEqual([true, true])
  })

  test('BL-01 used twice: 400', async () => {
    const person = newPerson()
    const token = await logoutToken(provider, { sub: person.sub })
    expect((await tell(app, token)).status).toBe(200)
    const jar = await signedIn(person)
    const again = await tell(app, token)
    expect([again.status, again.json()]).toMatchObject([400, { error: 'invalid_logout_token' }])
    expect(await alive([jar])).toEqual([true])
  })

  test('BL-02 the log line names the issuer, the person, the number of sessions and the request', async () => {
    const person = newPerson()
    await signedIn(person)
    await signedIn(person)
    const { headers } = await tell(app, await logoutToken(provider, { sub: person.sub }))
    const lines = app.log.filter(({ code, sub }) => code === 'backchannel_logout' && sub === person.sub)
    expect(lines).toEqual([
      expect.objectContaining({ level: 'info', iss: provider.issuer, sub: person.sub, sessions: 2 }),
    ])
    expect(lines[0]?.request_id).toBe(headers['x-request-id'])
    expect(headers['x-request-id']).toMatch(/^[\w-]{36}$/)
  })

  test('BL-01 no key to judge by: 503 with Retry-After, and the same token works once there is one', async () => {
    let ahead = 0
    await withApp(provider, { now: () => Date.now() + ahead }, async (fresh) => {
      provider.answers.jwks = (_call, res) => json(res, 500, {})
      const token = await logoutToken(provider, { sub: randomUUID() })
      const answer = await tell(fresh, token)
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
      provider.reset()
      ahead = 3000
      expect((await tell(fresh, token)).status).toBe(200)
    })
  })
})

describe('BL-09 what is sent, and how', () => {
  type Sent = Parameters<TestApp['send']>
  const post = (type: string, body: string): Sent => [
    '/backchannel-logout',
    { method: 'POST', headers: { 'content-type': type }, body },
  ]
  const form = (body: string): Sent => post(FORM['content-type'], body)

  test.each<[string, (token: string) => Sent]>([
    ['GET', (t) => [`/backchannel-logout?logout_token=${t}`, {}]],
    ['HEAD', (t) => [`/backchannel-logout?logout_token=${t}`, { method: 'HEAD' }]],
    ['PUT', (t) => ['/backchannel-logout', { method: 'PUT', headers: FORM, body: `logout_token=${t}` }]],
    ['DELETE', (t) => [`/backchannel-logout?logout_token=${t}`, { method: 'DELETE' }]],
    ['JSON', (t) => post('application/json', JSON.stringify({ logout_token: t }))],
    ['the token as it is', (t) => post('application/logout+jwt', t)],
    ['a plain text', (t) => post('text/plain', `logout_token=${t}`)],
    [
      'multipart',
      (t) =>
        post(
          'multipart/form-data; boundary=b',
          `--b\r\nContent-Disposition: form-data; name="logout_token"\r\n\r\n${t}\r\n--b--\r\n`,
        ),
    ],
    ['no body', () => ['/backchannel-logout', { method: 'POST' }]],
    ['no parameter', () => form('')],
    ['another parameter', (t) => form(`token=${t}`)],
    ['an empty parameter', () => form('logout_token=')],
    ['the parameter twice', (t) => form(`logout_token=${t}&logout_token=${t}`)],
    ['the parameter as a list', (t) => form(`logout_token[]=${t}`)],
    ['in the query', (t) => [`/backchannel-logout?logout_token=${t}`, { method: 'POST', headers: FORM }]],
    ['2 MB', (t) => form(`logout_token=${t}&x=${'x'.repeat(2 * 1024 * 1024)}`)],
    ['a thousand parameters', (t) => form(`${'x=1&'.repeat(1000)}logout_token=${t}`)],
  ])('BL-09 %s: refused, no redirect, nobody is signed out', async (name, make) => {
    const person = personWithSession()
    const jar = await signedIn(person)
    const answer = await app.send(...make(await logoutToken(provider, { sid: person.sid })))
    expect([name, answer.location]).toEqual([name, undefined])
    expect([400, 405, 413, 415]).toContain(answer.status)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(await alive([jar])).toEqual([true])
  })

  test.each<[string, Record<string, string>]>([
    ['from another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['from a null origin', { origin: 'null', referer: 'https://evil.example/' }],
    ['with a charset', { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }],
    [
      'that wants a page',
      { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ],
  ])('BL-09 a good one %s is never refused as cross-site', async (_name, headers) => {
    const person = personWithSession()
    const jar = await signedIn(person)
    const answer = await tell(app, await logoutToken(provider, { sid: person.sid }), headers)
    expect([answer.status, answer.location]).toEqual([200, undefined])
    expect(await alive([jar])).toEqual([false])
  })
})

describe('a logout and what is under way', () => {
  /** Signs in, while the token endpoint answers only after `meanwhile`. */
  async function signInWhile(jar: Jar, person: Person, meanwhile: () => Promise<unknown>) {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    provider.onIdToken = async (draft) => {
      await held
      return draft
    }
    provider.calls = []
    const answer = app.signIn(provider, jar, person)
    await until(() => (provider.count('token') > 0 ? true : undefined))
    await meanwhile()
    release()
    return answer
  }

  test.each(['sid', 'sub'])('BL-01 by %s, it overtakes the callback and wins', async (name) => {
    const person = personWithSession()
    const jar = new Jar()
    const answer = await signInWhile(jar, person, async () => {
      expect((await tell(app, await logoutToken(provider, { [name]: person[name] }))).status).toBe(200)
    })
    expect([answer.status, answer.location]).toEqual([400, undefined])
    expect(answer.body).toContain('logged_out_meanwhile')
    expect(await alive([jar])).toEqual([false])
    provider.reset()
    expect(await alive([await signedIn({ ...person, sid: randomUUID() })])).toEqual([true])
  })

  test('BL-01 sent before the callback comes, it wins by sid', async () => {
    const person = personWithSession()
    const jar = new Jar()
    const callback = provider.approve((await app.beginLogin(jar)).href, person)
    await tell(app, await logoutToken(provider, { sid: person.sid, sub: person.sub }))
    expect((await app.callback(callback, jar)).status).toBe(400)
    expect(await alive([jar])).toEqual([false])
  })

  test('BL-01 the logout of somebody else does not disturb a callback', async () => {
    const jar = new Jar()
    const { sub, sid } = personWithSession()
    const answer = await signInWhile(jar, personWithSession(), async () => {
      await tell(app, await logoutToken(provider, { sub }))
      await tell(app, await logoutToken(provider, { sid }))
    })
    expect([answer.status, await alive([jar])]).toEqual([303, [true]])
  })

  test.each(['sid', 'sub'])('BL-01 by %s, a request under way does not bring it back', async (name) => {
    let begun = false
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const makeApp = (services: Services) =>
      express()
        .get('/slow', services.session, async (req, res) => {
          begun = true
          await held
          Object.assign(req.session, { seen: Date.now() })
          res.send('done')
        })
        .use(createApp(services))
    await withApp(provider, { makeApp }, async (host) => {
      const person = personWithSession()
      const jar = await signedIn(person, host)
      const slow = host.send('/slow', { jar })
      await until(() => begun || undefined)
      expect((await tell(host, await logoutToken(provider, { [name]: person[name] }))).status).toBe(200)
      release()
      expect((await slow).status).toBe(200)
      expect(await host.whoami(jar)).toBeUndefined()
    })
  })
})
