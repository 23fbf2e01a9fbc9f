import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express } from 'express'
import type { Services } from '../../../src/app.js'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { script } from '../refresh/two-apps.js'

declare module 'express-session' {
  interface SessionData {
    cart?: string[]
  }
}

let provider: ScriptedProvider
let app: TestApp
let jar: Jar
let gate: Promise<void> = Promise.resolve()
let isWaiting = false

/** A shop: it keeps a cart in the session, for visitors, too. */
function makeApp({ session, routes, requireLogin }: Services): Express {
  return express()
    .use(session, routes)
    .get('/cart', (req, res) => void res.json(req.session.cart ?? []))
    .post('/cart/:thing', (req, res) => {
      req.session.cart = [...(req.session.cart ?? []), req.params.thing]
      res.json(req.session.cart)
    })
    .post('/slow/:thing', async (req, res) => {
      isWaiting = true
      await gate
      req.session.cart = [req.params.thing]
      res.json({})
    })
    .get('/me', requireLogin(), (_req, res) => void res.json({}))
    .get('/pay', requireLogin({ acr: '2fa' }), (req, res) => void res.json(req.session.cart ?? []))
}

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider, { makeApp })
})
beforeEach(() => {
  provider.reset()
  jar = new Jar()
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const put = (thing: string): Promise<unknown> =>
  app.send(`/cart/${thing}`, { method: 'POST', jar, headers: SCRIPT })
const cart = async (browser = jar, path = '/cart'): Promise<unknown> =>
  (await script(app, browser, path)).json()

describe('SE-01 SU-02 what the app keeps in the session', () => {
  test('SU-02 stays through a step-up of the same person, under a new id, and the old id has nothing', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    await put('book')
    const before = jar.copy()
    const { location = '' } = await app.navigate('/pay', jar)
    const answer = await app.callback(provider.approve(location, { ...person, acr: '2fa' }), jar)
    expect(answer.location).toBe('/pay')
    expect(jar.get('latchkey')).not.toBe(before.get('latchkey'))
    expect(await cart(jar, '/pay')).toEqual(['book'])
    expect(await cart(before)).toEqual([])
    await put('lamp')
    expect(await cart()).toEqual(['book', 'lamp'])
  })

  test('SU-02 stays when the step-up was not strong enough', async () => {
    const person = newPerson()
    await app.signIn(provider, jar, person)
    await put('book')
    const { location = '' } = await app.navigate('/pay', jar)
    expect((await app.callback(provider.approve(location, person), jar)).status).toBe(403)
    expect(await cart()).toEqual(['book'])
  })

  test('SE-01 of a visitor who signs in stays, and the id of before has nothing', async () => {
    await put('book')
    const before = jar.copy()
    await app.signIn(provider, jar)
    expect(await cart()).toEqual(['book'])
    expect(await cart(before)).toEqual([])
  })

  test('FL-14 does not pass to another person who signs in over it', async () => {
    await app.signIn(provider, jar)
    await put('diary')
    await app.signIn(provider, jar)
    expect(await cart()).toEqual([])
  })

  test('FL-14 nor by a step-up that another person completes', async () => {
    await app.signIn(provider, jar)
    await put('diary')
    const { location = '' } = await app.navigate('/pay', jar)
    await app.callback(provider.approve(location, newPerson({ acr: '2fa' })), jar)
    expect(await cart(jar, '/pay')).toEqual([])
  })

  test('SE-03 is gone after a sign-out', async () => {
    await app.signIn(provider, jar)
    await put('diary')
    const before = jar.copy()
    await app.signOut(jar)
    expect([await cart(), await cart(before)]).toEqual([[], []])
  })

  test('SE-03 PF-05 a request that was under way and writes to the session brings none back', async () => {
    let open = (): void => undefined
    gate = new Promise((resolve) => (open = resolve))
    await app.signIn(provider, jar)
    const before = jar.copy()
    const late = app.send('/slow/lamp', { method: 'POST', jar: jar.copy(), headers: SCRIPT })
    await until(() => isWaiting || undefined)
    await app.signOut(jar)
    open()
    await late
    expect((await script(app, before, '/me')).status).toBe(401)
    expect(await cart(before)).toEqual([])
  })

  test('FL-01 a login that is refused leaves it', async () => {
    await put('book')
    const callback = provider.approve((await app.beginLogin(jar)).href, newPerson())
    callback.searchParams.set('iss', 'https://evil.example')
    expect((await app.callback(callback, jar)).status).toBe(400)
    expect(await cart()).toEqual(['book'])
  })
})
