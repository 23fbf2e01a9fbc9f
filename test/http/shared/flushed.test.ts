import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { createApp, type Services } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, type Answer, type TestApp } from '../../support/test-app.js'
import { keysOf, startShared, stopShared, TwoApps } from '../../support/two-apps.js'
import { until } from '../../support/until.js'

let provider: ScriptedProvider
let redis: RedisServer
let apps: TwoApps
/** For it, everybody's tokens are due. */
let later: TestApp

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
  apps = await TwoApps.start(provider, redis.url)
  const { publicUrl } = apps.a
  later = await startShared(provider, redis.url, { publicUrl, now: () => Date.now() + 280_000 })
})
afterEach(async () => {
  provider.reset()
  await redis.flush()
})
afterAll(async () => {
  await apps.stop()
  await stopShared(later)
  await redis.stop()
  await provider.close()
})

async function signedIn(person = newPerson()): Promise<Jar> {
  const jar = new Jar()
  expect((await apps.a.signIn(provider, jar, person)).status).toBe(303)
  return jar
}

/** The token endpoint answers only after this. */
function holdTokens(): () => void {
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => (release = resolve))
  provider.onIdToken = async (draft) => {
    await held
    return draft
  }
  provider.calls = []
  return release
}

describe('ST-04 everything is flushed', () => {
  test('ST-04 while people browse, one refresh and one callback in flight: to /login or 401, no 5xx, no loop, no session comes back', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => signedIn()))
    const renewing = await signedIn()
    const arriving = new Jar()
    const person = newPerson()
    const callback = provider.approve((await apps.a.beginLogin(arriving)).href, person)
    const release = holdTokens()
    const inFlight = [later.whoami(renewing), later.navigate('/hello', renewing)] as const
    const arrival = apps.b.callback(callback, arriving)
    await until(() => provider.count('token') === 2 || undefined)

    const answers: (Answer & { html: boolean; late: boolean })[] = []
    let [flushed, over] = [false, false]
    const browsing = people.map(async (jar, number) => {
      for (let i = number; !over; i++) {
        const html = i % 3 !== 0
        const late = flushed
        const app = i % 2 ? apps.a : apps.b
        const path = html ? '/hello' : '/api/whoami'
        const answer = await app.send(path, { jar: jar.copy(), headers: html ? NAVIGATION : SCRIPT })
        answers.push({ ...answer, html, late })
      }
    })
    await until(() => answers.length > 50 || undefined)
    await redis.flush()
    flushed = true
    const seen = answers.length
    await until(() => answers.length > seen + 100 || undefined)
    release()
    expect(await inFlight[0]).toBeUndefined()
    const page = await inFlight[1]
    expect([page.status, page.location?.split('?')[0]]).toEqual([302, '/login'])
    const arrived = await arrival
    await until(() => answers.length > seen + 200 || undefined)
    over = true
    await Promise.all(browsing)

    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    const after = answers.filter(({ late }) => late)
    expect(
      new Set(after.filter(({ html }) => html).map(({ status, location }) => `${status} ${location ?? ''}`)),
    ).toEqual(new Set(['302 /login?return_to=%2Fhello']))
    expect(new Set(after.filter(({ html }) => !html).map(({ status }) => status))).toEqual(new Set([401]))
    for (const jar of [...people, renewing]) expect(await apps.ids(jar)).toEqual([undefined, undefined])
    // The callback's session came after: it is whole.
    expect([arrived.status, await apps.ids(arriving)]).toEqual([303, [person.sub, person.sub]])
    expect((await apps.a.navigate('/account', arriving)).status).toBe(200)
    expect(await keysOf(redis, 'session')).toHaveLength(1)
    // No loop: signing in again is one trip.
    const back = newPerson()
    const [first = new Jar()] = people
    provider.onIdToken = (draft) => draft
    expect((await apps.b.signIn(provider, first, back)).status).toBe(303)
    expect(await apps.ids(first)).toEqual([back.sub, back.sub])
  })

  test('ST-04 between a login’s beginning and its callback: 400 with a link to start again, no token request', async () => {
    const jar = new Jar()
    const callback = provider.approve((await apps.a.beginLogin(jar)).href, newPerson())
    await redis.flush()
    const answer = await apps.b.callback(callback, jar)
    expect([answer.status, provider.count('token')]).toEqual([400, 0])
    expect(answer.body).toContain('href="/login"')
    expect(await redis.keys()).toEqual([])
  })

  test('ST-04 at every moment of a callback: it is 4xx, or a whole session', async () => {
    // Each round flushes a little later; the last ones when all is done.
    for (let after = 0; after < 15; after++) {
      const [jar, person] = [new Jar(), newPerson()]
      const callback = provider.approve((await apps.a.beginLogin(jar)).href, person)
      const arrival = apps.b.callback(callback, jar)
      for (let turn = 0; turn < after; turn++) await redis.command('PING')
      await redis.flush()
      const { status, location } = await arrival
      const ids = await apps.ids(jar)
      if (status === 303) {
        expect(location).toBe('/hello')
        expect([
          [person.sub, person.sub],
          [undefined, undefined],
        ]).toContainEqual(ids)
      } else {
        expect([status, ids]).toEqual([400, [undefined, undefined]])
      }
      const page = await apps.a.navigate('/hello', jar)
      expect(page.status === 200 || page.location?.startsWith('/login') === true).toBe(true)
    }
  })

  test('ST-04 SE-03 a request under way that changes what an app keeps in the session does not bring it back', async () => {
    let [begun, release] = [0, (): void => undefined]
    const held = new Promise<void>((resolve) => (release = resolve))
    const makeApp = (services: Services) =>
      express()
        .get('/slow', services.session, async (req, res) => {
          begun++
          await held
          Object.assign(req.session, { seen: begun })
          res.send('done')
        })
        .use(createApp(services))
    const host = await startShared(provider, redis.url, { publicUrl: apps.a.publicUrl, makeApp })
    try {
      const [flushed, signedOut, kept] = [await signedIn(), await signedIn(), new Jar()]
      const slow = [flushed, signedOut].map((jar) => host.send('/slow', { jar: jar.copy() }))
      await until(() => begun === 2 || undefined)
      const before = signedOut.copy()
      await apps.b.signOut(signedOut)
      await redis.flush()
      const person = newPerson()
      await apps.a.signIn(provider, kept, person)
      release()
      expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200])
      for (const jar of [flushed, before]) expect(await apps.ids(jar)).toEqual([undefined, undefined])
      expect([await apps.ids(kept), await keysOf(redis, 'session')]).toEqual([
        [person.sub, person.sub],
        [expect.any(String)],
      ])
    } finally {
      await stopShared(host)
    }
  })

  test('ST-04 while a sign-out is under way: it is finished', async () => {
    const jar = await signedIn()
    const before = jar.copy()
    const [answer] = await Promise.all([apps.a.signOut(jar), redis.flush()])
    expect(answer.status).toBe(303)
    expect(await apps.ids(before)).toEqual([undefined, undefined])
    expect(await redis.keys()).toEqual([])
  })
})
