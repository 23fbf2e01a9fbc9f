import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { oneTimePassword } from '../support/one-time-password.js'
import { OTHER_APP, TestRealm } from '../support/keycloak-admin.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { untilTime } from '../support/many-processes.js'
import { startRealApp } from '../support/real-app.js'
import { RedisServer } from '../support/redis-server.js'
import { NAVIGATION, SCRIPT, type TestApp } from '../support/test-app.js'
import { startTokenApp, type TokenApp } from '../support/token-app.js'
import { until } from '../support/until.js'

jest.setTimeout(60_000)

/** Seconds. */
const LIFE = 3
const LEVEL_2_LASTS = 2

let realm: TestRealm
let redis: RedisServer
let app: TestApp
/** Shares the sessions. */
let tokenApp: TokenApp
let person: string
let id: string
let count = 0

beforeAll(async () => {
  redis = await RedisServer.start()
  realm = await TestRealm.create('refresh', {
    settings: { ACCESS_TOKEN_LIFESPAN: String(LIFE), LOA2_MAX_AGE: String(LEVEL_2_LASTS) },
  })
  const { issuer } = realm
  // Nothing is renewed before it is over.
  app = await startRealApp({ issuer, redisUrl: redis.url, refreshBefore: 0 })
  const { publicUrl } = app
  tokenApp = await startTokenApp({ issuer, publicUrl, redisUrl: redis.url, refreshBefore: 0 })
})
afterAll(async () => {
  await tokenApp.close()
  await app.stop()
  await redis.stop()
  await realm.remove()
})
beforeEach(async () => {
  person = `person-${++count}`
  id = await realm.addPerson(person)
})

async function signIn(visitor = new KeycloakVisitor(), at = app, who = person): Promise<Jar> {
  const jar = new Jar()
  const answer = await at.callback(await visitor.signIn(await at.beginLogin(jar), who), jar)
  expect(answer.status).toBe(303)
  return jar
}

async function untilOver(jar: Jar): Promise<void> {
  await untilTime((await tokenApp.tokensOf(jar)).expiresAt ?? 0)
}

