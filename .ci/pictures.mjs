// `npm run pictures [-- FOLDER]`: makes the pictures of the README, from the real app, a real Keycloak and a real browser.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { nextFreePort } from '../keycloak/lib/ports.mjs'
import { startKeycloak } from '../keycloak/lib/server.mjs'
import { provideCommand } from './provide.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = process.argv[2] ?? path.join(root, 'docs/pictures')
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

const port = await nextFreePort(3000)
const url = `http://localhost:${port}`
const keycloak = await startKeycloak({ env: { LATCHKEY_WEB_URL: url } })
const app = spawn(process.execPath, [path.join(root, '.ci/start.mjs')], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    PATH: process.env['PATH'],
    PORT: String(port),
    OIDC_ISSUER: keycloak.issuer,
    OIDC_CLIENT_ID: 'latchkey-web',
    OIDC_CLIENT_SECRET: 'latchkey-web-secret',
    API_AUDIENCE: 'latchkey-api',
  },
})
const executablePath = provideCommand('chromium', ['chromium', 'chromium-browser', 'google-chrome'])
const browser = await chromium.launch({ executablePath, args: ARGUMENTS })
try {
  await untilReady()
  fs.mkdirSync(folder, { recursive: true })
  for (const scheme of /** @type {const} */ (['light', 'dark'])) await takePictures(scheme)
} finally {
  await browser.close()
  app.kill()
  await keycloak.stop()
}

async function untilReady() {
  for (const until = Date.now() + 60_000; Date.now() < until;) {
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (ready) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the app does not get ready')
}

/** @param {'light' | 'dark'} colorScheme */
async function takePictures(colorScheme) {
  const context = await browser.newContext({ colorScheme, viewport: { width: 900, height: 640 } })
  const page = await context.newPage()
  /** @param {string} name */
  const take = (name) => page.screenshot({ path: path.join(folder, `${name}-${colorScheme}.png`) })
  await page.goto(url)
  await take('start')
  await page.goto(`${url}/hello`)
  await page.locator('#username').fill('alice')
  await page.locator('#password').fill('alice-password')
  await page.locator('#kc-login').click()
  await page.waitForURL(`${url}/hello`)
  await take('hello')
  await page.goto(`${url}/account`)
  await take('account')
  await page.goto(`${url}/authorize?state=unknown&code=none`)
  await take('error')
  await context.close()
}
