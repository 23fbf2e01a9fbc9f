import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express, { type Express } from 'express'
import type { Services } from '../../../src/app.js'
import { Clock } from '../../support/logins.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, type TestApp } from '../../support/test-app.js'
import { until } from '../../support/until.js'
import { withApp } from '../../support/with-app.js'
import { logoutToken, tell } from '../logout/logout-tokens.js'
import { script, signedIn, startTwoApps, type TwoApps } from './two-apps.js'

const LIFE = 60

let provider: ScriptedProvider
let apps: TwoApps
let clock = new Clock()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  apps = await startTwoApps(provider, { now: () => clock.now() })
})
beforeEach(() => {
  clock = new Clock()
  provider.reset()
  provider.accessTokenLife = LIFE
})
afterAll(async () => {
  await apps.stop()
  await provider.close()
})

/** Keeps the answers of the token endpoint back until it is opened. */
function holdTokens(): () => void {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  provider.onIdToken = async (draft) => {
    await opened
    return draft
  }
  return () => open()
}

const sentToLogout = (): (string | null)[] =>
  provider.calls.filter(({ endpoint }) => endpoint === 'logout').map(({ form }) => form.get('refresh_token'))

const ENDINGS: readonly (readonly [
  string,
  (sub: string, out: () => Promise<unknown>) => Promise<unknown>,
])[] = [
  ['a sign-out at the same process', (_sub, out) => out()],
  ['a logout token at the other', async (sub) => tell(apps.b, await logoutToken(provider, { sub }))],
]

describe('RF-01 a sign-out while a refresh is under way wins', () => {
  test.each(ENDINGS)('RF-01 %s', async (_name, end) => {
    const person = newPerson()
    const jar = await signedIn(apps.a, provider, person)
    clock.forward(LIFE + 1)
    const open = holdTokens()
    const waiting = [jar.copy(), jar.copy()]
    const answers = Promise.all([apps.a.navigate('/hello', waiting[0]), script(apps.b, waiting[1] ?? jar)])
    await until(() => provider.grants('refresh_token') > 0 || undefined)
    await end(person.sub, () => apps.a.signOut(jar.copy()))
    open()
    const [page, data] = await answers
    expect([page.status, page.location, data.status]).toEqual([302, '/login?return_to=%2Fhello', 401])
    await expectGone(jar.copy())
    expect(provider.grants('refresh_token')).toBe(1)
  })

  test('RF-01 a sign-out at the other process', async () => {
    const jar = await signedIn(apps.a, provider)
    clock.forward(LIFE + 1)
    const open = holdTokens()
    const page = apps.a.navigate('/hello', jar.copy())
    await until(() => provider.grants('refresh_token') > 0 || undefined)
    expect((await apps.b.signOut(jar.copy())).status).toBe(303)
    open()
    expect((await page).status).toBe(302)
    await expectGone(jar)
  })

  async function expectGone(jar: Parameters<TestApp['whoami']>[0]): Promise<void> {
    for (const app of [apps.a, apps.b]) {
      expect(await app.whoami(jar.copy())).toBeUndefined()
      expect((await app.navigate('/hello', jar.copy())).status).toBe(302)
    }
  }
})

describe('LO-01 a sign-out after refreshes', () => {
  test('LO-01 uses the newest refresh token, also at the process that did not renew it', async () => {
    const person = newPerson()
    const jar = await signedIn(apps.a, provider, person)
    for (let i = 0; i < 3; i++) {
      clock.forward(LIFE + 1)
      expect((await script(apps.a, jar)).status).toBe(200)
    }
    expect((await apps.b.signOut(jar)).status).toBe(303)
    expect(sentToLogout()).toEqual([provider.families.newest(person)])
    expect(provider.families.of(person).map(({ isRevoked }) => isRevoked)).toEqual([true])
  })

  test('LO-01 and the newest ID token as a hint', async () => {
    const person = newPerson()
    const jar = await signedIn(apps.a, provider, person)
    provider.onIdToken = (draft) => ({ ...draft, claims: { ...draft.claims, at: 'the refresh' } })
    clock.forward(LIFE + 1)
    await script(apps.a, jar)
    const { location = '' } = await apps.b.signOut(jar)
    const hint = new URL(location).searchParams.get('id_token_hint') ?? ''
    expect(JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      sub: person.sub,
      at: 'the refresh',
    })
  })

  test('LO-01 also of one that was under way while the tokens were renewed', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    let isWaiting = false
    const makeApp = ({ session, routes, requireLogin }: Services): Express =>
      express()
        .use(session)
        .post('/logout', async (_req, _res, next) => {
          // It has read its session, and takes its time.
          isWaiting = true
          await gate
          next()
        })
        .use(routes)
        .get('/any', requireLogin(), (_req, res) => void res.json({}))
    await withApp(provider, { makeApp, now: () => clock.now() }, async (slow) => {
      const person = newPerson()
      const jar = await signedIn(slow, provider, person)
      clock.forward(LIFE + 1)
      const answer = slow.signOut(jar.copy())
      await until(() => isWaiting || undefined)
      expect((await script(slow, jar, '/any')).status).toBe(200)
      open()
      expect((await answer).status).toBe(303)
      expect(sentToLogout()).toEqual([provider.families.newest(person)])
    })
  })

  test('LO-01 with a token that is over: nothing is renewed for it', async () => {
    const jar = await signedIn(apps.a, provider)
    clock.forward(LIFE + 1)
    expect((await apps.a.signOut(jar)).status).toBe(303)
    expect(provider.grants('refresh_token')).toBe(0)
  })
})
