import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import {
  enterPassword,
  launchChromium,
  register,
  setUpOneTimePassword,
  waitForStartPage,
} from '../support/chromium.js'
import { oneTimePassword } from '../support/one-time-password.js'
import { startRealApp } from '../support/real-app.js'
import { issuerOf, realKeycloak } from '../support/real-keycloak.js'
import type { TestApp } from '../support/test-app.js'

jest.setTimeout(60_000)

describe('a person in a browser', () => {
  let browser: Browser
  let app: TestApp
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium()
    app = await startRealApp()
  })
  afterAll(async () => {
    await browser.close()
    await app.stop()
  })
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })
  afterEach(() => context.close())

  const heading = (): Promise<string> => page.locator('h1').innerText()

  async function signIn(username = 'alice'): Promise<void> {
    await page.goto(`${app.publicUrl}/hello`)
    await enterPassword(page, username)
    await page.waitForURL(`${app.publicUrl}/hello`)
  }

  async function signOut(): Promise<void> {
    await page.goto(`${app.publicUrl}/logout`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await waitForStartPage(page, app.publicUrl)
  }

  test('C003-03 C002-20 a page that needs a session leads to Keycloak and back, with its query', async () => {
    await page.goto(`${app.publicUrl}/account?tab=1`)
    await enterPassword(page, 'alice', 'wrong')
    expect(await page.locator('#input-error-username').innerText()).toContain('Invalid username or password')
    await enterPassword(page, 'alice')
    await page.waitForURL(`${app.publicUrl}/account?tab=1`)
    expect(await heading()).toBe('My account')
  })

  test('C002-22 LO-01 signing out is not held up by the browser, and Keycloak asks for the password again', async () => {
    const refusals: string[] = []
    page.on('console', (message) => refusals.push(message.text()))
    await signIn()
    await signOut()
    expect(new URL(page.url()).pathname).toBe('/')
    expect(await page.locator('main').innerText()).toContain('You are not signed in.')
    expect(refusals.filter((text) => text.includes('Content Security Policy'))).toEqual([])
    await page.goto(`${app.publicUrl}/hello`)
    expect(await page.locator('#kc-login').isVisible()).toBe(true)
  })

  test('C003-13 ten tabs begin to sign in, and all of them finish', async () => {
    const tabs = await Promise.all(Array.from({ length: 10 }, () => context.newPage()))
    for (const [index, tab] of tabs.entries())
      await tab.goto(`${app.publicUrl}/login?return_to=/account?tab=${index}`)
    const [first, ...others] = tabs as [Page, ...Page[]]
    await enterPassword(first, 'alice')
    await first.waitForURL(`${app.publicUrl}/account?tab=0`)
    // C003-15: the others move on by themselves, or at the next click.
    for (const [index, tab] of others.entries()) {
      const destination = `${app.publicUrl}/account?tab=${index + 1}`
      await tab.waitForURL(destination, { timeout: 20_000 })
      expect(await tab.locator('h1').innerText()).toBe('My account')
    }
    const cookies = await context.cookies(app.publicUrl)
    expect(cookies.map(({ name }) => name).sort()).toEqual(['latchkey', 'latchkey-login'])
    expect(cookies.every(({ value }) => value.length < 200)).toBe(true)
  })

  test('C003-15 a tab left on the form moves on when another tab signs in, and ends on our page', async () => {
    const left = await context.newPage()
    await left.goto(`${app.publicUrl}/account`)
    await signIn()
    await left.waitForURL(`${app.publicUrl}/account`, { timeout: 20_000 })
    expect(await left.locator('h1').innerText()).toBe('My account')
  })

  test('C003-14 FL-12 the back button after signing in ends on our page, signed in, without a loop', async () => {
    await signIn()
    await page.goBack()
    await page.waitForURL(`${app.publicUrl}/hello`)
    expect(await heading()).toContain('I know who I am!')
  })

  test('C003-14 the back button after signing out shows nothing of the person', async () => {
    await signIn()
    await signOut()
    await page.goBack()
    await page.goto(`${app.publicUrl}/account`)
    expect(await page.locator('#kc-login').isVisible()).toBe(true)
  })

  test('C003-14 FL-06 the callback opened again goes on to the page; in another browser it is refused', async () => {
    let callback = ''
    page.on('request', (request) => {
      if (request.url().startsWith(`${app.publicUrl}/authorize?`)) callback = request.url()
    })
    await signIn()
    await page.goto(callback)
    expect(page.url()).toBe(`${app.publicUrl}/hello`)

    const other = await browser.newContext()
    try {
      const theirs = await other.newPage()
      const answer = await theirs.goto(callback)
      expect(answer?.status()).toBe(400)
      expect(await theirs.locator('main').innerText()).toContain('unknown_login')
      await theirs.goto(`${app.publicUrl}/`)
      expect(await theirs.locator('main').innerText()).toContain('You are not signed in.')
    } finally {
      await other.close()
    }
  })

  test('C003-14 the callback opened after signing out explains itself and leads on where the person wanted to go', async () => {
    let callback = ''
    page.on('request', (request) => {
      if (request.url().startsWith(`${app.publicUrl}/authorize?`)) callback = request.url()
    })
    await page.goto(`${app.publicUrl}/account?tab=2`)
    await enterPassword(page, 'alice')
    await page.waitForURL(`${app.publicUrl}/account?tab=2`)
    await signOut()
    await page.goto(callback)
    expect(await page.locator('main').innerText()).toContain('login_spent')
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await enterPassword(page, 'alice')
    await page.waitForURL(`${app.publicUrl}/account?tab=2`)
  })

  test('opened as localhost, the app leads to its own address and signs in there', async () => {
    const elsewhere = app.publicUrl.replace('127.0.0.1', 'localhost')
    await page.goto(`${elsewhere}/hello`)
    await enterPassword(page, 'alice')
    await page.waitForURL(`${app.publicUrl}/hello`)
  })

  test('IN-04 the pages need no script', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false })
    try {
      page = await plain.newPage()
      await signIn()
      expect(await heading()).toContain('I know who I am!')
      await page.getByRole('link', { name: 'Sign out' }).click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await waitForStartPage(page, app.publicUrl)
      expect(await page.locator('main').innerText()).toContain('You are not signed in.')
    } finally {
      await plain.close()
    }
  })
})

