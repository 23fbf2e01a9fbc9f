import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { enterPassword, launchChromium, setUpOneTimePassword } from '../support/chromium.js'
import { oneTimePassword } from '../support/one-time-password.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { startRealApp } from '../support/real-app.js'
import type { TestApp } from '../support/test-app.js'

jest.setTimeout(60_000)

const DAVES_KEY = 'latchkeyTotpDave1234'
const STRONG = 'with a password and a one-time code'

describe('the vault, which asks for more than a password', () => {
  let browser: Browser
  let realm: TestRealm
  let app: TestApp
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium()
    realm = await TestRealm.create('vault-page')
    app = await startRealApp({ issuer: realm.issuer })
  })
  afterAll(async () => {
    await browser.close()
    await app.stop()
    await realm.remove()
  })
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
  })
  afterEach(() => context.close())

  const main = (): Promise<string> => page.locator('main').innerText()

  async function signIn(person: string): Promise<void> {
    await page.goto(`${app.publicUrl}/account`)
    await enterPassword(page, person)
    await page.waitForURL(`${app.publicUrl}/account`)
  }

  async function giveCode(code = oneTimePassword(DAVES_KEY)): Promise<void> {
    await page.locator('#otp').fill(code)
    await page.locator('#kc-login').click()
  }

  test('SU-01 dave, signed in by password, is asked for his one-time code alone, and it opens', async () => {
    await signIn('dave')
    expect(await main()).not.toContain(STRONG)
    await page.getByRole('link', { name: 'Open the vault' }).click()
    expect(await page.locator('#password').count()).toBe(0)
    await giveCode('000000')
    expect(await page.locator('#input-error-otp').innerText()).toContain('Invalid authenticator code')
    await page.goto(`${app.publicUrl}/hello`)
    expect(await main()).toContain('I know who I am!')
    await page.goto(`${app.publicUrl}/vault`)
    await giveCode()
    await page.waitForURL(`${app.publicUrl}/vault`)
    expect(await page.locator('h1').innerText()).toContain('vault')
    await page.goto(`${app.publicUrl}/account`)
    expect(await main()).toContain(STRONG)
    await page.goto(`${app.publicUrl}/vault`)
    expect(page.url()).toBe(`${app.publicUrl}/vault`)
  })

  test('SU-01 not signed in at all: password and code in one trip', async () => {
    await page.goto(`${app.publicUrl}/vault`)
    await enterPassword(page, 'dave')
    await giveCode()
    await page.waitForURL(`${app.publicUrl}/vault`)
  })

  test('SU-01 a person without a device is led to set one up, and then in', async () => {
    await signIn('carol')
    await page.goto(`${app.publicUrl}/vault`)
    await setUpOneTimePassword(page)
    await page.waitForURL(`${app.publicUrl}/vault`)
  })

  test.each([
    ['strips', ''],
    ['rewrites', '{"id_token":{"acr":{"essential":true,"values":["pwd"]}}}'],
  ])(
    'SU-01 SU-02 who %s what the address asks for stays outside, with a page that explains',
    async (_how, claims) => {
      await signIn('dave')
      const asked = page.waitForRequest(/\/protocol\/openid-connect\/auth\?/)
      await page.goto(`${app.publicUrl}/vault`)
      const address = new URL((await asked).url())
      expect(address.searchParams.get('claims')).toContain('2fa')
      address.searchParams.delete('acr_values')
      address.searchParams.delete('claims')
      if (claims !== '') address.searchParams.set('claims', claims)
      await page.goto(address.href)
      expect(new URL(page.url()).pathname).toBe('/authorize')
      expect(await main()).toContain('login_too_weak')
      const tab = await context.newPage()
      await tab.goto(`${app.publicUrl}/account`)
      expect(await tab.locator('dl').innerText()).not.toContain(STRONG)
      await page.getByRole('link', { name: 'Try again' }).click()
      await giveCode()
      await page.waitForURL(`${app.publicUrl}/vault`)
    },
  )
})
