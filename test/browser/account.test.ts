import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { enterPassword, launchChromium, setUpOneTimePassword, waitForStartPage } from '../support/chromium.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { startRealApp } from '../support/real-app.js'
import type { TestApp } from '../support/test-app.js'

jest.setTimeout(60_000)

describe('the account page', () => {
  let browser: Browser
  let realm: TestRealm
  let app: TestApp
  let person: string
  let id: string
  let count = 0
  let contexts: BrowserContext[]
  const refusals: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
    realm = await TestRealm.create('account-page')
    app = await startRealApp({ issuer: realm.issuer })
  })
  afterAll(async () => {
    await browser.close()
    await app.stop()
    await realm.remove()
  })
  beforeEach(async () => {
    contexts = []
    person = `person-${++count}`
    id = await realm.addPerson(person)
  })
  afterEach(async () => {
    for (const context of contexts) await context.close()
    // Nothing that the pages do is held up by their own policy.
    expect(refusals).toEqual([])
  })

  /** Another browser of the same person, on the account page. */
  async function openAccount(): Promise<Page> {
    const context = await browser.newContext()
    contexts.push(context)
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refusals.push(message.text())
    })
    await page.goto(`${app.publicUrl}/account`)
    await enterPassword(page, person)
    await page.waitForURL(`${app.publicUrl}/account`)
    return page
  }

  const sessions = (page: Page): Promise<number> => page.locator('.sessions li').count()
  const notice = (page: Page): Promise<string> => page.getByRole('status').innerText()
  const press = (page: Page, name: RegExp): Promise<void> => page.getByRole('button', { name }).click()

  /** Signed out here and at Keycloak: the page leads to the form for the password. */
  async function expectSignedOut(page: Page): Promise<void> {
    await page.goto(`${app.publicUrl}/account`)
    expect(new URL(page.url()).origin).not.toBe(app.publicUrl)
    expect(await page.locator('#password').isVisible()).toBe(true)
  }

  async function expectSignedIn(page: Page): Promise<void> {
    await page.goto(`${app.publicUrl}/account`)
    expect(await page.locator('h1').innerText()).toBe('My account')
  }

  test('AC-03 shows two sessions and ends the other one, at Keycloak too', async () => {
    const there = await openAccount()
    expect(await there.getByRole('button', { name: /^End/ }).count()).toBe(0)
    const here = await openAccount()
    expect(await sessions(here)).toBe(2)
    expect(await here.locator('.sessions li.this').innerText()).toMatch(/Chrom[\s\S]*This session/)
    expect(await here.getByRole('button', { name: /^End this session/ }).count()).toBe(1)
    await press(here, /^End this session/)
    await here.waitForURL(`${app.publicUrl}/account?ended=1&left=0*`)
    expect(await notice(here)).toBe('One session was ended.')
    expect(await sessions(here)).toBe(1)
    await expectSignedOut(there)
    await expectSignedIn(here)
    expect(await realm.sessionsOf(id)).toHaveLength(1)
  })

  test('AC-03 ends all others', async () => {
    const others = [await openAccount(), await openAccount()]
    const here = await openAccount()
    expect(await sessions(here)).toBe(3)
    await press(here, /^End all others$/)
    await here.waitForURL(`${app.publicUrl}/account?ended=2&left=0*`)
    expect(await notice(here)).toBe('2 sessions were ended.')
    expect(await here.getByRole('button', { name: /^End/ }).count()).toBe(0)
    for (const page of others) await expectSignedOut(page)
    await expectSignedIn(here)
    expect(await realm.sessionsOf(id)).toHaveLength(1)
  })

  test('AC-03 signs out everywhere: this browser comes back to the start page, and every one is asked for the password', async () => {
    const there = await openAccount()
    const here = await openAccount()
    await press(here, /^Sign out everywhere$/)
    await waitForStartPage(here, app.publicUrl)
    expect(await here.locator('main').innerText()).toContain('You are not signed in.')
    expect(await realm.sessionsOf(id)).toEqual([])
    await expectSignedOut(here)
    await expectSignedOut(there)
  })

  test('AC-02 what was shown is over already: a page that says so, and nothing ends', async () => {
    const there = await openAccount()
    const here = await openAccount()
    await press(there, /^Sign out everywhere$/)
    await waitForStartPage(there, app.publicUrl)
    await press(here, /^End this session/)
    expect(await here.locator('main').innerText()).toContain('unauthorized')
    await expectSignedOut(here)
  })

  test('SU-07 C003-16 the set-up of a one-time code: cancelled, then done, as Keycloak reports it', async () => {
    const page = await openAccount()
    await page.getByRole('link', { name: 'Set up a one-time code' }).click()
    await page.locator('#cancelTOTPBtn').click()
    await page.waitForURL((url) => url.origin === app.publicUrl && url.pathname === '/account')
    expect(new URL(page.url()).searchParams.get('kc_action_status')).toBe('cancelled')
    expect(await notice(page)).toContain('reports that you cancelled. Nothing was changed.')

    await page.getByRole('link', { name: 'Set up a one-time code' }).click()
    await setUpOneTimePassword(page)
    await page.waitForURL((url) => url.origin === app.publicUrl && url.pathname === '/account')
    expect(await notice(page)).toContain('reports that this was done.')
    // Told by nobody but an address, it raises nothing.
    expect(await page.locator('dl').innerText()).not.toContain('one-time code')
    // One session still: an action is not another sign-in of another browser.
    expect(await realm.sessionsOf(id)).toHaveLength(1)
  })

  test('SU-07 a new password cancelled: told, and the old one still signs in', async () => {
    const page = await openAccount()
    await page.getByRole('link', { name: 'Change password' }).click()
    await page.locator('#kc-cancel').click()
    await page.waitForURL((url) => url.origin === app.publicUrl && url.pathname === '/account')
    expect(await notice(page)).toContain('you cancelled')
    await openAccount()
  })
})
