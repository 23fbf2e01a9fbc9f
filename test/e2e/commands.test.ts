import { describe, expect, jest, test } from '@jest/globals'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { root } from '../support/packed-package.js'
import { issuerOf } from '../support/real-keycloak.js'
import { until } from '../support/until.js'

jest.setTimeout(120_000)

/** Commands that the documents name and that no other test types. */
describe('commands of the documents', () => {
  test('npm start runs the app with the settings of the environment, and its exit status is the command’s', async () => {
    const port = await nextFreePort(16_000)
    const child = spawn('npm', ['start'], {
      cwd: root,
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        OIDC_ISSUER: issuerOf(),
        OIDC_CLIENT_ID: 'latchkey-web',
        OIDC_CLIENT_SECRET: 'latchkey-web-secret',
        API_AUDIENCE: 'latchkey-api',
        LOG_LEVEL: 'silent',
      },
    })
    const ended = new Promise((resolve) => child.on('exit', resolve))
    await until(() =>
      fetch(`http://localhost:${port}/readyz`).then(
        ({ ok }) => (ok ? true : undefined),
        () => undefined,
      ),
    )
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await expect(fetch(`http://localhost:${port}/`)).rejects.toThrow('fetch failed')
  })

  test('npm start says which settings are missing, and exits 1', async () => {
    const child = spawn('npm', ['start'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] },
    })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk))
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(1)
    for (const name of ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'API_AUDIENCE'])
      expect(complaint).toContain(name)
  })

  test('npm run pictures makes every picture of the README', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-pictures-'))
    try {
      execFileSync('npm', ['run', 'pictures', '--', folder], { cwd: root, stdio: 'ignore' })
      expect(readdirSync(folder)).toEqual(readdirSync(path.join(root, 'docs/pictures')))
      for (const picture of readdirSync(folder))
        expect(statSync(path.join(folder, picture)).size).toBeGreaterThan(10_000)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
