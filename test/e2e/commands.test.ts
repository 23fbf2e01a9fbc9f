import { describe, expect, jest, test } from '@jest/globals'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
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

  test('TK-07 the commands of docs/client-authentication.md make a key, start with it, and change it', async () => {
    const document = readFileSync(path.join(root, 'docs/client-authentication.md'), 'utf8')
    const [begin = 'false', change = 'false', ...more] = [...document.matchAll(/```sh\n(.*?)```/gs)]
      .map(([, command = '']) => command)
      // Run where its output is shown to Keycloak, in client-auth.test.ts.
      .filter((command) => !command.startsWith('node -e'))
    expect(more).toEqual([])
    const [generate = 'false', start = 'false'] = begin.trim().split('\n')
    const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-key-'))
    const shell = (command: string): void =>
      void execFileSync('sh', ['-ec', command], { cwd: folder, stdio: 'ignore' })
    shell(generate)
    shell(generate.replace('client-key.pem', 'new-key.pem'))
    const port = await nextFreePort(16_000)
    const inFolder = start.replace('client-key.pem', path.join(folder, 'client-key.pem'))
    const child = spawn('sh', ['-c', `exec env ${inFolder}`], {
      cwd: root,
      stdio: 'ignore',
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        OIDC_ISSUER: issuerOf(),
        OIDC_CLIENT_ID: 'latchkey-web',
        API_AUDIENCE: 'latchkey-api',
        LOG_LEVEL: 'silent',
      },
    })
    const ended = new Promise((resolve) => child.on('exit', resolve))
    const published = async (): Promise<readonly { readonly kid: string; readonly alg: string }[]> => {
      const answer = await fetch(`http://localhost:${port}/.well-known/jwks.json`)
      return ((await answer.json()) as { keys: { kid: string; alg: string }[] }).keys
    }
    try {
      const before = await until(() => published().catch(() => undefined))
      expect(before.map(({ alg }) => alg)).toEqual(['ES256'])
      shell(change)
      const after = await published()
      expect(after).toHaveLength(2)
      expect(after).toContainEqual(before[0])
    } finally {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
