import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express, type RequestHandler } from 'express'
import type { Services } from '../../../src/app.js'
import { isAppError } from '../../../src/errors.js'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { script } from './two-apps.js'

const LIFE = 60
const person = newPerson()

let provider: ScriptedProvider
let app: TestApp
let clock: Clock
let jar: Jar
let gate: Promise<void> = Promise.resolve()
let isWaiting = false

/** An app whose handlers call others for the person. It shows their token, which no other app should. */
function makeApp({ session, routes, requireLogin, requireBearer, accessToken }: Services): Express {
  const tell: RequestHandler = async (req, res) => {
    try {
      res.json({ token: await accessToken(req) })
    } catch (error) {
      if (!isAppError(error)) throw error
      res.status(error.status).json({ error: error.code })
    }
  }
  return express()
    .get('/no-session', tell)
    .get('/bearer', requireBearer(), tell)
    .use(session, routes)
    .get('/open', tell)
    .get('/guarded', requireLogin(), tell)
    .get('/bearer-with-session', requireBearer(), tell)
    .get('/later', async (req, res) => {
      // It has read its session, and takes its time.
      isWaiting = true
      await gate
      await tell(req, res, () => undefined)
    })
    .get('/twice', async (req, res) => {
      res.json(await Promise.all([accessToken(req), accessToken(req), accessToken(req)]))
    })
}

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
beforeEach(async () => {
  provider.reset()
  provider.accessTokenLife = LIFE
  clock = new Clock()
  jar = new Jar()
  app = await TestApp.start(provider, { now: clock.now, upstreamTimeout: 1, makeApp })
  await app.signIn(provider, jar, person)
})
afterEach(() => app.stop())
afterAll(() => provider.close())

const tokenOf = (answer: Answer): unknown => (answer.json() as { token?: unknown }).token
const tell = (path: string, browser = jar): Promise<Answer> => script(app, browser, path)

describe('C003-05 latchkey.accessToken', () => {
  test.each(['/open', '/guarded'])(
    'C003-05 %s: the session’s token while it is good, and the renewed one when it is due',
    async (path) => {
      const first = tokenOf(await tell(path))
      expect(first).toMatch(/^eyJ/)
      expect(tokenOf(await tell(path))).toBe(first)
      clock.forward(LIFE + 1)
      const second = tokenOf(await tell(path))
      expect(second).toMatch(/^eyJ/)
      expect(second).not.toBe(first)
      expect(tokenOf(await tell(path))).toBe(second)
      expect(provider.grants('refresh_token')).toBe(1)
    },
  )

  test('C003-05 asked three times at once: one refresh, one token', async () => {
    clock.forward(LIFE + 1)
    const tokens = (await tell('/twice')).json() as string[]
    expect(new Set(tokens).size).toBe(1)
    expect(provider.grants('refresh_token')).toBe(1)
  })

  test('C003-05 RF-01 a handler that has read the session before another request renewed it: no second refresh', async () => {
    let open = (): void => undefined
    gate = new Promise((resolve) => (open = resolve))
    clock.forward(LIFE + 1)
    const late = tell('/later', jar.copy())
    await until(() => isWaiting || undefined)
    const token = tokenOf(await tell('/open'))
    open()
    expect(tokenOf(await late)).toBe(token)
    expect([provider.grants('refresh_token'), provider.families.reused]).toEqual([1, 0])
  })

  test.each(['/bearer', '/bearer-with-session'])(
    'C003-05 %s: the token that was shown, whatever session is beside it',
    async (path) => {
      const shown = await provider.accessToken()
      const answer = await app.send(path, { jar, headers: { ...SCRIPT, authorization: `Bearer ${shown}` } })
      expect([answer.status, tokenOf(answer)]).toEqual([200, shown])
      expect(provider.grants('refresh_token')).toBe(0)
    },
  )

  test('C003-05 a bearer token that no guard has looked at is not passed on', async () => {
    const headers = { ...SCRIPT, authorization: `Bearer ${await provider.accessToken()}` }
    expect((await app.send('/open', { headers })).status).toBe(401)
  })

  test('C003-05 nobody signed in: an error whose status is 401', async () => {
    const answer = await tell('/open', new Jar())
    expect([answer.status, answer.json()]).toEqual([401, { error: 'unauthorized' }])
  })

  test('C003-05 before the session middleware it is a mistake that is said, not a 401', async () => {
    expect((await tell('/no-session')).status).toBe(500)
  })

  test('C003-05 the session is over at the provider: 401', async () => {
    clock.forward(LIFE + 1)
    provider.answers.token = (_call, res) => json(res, 400, { error: 'invalid_grant' })
    expect((await tell('/open')).status).toBe(401)
    provider.answers = {}
    expect((await tell('/open')).status).toBe(401)
  })

  test('C003-05 P-9 no answer: the old token while it lasts, then an error whose status is 503, then a new one', async () => {
    const first = tokenOf(await tell('/open'))
    provider.answers.token = (_call, res) => void res.writeHead(503).end()
    clock.forward(LIFE - 20)
    expect(tokenOf(await tell('/open'))).toBe(first)
    clock.forward(21)
    const answer = await tell('/open')
    expect([answer.status, answer.json()]).toEqual([503, { error: 'provider_unavailable' }])
    provider.answers = {}
    expect(tokenOf(await tell('/open'))).toMatch(/^eyJ/)
  })

  test('C003-05 a token that is over and cannot be renewed is never given out: 401, and the session stays', async () => {
    provider.onTokenResponse = (body) => ({ ...body, refresh_token: undefined })
    await app.signIn(provider, jar, person)
    expect((await tell('/open')).status).toBe(200)
    clock.forward(LIFE + 1)
    expect([(await tell('/open')).status, (await tell('/session')).status]).toEqual([401, 200])
  })
})
