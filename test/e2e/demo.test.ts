import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { enterPassword, launchChromium, register } from '../support/chromium.js'
import { until } from '../support/until.js'

jest.setTimeout(300_000)

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Demo {
  readonly process: ChildProcess
  readonly text: () => string
  readonly ended: Promise<number | null>
}

/** The two commands of the README are this, after `npm ci`. */
function startDemo(env: Record<string, string>): Demo {
  const child = spawn('npm', ['run', 'demo'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  return { process: child, text: () => text, ended }
}

/** Ctrl-C: a terminal sends it to the command and all that it started. */
async function interrupt({ process: child, ended }: Demo): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT')
  await ended
}

const isReady = (demo: Demo): true | undefined => {
  if (demo.process.exitCode !== null) throw new Error(`the demo ended: ${demo.text()}`)
  return demo.text().includes('Stop it with Ctrl-C') ? true : undefined
}

describe('npm run demo', () => {
  let state: string
  let env: Record<string, string>
  let browser: Browser
  let demo: Demo

  beforeAll(async () => {
    state = mkdtempSync(path.join(tmpdir(), 'latchkey-demo-'))
    const [app, keycloak] = [await nextFreePort(13_000), await nextFreePort(18_180)]
    env = { XDG_STATE_HOME: state, PORT: String(app), KEYCLOAK_PORT: String(keycloak) }
    browser = await launchChromium()
  })
  afterAll(async () => {
    await interrupt(demo)
    await browser.close()
    rmSync(state, { recursive: true, force: true })
  })

  test('a person registers and is greeted, the curl line works, and after a restart the person is still known', async () => {
    demo = startDemo(env)
    await until(() => isReady(demo), 240_000)
    const url = `http://localhost:${env['PORT'] ?? ''}`
    expect(demo.text()).toContain(url)

    const curl = demo
      .text()
      .split('\n')
      .find((line) => line.trim().startsWith('curl '))
    const answer = execFileSync('sh', ['-c', curl?.trim() ?? 'false'], { encoding: 'utf8' })
    expect(answer).toBe('{"data":"This is secured data."}')

    const first = await browser.newPage()
    await first.goto(url)
    await first.getByRole('link', { name: 'Create an account' }).click()
    await register(first, {
      username: 'ada',
      password: 'correct-horse',
      firstName: 'Ada',
      lastName: 'Lovelace',
    })
    await first.waitForURL(`${url}/hello`)
    expect(await first.locator('h1').innerText()).toBe('Hello, Ada Lovelace! I know who I am!')

    await interrupt(demo)
    const begun = Date.now()
    demo = startDemo(env)
    await until(() => isReady(demo), 60_000)
    expect(Date.now() - begun).toBeLessThan(20_000)

    const second = await (await browser.newContext()).newPage()
    await second.goto(`${url}/hello`)
    await enterPassword(second, 'ada', 'correct-horse')
    await second.waitForURL(`${url}/hello`)
    expect(await second.locator('h1').innerText()).toBe('Hello, Ada Lovelace! I know who I am!')
  })
})
