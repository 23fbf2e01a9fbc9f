import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { TestRealm } from '../support/keycloak-admin.js'
import { PackedPackage, root } from '../support/packed-package.js'
import { tokenOf } from '../support/real-keycloak.js'
import { startRealApp } from '../support/real-app.js'
import type { TestApp } from '../support/test-app.js'

jest.setTimeout(120_000)

/** Seconds. */
const TOKEN_LIFE = 3

/** The package as programs and people at a terminal use it, against the real server. */
describe('the packed package without a browser', () => {
  let packed: PackedPackage
  let realm: TestRealm
  let app: TestApp
  let env: Record<string, string>

  beforeAll(async () => {
    packed = await PackedPackage.install()
    await packed.compile(path.join(root, 'examples'))
    realm = await TestRealm.create('package-machines', {
      settings: { ACCESS_TOKEN_LIFESPAN: String(TOKEN_LIFE) },
    })
    app = await startRealApp({ issuer: realm.issuer })
    env = {
      OIDC_ISSUER: realm.issuer,
      API_URL: app.publicUrl,
      UPSTREAM_TIMEOUT: '20',
      LATCHKEY_USERNAME: 'alice',
      LATCHKEY_PASSWORD: 'alice-password',
      LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: 'latchkey-confidential-secret',
      LATCHKEY_SERVICE_CLIENT_SECRET: 'latchkey-service-secret',
    }
  })
  afterAll(async () => {
    await app.stop()
    await realm.remove()
    await packed.remove()
  })

  test('A-12 B-9 example of reference A: three clients ask who they are; a refusal is told with its hint', async () => {
    const { stdout } = await packed.run('node examples/machine-tokens.js', env)
    const lines = stdout.split('\n').filter((line) => /^(public|confidential|service) /.test(line))
    expect(lines).toHaveLength(3)
    expect(stdout.match(/username: 'alice'/g)).toHaveLength(2)
    expect(stdout).toContain("username: 'service-account-latchkey-service'")
    const refused = packed.run('node examples/machine-tokens.js', {
      ...env,
      LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: 'not-the-secret',
    })
    const error = (await refused.catch((reason: unknown) => reason)) as { code: number; stderr: string }
    expect(error.code).toBe(1)
    expect(error.stderr).toContain('unauthorized_client')
    expect(error.stderr).toContain('Clients → latchkey-confidential → Credentials')
    expect(error.stderr).not.toContain('not-the-secret')
  })

  test('B-5 B-8 example of reference B: a job that outlives its token several times over makes no failing call', async () => {
    const job = {
      ...env,
      PORT: String(await nextFreePort(14_500)),
      CLIENT_SECRET: 'trainer-secret',
      ROUNDS: '24',
      PAUSE: '500',
    }
    const begun = Date.now()
    const { stdout } = await packed.run('node examples/train-jobs.js', job)
    expect(Date.now() - begun).toBeGreaterThan(3 * TOKEN_LIFE * 1000)
    // The API's log is there, too.
    const answers = stdout.split('\n').filter((line) => /^\d/.test(line))
    expect(answers).toEqual(Array.from({ length: 24 }, () => '201 {"state":"queued","for":"alice"}'))
    const ofTrainer = async (type: string): Promise<number> =>
      (await realm.events(type)).filter(({ clientId }) => clientId === 'trainer').length
    expect(await ofTrainer('LOGIN')).toBe(1)
    expect(await ofTrainer('REFRESH_TOKEN')).toBeGreaterThanOrEqual(3)
    expect(await ofTrainer('REFRESH_TOKEN_ERROR')).toBe(0)
    const limited = {
      ...job,
      CLIENT_ID: 'trainer-limited',
      CLIENT_SECRET: 'trainer-limited-secret',
      ROUNDS: '1',
    }
    expect((await packed.run('node examples/train-jobs.js', limited)).stdout).toMatch(/^403 /m)
  })

  test('C000-24 its command asks who three clients are', async () => {
    const { stdout, stderr } = await packed.run('npx --no-install latchkey whoami --flow all', env)
    expect(stderr).toBe('')
    const block = String.raw`\{"created_time":.*\}\n\{"version":.*\}\n>>>\n`
    const titles = ['PUBLIC CLIENT', 'CONFIDENTIAL CLIENT', 'SERVICE ACCOUNT']
    expect(stdout).toMatch(new RegExp(`^${titles.map((title) => `${title} <<<\n${block}`).join('')}$`))
  })

  test('the commands of docs/machine-tokens.md run as they stand there', async () => {
    const document = readFileSync(path.join(root, 'docs/machine-tokens.md'), 'utf8')
    const [help = 'false', curl = 'false', ...more] = [...document.matchAll(/```sh\n(.*?)```/gs)].map(
      ([, command = '']) => command,
    )
    expect(more).toEqual([])
    expect((await packed.run(help, {})).stdout).toContain('whoami')
    const { refresh_token: refreshToken } = await tokenOf('bob', 'latchkey-public', {}, realm.issuer)
    const { stdout } = await packed.run(curl, {
      OIDC_ISSUER: realm.issuer,
      API_URL: app.publicUrl,
      LATCHKEY_REFRESH_TOKEN: refreshToken,
    })
    expect(JSON.parse(stdout)).toMatchObject({ username: 'bob' })
  })
})
