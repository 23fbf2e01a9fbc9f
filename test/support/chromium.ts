import { chromium, type Browser, type Page } from 'playwright-core'
import { oneTimePassword } from './one-time-password.js'

/** The system's Chromium; `npm test` finds or installs it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = process.env['LATCHKEY_TEST_CHROMIUM']
  if (executablePath === undefined) throw new Error('These tests need Chromium: run them with `npm test`')
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** Fills in Keycloak's login form. */
export async function enterPassword(
  page: Page,
  username: string,
  password = `${username}-password`,
): Promise<void> {
  await page.locator('#username').fill(username)
  await page.locator('#password').fill(password)
  await page.locator('#kc-login').click()
}

export interface NewPerson {
  readonly username: string
  readonly password: string
  readonly firstName: string
  readonly lastName: string
}

/** Fills in Keycloak's registration form. */
export async function register(
  page: Page,
  { username, password, firstName, lastName }: NewPerson,
): Promise<void> {
  await page.locator('#username').fill(username)
  await page.locator('#password').fill(password)
  await page.locator('#password-confirm').fill(password)
  await page.locator('#email').fill(`${username}@example.test`)
  await page.locator('#firstName').fill(firstName)
  await page.locator('#lastName').fill(lastName)
  await page.locator('#kc-register-form [type=submit]').click()
}

/** Sets up a one-time password on Keycloak's page; returns the key that an authenticator app would keep. */
export async function setUpOneTimePassword(page: Page): Promise<string> {
  const key = await page.locator('#totpSecret').getAttribute('value', { timeout: 15_000 })
  if (key === null) throw new Error('the page shows no key')
  await page.locator('#totp').fill(oneTimePassword(key))
  await page.locator('#userLabel').fill('phone')
  await page.locator('#saveTOTPBtn').click()
  return key
}

/** Waits until a sign-out has come back to the start page; its query holds a `state` that nobody knows. */
export async function waitForStartPage(page: Page, publicUrl: string): Promise<void> {
  await page.waitForURL(({ origin, pathname }) => origin === publicUrl && pathname === '/')
}
