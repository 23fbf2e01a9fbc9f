import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CliProcess, latchkey as run, type Run } from '../support/cli-process.js'
import { answerDeviceRequest } from '../support/device-approval.js'
import { TestRealm } from '../support/keycloak-admin.js'
import { oneTimePassword } from '../support/one-time-password.js'
import { requestToken, type TokenAnswer } from '../support/real-keycloak.js'
import { startRealApp } from '../support/real-app.js'
import type { TestApp } from '../support/test-app.js'
import { until } from '../support/until.js'

jest.setTimeout(90_000)

describe('the command line at a real Keycloak', () => {
  let realm: TestRealm
  let app: TestApp
  let folder: string
  let env: Record<string, string>

  beforeAll(async () => {
    realm = await TestRealm.create('command-line')
    app = await startRealApp({ issuer: realm.issuer })
  })
  afterAll(async () => {
    await app.stop()
    await realm.remove()
  })
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'latchkey-cli-'))
    env = {
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      OIDC_ISSUER: realm.issuer,
      API_URL: app.publicUrl,
      UPSTREAM_TIMEOUT: '20',
      LATCHKEY_USERNAME: 'alice',
      LATCHKEY_PASSWORD: 'alice-password',
      LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: 'latchkey-confidential-secret',
      LATCHKEY_SERVICE_CLIENT_SECRET: 'latchkey-service-secret',
    }
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const latchkey = (args: readonly string[], own: Record<string, string>, input?: string): Promise<Run> =>
    run(args, { env: own, ...(input === undefined ? {} : { input }) })

  /** `latchkey login`, and the person who finishes it. */
  async function login(person: string, consents = true): Promise<CliProcess> {
    const command = CliProcess.start(['login'], { env })
    const link = await until(() => /\S+user_code=\S+/.exec(command.stderr)?.[0], 20_000)
    await answerDeviceRequest(link, { person, consents })
    return command
  }

  const tokensFile = (): string => path.join(folder, 'latchkey', 'tokens.json')

  interface Whoami {
    readonly id: string
    readonly username: string
    readonly created_time: string | null
    readonly primary_email: string
  }

  test('C000-24 A-9 whoami prints three blocks and nothing else, each with one token request', async () => {
    const before = (await realm.events('LOGIN')).length
    const { code, stdout, stderr } = await latchkey(['whoami', '--flow', 'all'], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines).toHaveLength(13)
    const titles = ['PUBLIC CLIENT <<<', 'CONFIDENTIAL CLIENT <<<', 'SERVICE ACCOUNT <<<']
    const blocks = titles.map((title, at) => {
      const [first, whoami = '', projects = '', last] = lines.slice(at * 4, at * 4 + 4)
      expect([first, last]).toEqual([title, '>>>'])
      expect(JSON.parse(projects)).toEqual({ version: expect.any(String), projects: expect.any(Array) })
      return JSON.parse(whoami) as Whoami
    })
    expect(lines.at(-1)).toBe('')
    const [person, same, service] = blocks
    expect(person).toEqual(same)
    expect(person).toMatchObject({ username: 'alice', primary_email: expect.stringContaining('@') })
    expect(Date.parse(person?.created_time ?? '')).toBeGreaterThan(0)
    expect(service?.id).not.toBe(person?.id)
    expect(service).toMatchObject({ username: 'service-account-latchkey-service', primary_email: '' })
    expect((await realm.events('LOGIN')).length - before).toBe(2)
    expect(await realm.events('CLIENT_LOGIN')).toHaveLength(1)
  })

  test('C000-26 C000-01 A-11 one flow alone needs its own settings only', async () => {
    const own = { HOME: folder, OIDC_ISSUER: realm.issuer, API_URL: app.publicUrl }
    const service = await latchkey(['whoami', '--flow', 'service-account'], {
      ...own,
      LATCHKEY_SERVICE_CLIENT_SECRET: 'latchkey-service-secret',
    })
    expect(service).toMatchObject({ code: 0, stderr: '' })
    expect(service.stdout).toMatch(/^SERVICE ACCOUNT <<<\n\{.*\}\n\{.*\}\n>>>\n$/)
    const missing = await latchkey(['whoami', '--flow', 'confidential'], own)
    expect(missing.code).toBe(1)
    for (const name of ['LATCHKEY_USERNAME', 'LATCHKEY_PASSWORD', 'LATCHKEY_CONFIDENTIAL_CLIENT_SECRET'])
      expect(missing.stderr).toContain(name)
    expect(missing.stderr).not.toContain('SERVICE')
    expect(missing.stdout).toBe('')
  })

  test('C001-01 C001-02 C001-03 B-3 B-4 token by password; a refusal says error and description; the audience is checked', async () => {
    const trainer = {
      ...env,
      LATCHKEY_CONFIDENTIAL_CLIENT_ID: 'trainer',
      LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: 'trainer-secret',
    }
    const password = ['token', '--grant', 'password']
    const good = await latchkey([...password, '--audience', 'train-api'], trainer)
    expect(good).toMatchObject({ code: 0, stderr: '' })
    expect(decodeJwt(good.stdout.trim())).toMatchObject({ azp: 'trainer' })
    const job = await fetch(`${app.publicUrl}/api/train-jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${good.stdout.trim()}` },
    })
    expect(job.status).toBe(201)
    const wrong = await latchkey(password, { ...trainer, LATCHKEY_PASSWORD: 'wrong-password' })
    expect(wrong.code).toBe(3)
    expect(wrong.stdout).toBe('')
    expect(wrong.stderr).toContain('invalid_grant: Invalid user credentials')
    expect(wrong.stderr).not.toContain('wrong-password')
    const other = await latchkey([...password, '--audience', 'train-api'], {
      ...trainer,
      LATCHKEY_CONFIDENTIAL_CLIENT_ID: 'latchkey-foreign',
      LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: 'latchkey-foreign-secret',
    })
    expect(other).toMatchObject({ code: 3, stdout: '' })
    expect(other.stderr).toContain('latchkey-foreign-dedicated')
    expect(other.stderr).toContain('Included Client Audience: train-api')
  })

  test('C001-08 a person with a one-time password: its code is asked for with --otp, and the hint says so', async () => {
    const dave = { ...env, LATCHKEY_USERNAME: 'dave', LATCHKEY_PASSWORD: 'dave-password' }
    const without = await latchkey(['token', '--grant', 'password', '--client', 'public'], dave)
    expect(without.code).toBe(3)
    expect(without.stderr).toContain('--otp')
    const withCode = await latchkey(['token', '--grant', 'password', '--client', 'public', '--otp'], {
      ...dave,
      LATCHKEY_OTP_CODE: oneTimePassword('latchkeyTotpDave1234'),
    })
    expect(withCode).toMatchObject({ code: 0, stderr: '' })
  })

  test('login, token, decode and logout of a person at a terminal; CL-03 the file is the person’s alone', async () => {
    const command = await login('alice')
    const { code } = await command.exit
    const { stdout, stderr } = command
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('Signed in as alice')
    expect(statSync(tokensFile()).mode & 0o777).toBe(0o600)
    const token = await latchkey(['token'], env)
    expect(token).toMatchObject({ code: 0, stderr: '' })
    expect(token.stdout).toMatch(/^\S+\n$/)
    const decoded = await latchkey(['decode'], env, token.stdout)
    expect(decoded).toMatchObject({ code: 0 })
    expect(decoded.stdout).toContain('alice')
    expect(decoded.stdout).not.toContain(token.stdout.trim())
    const spoilt = await latchkey(['decode'], env, `${token.stdout.trim().slice(0, -8)}AAAAAAAA`)
    expect(spoilt.code).toBe(3)
    const kept = JSON.parse(readFileSync(tokensFile(), 'utf8')) as unknown
    const refreshToken = /"refreshToken":\s*"([^"]+)"/.exec(JSON.stringify(kept))?.[1] ?? ''
    expect(await latchkey(['logout'], env)).toMatchObject({ code: 0, stdout: '' })
    const after = await requestToken(
      { grant_type: 'refresh_token', client_id: 'latchkey-public', refresh_token: refreshToken },
      realm.issuer,
    )
    expect(after).toMatchObject({ error: 'invalid_grant' })
    const gone = await latchkey(['token'], env)
    expect(gone).toMatchObject({ code: 4, stdout: '' })
    expect(gone.stderr).toContain('latchkey login')
  })

  test('CL-06 a person who refuses ends it with an exit code of its own, and nothing is kept', async () => {
    const command = await login('bob', false)
    expect({ ...(await command.exit), stdout: command.stdout }).toMatchObject({ code: 6, stdout: '' })
    expect(await latchkey(['token'], env)).toMatchObject({ code: 4 })
  })

  /** Makes the kept access token due, as time does. */
  function makeDue(): void {
    const text = readFileSync(tokensFile(), 'utf8')
    writeFileSync(tokensFile(), text.replace(/("expiresAt":\s*)\d+/g, `$1${Date.now()}`), { mode: 0o600 })
  }

  test('CL-04 C000-14 A-4 twenty commands at once on a token that is due make one refresh, and nobody loses the new one', async () => {
    const userId = await realm.userId('carol')
    await (
      await login('carol')
    ).exit
    for (let round = 1; round <= 2; round++) {
      makeDue()
      const results = await Promise.all(Array.from({ length: 20 }, () => latchkey(['token'], env)))
      expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
        Array.from({ length: 20 }, () => ({ code: 0, stderr: '' })),
      )
      expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1)
      expect(await realm.refreshesOf(userId)).toEqual({ granted: round, refused: 0 })
    }
  })

  test('C000-13 a login that ended at the server: one message, one exit code, and it is forgotten', async () => {
    await (
      await login('erin')
    ).exit
    await realm.admin(`/users/${await realm.userId('erin')}/logout`, { method: 'POST' })
    makeDue()
    const first = await latchkey(['token'], env)
    expect(first).toMatchObject({ code: 4, stdout: '' })
    expect(first.stderr).toMatch(/sign in again/)
    expect(await latchkey(['token'], env)).toMatchObject({ code: 4, stdout: '' })
    expect(await realm.refreshesOf(await realm.userId('erin'))).toEqual({ granted: 0, refused: 1 })
  })

  test('token prints what a script can use, also by refresh token of the environment', async () => {
    const answer: TokenAnswer = await requestToken(
      {
        grant_type: 'password',
        client_id: 'latchkey-public',
        username: 'bob',
        password: 'bob-password',
        scope: 'openid',
      },
      realm.issuer,
    )
    const own = { ...env, LATCHKEY_REFRESH_TOKEN: answer.refresh_token }
    const first = await latchkey(['token', '--grant', 'refresh', '--client', 'public', '--json'], own)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(first.stdout)).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number) })
    expect(first.stdout).not.toContain('refresh_token')
    // The refresh token of the environment is spent by now; the one after it was kept.
    expect(await latchkey(['token', '--grant', 'refresh', '--client', 'public'], own)).toMatchObject({
      code: 0,
      stderr: '',
    })
    const service = await latchkey(['token', '--grant', 'client-credentials'], env)
    expect(decodeJwt(service.stdout.trim())).toMatchObject({ azp: 'latchkey-service' })
  })
})