async function userinfo(token: string): Promise<{ status: number; sub: unknown }> {
  const response = await fetch(`${realm.issuer}/protocol/openid-connect/userinfo`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const claims = (await response.json().catch(() => ({}))) as { sub?: unknown }
  return { status: response.status, sub: claims.sub }
}

const session = async (jar: Jar): Promise<unknown> =>
  (await app.send('/session', { jar: jar.copy(), headers: SCRIPT })).json()

describe('an access token that is over', () => {
  test('C003-05 AC-04 is renewed silently before the handler runs, and not by asking after the session', async () => {
    const jar = await signIn()
    const before = await tokenApp.tokensOf(jar)
    expect(await userinfo(before.accessToken)).toMatchObject({ status: 200, sub: id })
    await untilOver(jar)
    // Keycloak counts in whole seconds.
    await until(async () => ((await userinfo(before.accessToken)).status === 401 ? true : undefined), 2000)
    expect(await session(jar)).toMatchObject({ subject: id, acr: 'pwd' })
    expect(await tokenApp.tokensOf(jar)).toEqual(before)

    const page = await app.navigate('/hello', jar)
    expect([page.status, page.location]).toEqual([200, undefined])
    expect(page.body).toContain(`Hello, ${person} Tester!`)
    const after = await tokenApp.tokensOf(jar)
    expect(after.expiresAt).toBeGreaterThan(Date.now())
    for (const name of ['accessToken', 'refreshToken', 'idToken'] as const)
      expect(after[name]).not.toBe(before[name])
    expect(await userinfo(after.accessToken)).toMatchObject({ status: 200, sub: id })
    expect(await realm.refreshesOf(id)).toEqual({ granted: 1, refused: 0 })
    expect(await session(jar)).toMatchObject({ subject: id, name: `${person} Tester`, acr: 'pwd' })
  })

  test('C003-05 its refresh is refused: navigation to the login and back, anything else 401', async () => {
    const jar = await signIn()
    const other = jar.copy()
    await realm.admin(`/users/${id}/logout`, { method: 'POST' })
    await untilOver(jar)
    const page = await app.navigate('/account?tab=1', jar)
    expect([page.status, page.location]).toEqual([302, '/login?return_to=%2Faccount%3Ftab%3D1'])
    expect(await app.whoami(other)).toBeUndefined()
    const back = await new KeycloakVisitor().signIn(await app.beginLogin(jar, page.location), person)
    expect((await app.callback(back, jar)).location).toBe('/account?tab=1')
  })

  test('C003-05 latchkey.accessToken hands out one that Keycloak takes, renewed where it was over', async () => {
    const jar = await signIn()
    const first = await tokenApp.accessToken(jar)
    expect(await userinfo(first.body)).toMatchObject({ status: 200, sub: id })
    await untilOver(jar)
    const second = await tokenApp.accessToken(jar)
    expect(second.body).not.toBe(first.body)
    expect(await userinfo(second.body)).toMatchObject({ status: 200, sub: id })
    // What one app has renewed, the other uses.
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect(await realm.refreshesOf(id)).toEqual({ granted: 1, refused: 0 })
  })

  test('C003-05 latchkey.accessToken says 401 when Keycloak refuses, and without a session', async () => {
    const jar = await signIn()
    await realm.admin(`/users/${id}/logout`, { method: 'POST' })
    await untilOver(jar)
    expect((await tokenApp.accessToken(jar)).status).toBe(401)
    expect((await tokenApp.accessToken(new Jar())).status).toBe(401)
    expect(await app.whoami(jar)).toBeUndefined()
  })
})

describe('the level of a session', () => {
  test('SU-04 stays through refreshes, and falls when Keycloak has answered another request at a lower one', async () => {
    const visitor = new KeycloakVisitor()
    const jar = await signIn(visitor, app, 'dave')
    const request = await app.navigate('/vault', jar)
    const form = await visitor.open(request.location ?? '')
    if (form instanceof URL) throw new Error('Keycloak asks for no code')
    const callback = await visitor.submit(form, { otp: oneTimePassword('latchkeyTotpDave1234') })
    expect((await app.callback(callback as URL, jar)).location).toBe('/vault')
    expect(await session(jar)).toMatchObject({ username: 'dave', acr: '2fa' })

    await untilOver(jar)
    expect((await app.navigate('/vault', jar)).status).toBe(200)
    expect(await session(jar)).toMatchObject({ acr: '2fa' })

    // Another tab: the code was given too long ago to count for it.
    await signIn(visitor, app, 'dave')
    await untilOver(jar)
    expect((await app.navigate('/hello', jar)).status).toBe(200)
    expect(await session(jar)).toMatchObject({ acr: 'pwd' })
    const again = await app.navigate('/vault', jar)
    expect(again.status).toBe(302)
    expect(new URL(again.location ?? '').searchParams.get('claims')).toContain('2fa')
    expect((await app.navigate('/hello', jar)).status).toBe(200)
  })
})

describe('signing out of more than one session', () => {
  let other: TestApp

  beforeAll(async () => {
    const { issuer } = realm
    const secret = `${OTHER_APP}-secret`
    other = await startRealApp({ issuer, clientId: OTHER_APP, clientSecret: secret, refreshBefore: 0 })
  })
  afterAll(() => other.stop())

  const post = (path: string, jar: Jar, body = ''): ReturnType<TestApp['send']> =>
    app.send(path, {
      method: 'POST',
      jar,
      body,
      headers: {
        ...NAVIGATION,
        'sec-fetch-site': 'same-origin',
        origin: app.publicUrl,
        'content-type': 'application/x-www-form-urlencoded',
      },
    })

  /** How the account page is told what was ended; the proof is for nobody else. */
  const told = (ended: number): unknown =>
    expect.stringMatching(new RegExp(`^/account\\?ended=${ended}&left=0(&proof=[\\w-]+)?$`))

  test('AC-03 everywhere: every session ends at Keycloak by its own refresh token, and another app learns of it', async () => {
    const [desk, phone] = [new KeycloakVisitor(), new KeycloakVisitor()]
    const [here, there] = [await signIn(desk), await signIn(phone)]
    // Reached through the session of the phone.
    const inOtherApp = await signIn(phone, other)
    const bystander = await signIn(new KeycloakVisitor(), app, 'bob')
    expect(await realm.sessionsOf(id)).toHaveLength(2)

    const answer = await post('/account/logout-everywhere', here)
    expect(answer.status).toBe(303)
    expect(new URL(answer.location ?? '').pathname).toContain('/protocol/openid-connect/logout')
    expect(await realm.sessionsOf(id)).toEqual([])
    expect(await app.whoami(there)).toBeUndefined()
    // Both browsers are asked for the password again.
    for (const visitor of [desk, phone])
      expect(await visitor.open(await app.beginLogin(new Jar()))).toMatchObject({ status: 200 })

    await untilTime(Date.now() + LIFE * 1000)
    expect(await other.whoami(inOtherApp)).toBeUndefined()
    expect(other.log.map(({ code }) => code)).toContain('session_ended')
    expect(await realm.refreshesOf(id)).toEqual({ granted: 0, refused: 1 })
    expect(await app.whoami(bystander)).toMatchObject({ username: 'bob' })
  })

  test('AC-03 all others: they end at Keycloak, this one lives on and is renewed', async () => {
    const here = await signIn()
    const elsewhere = [await signIn(), await signIn()]
    expect(await realm.sessionsOf(id)).toHaveLength(3)
    const answer = await post('/account/sessions/end', here, 'others=yes')
    expect([answer.status, answer.location]).toEqual([303, told(2)])
    expect(await realm.sessionsOf(id)).toHaveLength(1)
    for (const jar of elsewhere) expect(await app.whoami(jar)).toBeUndefined()
    await untilOver(here)
    expect(await app.whoami(here)).toMatchObject({ username: person })
    expect(await realm.refreshesOf(id)).toEqual({ granted: 1, refused: 0 })
  })

  test('AC-03 one whose tokens were renewed meanwhile: it ends at Keycloak, this one lives on', async () => {
    const [here, there] = [await signIn(), await signIn()]
    await untilOver(there)
    expect(await app.whoami(there)).toMatchObject({ username: person })
    expect((await realm.refreshesOf(id)).granted).toBe(1)
    const page = await app.navigate('/account', here)
    const [, handle = ''] = /name="handle" value="([^"]+)"/.exec(page.body) ?? []
    const answer = await post('/account/sessions/end', here, new URLSearchParams({ handle }).toString())
    expect([answer.status, answer.location]).toEqual([303, told(1)])
    expect(await realm.sessionsOf(id)).toHaveLength(1)
    expect(await app.whoami(there)).toBeUndefined()
    expect(await app.whoami(here)).toMatchObject({ username: person })
  })
})
