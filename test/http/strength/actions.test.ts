import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { newPerson, TestApp, type Answer } from '../../support/test-app.js'
import { noticeOf, unproven } from '../account/account-page.js'
import { script } from '../refresh/two-apps.js'

let provider: ScriptedProvider
let app: TestApp
let jar: Jar
let person: Person

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  app = await TestApp.start(provider)
})
beforeEach(async () => {
  provider.reset()
  jar = new Jar()
  person = newPerson()
  await app.signIn(provider, jar, person)
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

const OTP = 'CONFIGURE_TOTP'
const DONE = 'Keycloak reports that this was done. What counts is what it asks you for from now on.'
const NOT_DONE = 'Keycloak did not report that anything was done, so take it as not done.'

/** A login begun at `path`, whose callback has further parameters, literally. */
async function comeBack(path: string, more: string): Promise<Answer> {
  const callback = provider.approve((await app.beginLogin(jar, path)).href, person)
  return app.navigate(`${callback.pathname}${callback.search}${more}`, jar, {
    'sec-fetch-site': 'cross-site',
  })
}
const asked = `/login?kc_action=${OTP}&return_to=%2Faccount`
const account = (outcome: string): string => `/account?kc_action=${OTP}&kc_action_status=${outcome}`

/** Signed in, at the level that the ID token said, and not above it. */
async function expectNoHigher(): Promise<void> {
  expect((await script(app, jar, '/session')).json()).toMatchObject({ subject: person.sub, acr: 'pwd' })
  expect((await app.navigate('/vault', jar)).status).toBe(302)
}

describe('SU-07 an outcome that nobody asked for', () => {
  test.each([
    `&kc_action=${OTP}&kc_action_status=success`,
    '&kc_action_status=success',
    '&kc_action_status=success&kc_action_status=success',
    '&kc_action_status=%3Cscript%3E',
  ])('SU-07 %s: not taken along, nothing is shown', async (more) => {
    const answer = await comeBack('/login?return_to=%2Faccount', more)
    expect([answer.status, answer.location]).toEqual([303, '/account'])
    expect(await noticeOf(app, jar, '/account')).toBeUndefined()
    await expectNoHigher()
  })

  test('SU-07 beside a refusal: a page about the refusal alone', async () => {
    const callback = provider.approve((await app.beginLogin(jar, asked)).href, person)
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('kc_action_status', 'success')
    const answer = await app.callback(callback, jar)
    expect([answer.status, answer.location]).toEqual([400, undefined])
    expect(answer.body).not.toContain('success')
    await expectNoHigher()
  })
})

describe('SU-07 what comes back for an action that was asked for', () => {
  test.each([
    ['absent', '', 'none', NOT_DONE],
    ['empty', '&kc_action_status=', 'none', NOT_DONE],
    ['unknown', '&kc_action_status=done', 'none', NOT_DONE],
    ['in upper case', '&kc_action_status=SUCCESS', 'none', NOT_DONE],
    ['markup', '&kc_action_status=%3Cimg%20src=x%20onerror=alert(1)%3E', 'none', NOT_DONE],
    ['twice', '&kc_action_status=success&kc_action_status=success', 'none', NOT_DONE],
    ['two that differ', '&kc_action_status=cancelled&kc_action_status=success', 'none', NOT_DONE],
    ['as a list', '&kc_action_status[]=success', 'none', NOT_DONE],
    ['of another action', '&kc_action=UPDATE_PASSWORD&kc_action_status=success', 'none', NOT_DONE],
    ['of two actions', `&kc_action=${OTP}&kc_action=${OTP}&kc_action_status=success`, 'none', NOT_DONE],
    ['of markup', '&kc_action=%3Cb%3E&kc_action_status=success', 'none', NOT_DONE],
    [
      'cancelled',
      `&kc_action=${OTP}&kc_action_status=cancelled`,
      'cancelled',
      'Keycloak reports that you cancelled. Nothing was changed.',
    ],
    [
      'error',
      `&kc_action=${OTP}&kc_action_status=error`,
      'error',
      'Keycloak reports an error. Nothing was changed.',
    ],
    ['success', `&kc_action=${OTP}&kc_action_status=success`, 'success', DONE],
    ['success, without the name', '&kc_action_status=success', 'success', DONE],
  ])('SU-07 %s', async (_name, more, outcome, notice) => {
    const answer = await comeBack(asked, more)
    expect([answer.status, unproven(answer)]).toEqual([303, account(outcome)])
    expect(await noticeOf(app, jar, answer.location ?? '')).toBe(notice)
    await expectNoHigher()
    // It is in the address, and nowhere else.
    expect(await noticeOf(app, jar, '/account')).toBeUndefined()
  })

  test('SU-07 the action is asked for, once; the rest of the address is ours', async () => {
    const url = await app.beginLogin(jar, asked)
    expect(url.searchParams.getAll('kc_action')).toEqual([OTP])
    expect(url.searchParams.get('redirect_uri')).toBe(`${app.publicUrl}/authorize`)
  })

  test.each([
    ['/account?tab=1', `/account?tab=1&kc_action=${OTP}&kc_action_status=cancelled`],
    ['/account#actions', `/account?kc_action=${OTP}&kc_action_status=cancelled#actions`],
    ['/account?kc_action=X&kc_action_status=success', account('cancelled')],
    ['/a%20b?x=%2F%26', `/a%20b?x=%2F%26&kc_action=${OTP}&kc_action_status=cancelled`],
    ['//evil.example', `/hello?kc_action=${OTP}&kc_action_status=cancelled`],
  ])('SU-07 it joins the address to go back to: %s', async (returnTo, expected) => {
    const query = new URLSearchParams({ kc_action: OTP, return_to: returnTo }).toString()
    const answer = await comeBack(`/login?${query}`, '&kc_action_status=cancelled')
    expect([answer.status, unproven(answer)]).toEqual([303, expected])
  })

  test('SU-07 the same callback again makes nothing of it', async () => {
    const callback = provider.approve((await app.beginLogin(jar, asked)).href, person)
    await app.callback(callback, jar)
    callback.searchParams.set('kc_action_status', 'success')
    expect((await app.callback(callback, jar)).location).toBe('/account')
  })
})

describe('SU-07 an address of /account that somebody else has written', () => {
  test.each([
    ['markup', `kc_action=%3Cscript%3Ealert(1)%3C/script%3E&kc_action_status=%3Cimg%20onerror=x%3E`],
    ['quotes', `kc_action=%22%3E%3Cb%3E&kc_action_status=%22onload=%22x`],
    ['4 kB', `kc_action=${'x'.repeat(4000)}&kc_action_status=${'y'.repeat(4000)}`],
    ['lists', 'kc_action[]=a&kc_action_status[]=success'],
    ['twice', 'kc_action=a&kc_action=b&kc_action_status=success&kc_action_status=error'],
    ['control characters', 'kc_action=%00%0d%0a&kc_action_status=%00'],
    ['broken encoding', 'kc_action=%&kc_action_status=%zz'],
    ['members of objects', 'kc_action=__proto__&kc_action_status=__proto__'],
    ['numbers of ended sessions', 'ended=%3Cb%3E&left=%22x'],
    ['huge numbers', 'ended=99999999&left=1e9'],
    ['negative numbers', 'ended=-1&left=-1'],
  ])('SU-07 AC-02 %s: 200, and the page is as without it', async (_name, query) => {
    const plain = (await app.navigate('/account', jar)).body
    const answer = await app.navigate(`/account?${query}`, jar)
    expect(answer.status).toBe(200)
    expect(timeless(answer.body)).toBe(timeless(plain))
  })

  /** Without what passes while the test runs. */
  const timeless = (body: string): string =>
    body.replace(/<time[^>]*>[^<]*<\/time>/g, '').replace(/>\s+</g, '><')

  test('SU-07 a forged success says and raises nothing', async () => {
    for (const proof of ['', '&proof=', '&proof=x', `&proof=${'A'.repeat(22)}`])
      expect(await noticeOf(app, jar, account('success') + proof)).toBeUndefined()
    await expectNoHigher()
  })

  test('SU-07 AC-02 what was said to one session is said to no other, and of nothing else', async () => {
    const said = (await comeBack(asked, '&kc_action_status=success')).location ?? ''
    expect(await noticeOf(app, jar, said)).toBe(DONE)
    for (const [from, to] of [
      ['success', 'error'],
      [OTP, 'UPDATE_PASSWORD'],
      [OTP, ''],
    ] as const)
      expect(await noticeOf(app, jar, said.replace(from, to))).toBeUndefined()
    const other = new Jar()
    await app.signIn(provider, other, person)
    expect(await noticeOf(app, other, said)).toBeUndefined()
  })
})
