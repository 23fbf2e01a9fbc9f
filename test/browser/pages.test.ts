import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { enterPassword, launchChromium, waitForStartPage } from '../support/chromium.js'
import { startRealApp } from '../support/real-app.js'
import type { TestApp } from '../support/test-app.js'

jest.setTimeout(60_000)

const OPEN = ['/', '/nothing-here', '/authorize?state=unknown&code=x', '/logout', '/login?prompt=unknown']
const SIGNED_IN = ['/', '/hello', '/account', '/logout']

describe('the pages, as people see them', () => {
  let browser: Browser
  let app: TestApp

  beforeAll(async () => {
    browser = await launchChromium()
    app = await startRealApp()
  })
  afterAll(async () => {
    await browser.close()
    await app.stop()
  })

  async function violations(page: Page, path: string): Promise<string[]> {
    await page.goto(app.publicUrl + path)
    await page.evaluate(axe.source)
    const results = await page.evaluate<AxeResults>('axe.run()')
    return results.violations.map(
      ({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    )
  }

  async function inBrowser(
    options: Parameters<Browser['newContext']>[0],
    use: (page: Page, context: BrowserContext) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext(options)
    try {
      await use(await context.newPage(), context)
    } finally {
      await context.close()
    }
  }

  async function signIn(page: Page): Promise<void> {
    await page.goto(`${app.publicUrl}/hello`)
    await enterPassword(page, 'alice')
    await page.waitForURL(`${app.publicUrl}/hello`)
  }

  test.each([
    ['light', 1200],
    ['light', 360],
    ['dark', 1200],
    ['dark', 360],
  ] as const)(
    'in %s at %i pixels: nothing for axe to find, nothing to scroll sideways for',
    async (colorScheme, width) => {
      await inBrowser({ colorScheme, viewport: { width, height: 700 } }, async (page) => {
        const found: string[] = []
        const look = async (path: string): Promise<void> => {
          found.push(...(await violations(page, path)))
          const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
          if (Number(overflow) > 0) found.push(`${path} is ${String(overflow)} pixels too wide`)
        }
        for (const path of OPEN) await look(path)
        await signIn(page)
        for (const path of SIGNED_IN) await look(path)
        expect(found).toEqual([])
      })
    },
  )

  test('with the keyboard alone: skip link, sign in, sign out', async () => {
    await inBrowser({}, async (page) => {
      await signIn(page)
      await page.goto(`${app.publicUrl}/logout`)
      await page.keyboard.press('Tab')
      expect(await page.locator(':focus').innerText()).toBe('Skip to the content')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      expect(await page.locator(':focus').innerText()).toBe('Sign out')
      await page.keyboard.press('Enter')
      await waitForStartPage(page, app.publicUrl)
      expect(await page.locator('main').innerText()).toContain('You are not signed in.')
    })
  })

  test('in German for those who prefer it, at Keycloak too', async () => {
    await inBrowser({ locale: 'de-DE' }, async (page) => {
      await page.goto(`${app.publicUrl}/`)
      expect(await page.locator('html').getAttribute('lang')).toBe('de')
      expect(await page.locator('h1').innerText()).toBe('Willkommen')
      await page.locator('main').getByRole('link', { name: 'Anmelden' }).click()
      expect(new URL(page.url()).searchParams.get('ui_locales') ?? 'de').toBe('de')
      expect(await page.locator('#kc-login').innerText()).toBe('Anmelden')
      await enterPassword(page, 'alice')
      await page.goto(`${app.publicUrl}/account`)
      expect(await page.locator('h1').innerText()).toBe('Mein Konto')
    })
  })

  test('an error page on paper has what to quote and no buttons', async () => {
    await inBrowser({}, async (page) => {
      await page.goto(`${app.publicUrl}/authorize?state=unknown&code=x`)
      await page.emulateMedia({ media: 'print' })
      expect(await page.getByText('unknown_login').isVisible()).toBe(true)
      expect(await page.getByRole('link', { name: 'Sign in again' }).isVisible()).toBe(false)
    })
  })
})