describe('a person in a browser, where a one-time password is needed', () => {
  let browser: Browser
  let app: TestApp

  beforeAll(async () => {
    browser = await launchChromium()
    app = await startRealApp({ issuer: issuerOf(realKeycloak().otpRealm) })
  })
  afterAll(async () => {
    await browser.close()
    await app.stop()
  })

  test('C003-08 C003-09 registers, sets up the code, is greeted; signs out, and in again with password and code', async () => {
    const person = {
      username: `new-${randomUUID().slice(0, 8)}`,
      password: 'correct-horse',
      firstName: 'Grace',
      lastName: 'Hopper',
    }
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${app.publicUrl}/`)
    await page.getByRole('link', { name: 'Sign in' }).first().click()
    await page.goto(`${app.publicUrl}/register`)
    await register(page, person)
    const key = await setUpOneTimePassword(page)
    await page.waitForURL(`${app.publicUrl}/hello`)
    expect(await page.locator('h1').innerText()).toBe('Hello, Grace Hopper! I know who I am!')

    await page.goto(`${app.publicUrl}/logout`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await waitForStartPage(page, app.publicUrl)

    await page.goto(`${app.publicUrl}/hello`)
    await enterPassword(page, person.username, 'wrong')
    expect(await page.locator('#input-error-username').isVisible()).toBe(true)
    await enterPassword(page, person.username, person.password)
    await page.locator('#otp').fill('000000')
    await page.locator('#kc-login').click()
    expect(await page.locator('#input-error-otp').innerText()).toContain('Invalid authenticator code')
    await page.locator('#otp').fill(oneTimePassword(key))
    await page.locator('#kc-login').click()
    await page.waitForURL(`${app.publicUrl}/hello`)
    expect(await page.locator('h1').innerText()).toBe('Hello, Grace Hopper! I know who I am!')
    await page.goto(`${app.publicUrl}/account`)
    expect(await page.locator('main').innerText()).toContain('with a password and a one-time code')
  })

  test('C003-09 dave uses the device that he has', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${app.publicUrl}/hello`)
    await enterPassword(page, 'dave')
    await page.locator('#otp').fill(oneTimePassword('latchkeyTotpDave1234'))
    await page.locator('#kc-login').click()
    await page.waitForURL(`${app.publicUrl}/hello`)
  })

  test('C003-09 a person without a device is led to set one up at the first login', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${app.publicUrl}/hello`)
    await enterPassword(page, 'carol')
    await setUpOneTimePassword(page)
    await page.waitForURL(`${app.publicUrl}/hello`)
  })
})
