import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { createSigningKey } from '../../support/signing.js'
import { BUILD_TIMEOUT, buildServer, freePort } from '../../support/server-process.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { actsOnTerminals, CliProcess, latchkey, type Env } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterAll(async () => {
  await stopWorld(world)
  removeTemporaryFolders()
})

const settings = (): Env => ({ OIDC_ISSUER: world.provider.issuer })
const decode = (input: string, ...args: readonly string[]) =>
  latchkey(['decode', ...args], { input, env: settings() })
const now = (): number => Math.floor(Date.now() / 1000)
const hs512 = (claims: object): string =>
  [{ alg: 'HS512', typ: 'JWT', kid: 'k' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(Buffer.alloc(64, 1).toString('base64url'))
    .join('.')

describe('latchkey decode refuses', () => {
  test('nothing at all: at once, and says where a token may come from', async () => {
    for (const input of [undefined, '', ' \n']) {
      const { code, stdout, stderr } = await latchkey(['decode'], {
        env: settings(),
        ...(input !== undefined && { input }),
      })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toBe(
        [
          'latchkey: there is no token: standard input is empty',
          '  Pipe one in: latchkey token | latchkey decode',
          '  Or set LATCHKEY_TOKEN, or LATCHKEY_TOKEN_FILE to the name of a file that holds it.\n',
        ].join('\n'),
      )
    }
  })

  test('a token that somebody else signed', async () => {
    const forged = await world.provider.accessToken({}, {}, await createSigningKey())
    const changed = await world.provider.accessToken()
    for (const token of [forged, `${changed.slice(0, -8)}AAAAAAAA`]) {
      const { code, stdout } = await decode(token)
      expect(code).toBe(3)
      expect(stdout).toMatch(/^NOT VALID: /m)
    }
  })

  test('one of another issuer, which is named as such', async () => {
    const { code, stdout } = await decode(await world.provider.accessToken({ iss: 'https://other.example' }))
    expect(code).toBe(3)
    expect(stdout).toContain(`NOT VALID: it is of another issuer than OIDC_ISSUER, ${world.provider.issuer}`)
  })

  test('one that is over, and says since when', async () => {
    const token = await world.provider.accessToken({ iat: now() - 480, exp: now() - 180 })
    const { code, stdout } = await decode(token)
    expect(code).toBe(3)
    expect(stdout).toMatch(/until {7}\S+Z \(3 minutes ago\)/)
    expect(stdout).toContain('NOT VALID: it expired 3 minutes ago')
  })

  test('one that is over and names no audience', async () => {
    const token = await world.provider.accessToken({ aud: undefined, exp: now() - 180 })
    expect((await decode(token)).code).toBe(3)
  })

  test('CL-02 claims of thousands of levels: they are read as far as they tell something, and --json says why not', async () => {
    const levels = 50_000
    const payload = `{"iss":"${world.provider.issuer}","sub":"the-subject","a":${'['.repeat(levels)}${']'.repeat(levels)}}`
    const [header = ''] = (await world.provider.accessToken()).split('.')
    const token = [header, Buffer.from(payload).toString('base64url'), 'AAAA'].join('.')
    const text = await decode(token)
    expect(text).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/the-subject[^]*NOT VALID: /) as unknown,
    })
    const json = await decode(token, '--json')
    expect({ code: json.code, stdout: json.stdout }).toEqual({ code: 3, stdout: '' })
    expect(json.stderr).toContain('nested too deeply')
  })
})

describe('latchkey decode cannot tell', () => {
  test.each([
    [
      'a refresh token',
      () => hs512({ iss: world.provider.issuer, typ: 'Refresh', exp: now() + 60 }),
      'refresh token',
    ],
    ['an opaque token', () => 'just-some-text', 'opaque token'],
    ['an encrypted token', () => 'a.b.c.d.e', 'encrypted token'],
  ])('whether %s is good: only the authorization server can', async (_name, token, kind) => {
    const { code, stdout } = await decode(token())
    expect(code).toBe(5)
    expect(stdout).toMatch(new RegExp(`^${kind}\n`))
    expect(stdout).toContain('CANNOT BE CHECKED: only the authorization server can check')
  })

  test('anything while the realm is away, but says what it reads', async () => {
    const issuer = `http://127.0.0.1:${await freePort()}/realms/demo`
    const input = await world.provider.accessToken({ iss: issuer })
    const { code, stdout } = await latchkey(['decode'], { input, env: { OIDC_ISSUER: issuer } })
    expect(code).toBe(5)
    expect(stdout).toMatch(/^access token\n[^]*CANNOT BE CHECKED: no answer/)
  })
})

describe('latchkey decode', () => {
  const claims = {
    sub: 'the-subject',
    preferred_username: 'alice',
    name: 'Alice \u001b[31mExample\u202e',
    azp: 'the-client',
    resource_access: { account: { roles: ['manage'] } },
  }

  test('says what it is, whose, for whom, until when, and that the realm signed it', async () => {
    const token = await world.provider.accessToken(claims)
    const { code, stdout, stderr } = await decode(`Bearer ${token}\n`)

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = Object.fromEntries(
      stdout.split('\n').map((line) => [line.slice(2, 14).trim(), line.slice(14)]),
    ) as Record<string, string>
    expect(stdout).toMatch(/^access token\n/)
    expect(lines).toMatchObject({
      subject: 'the-subject',
      'user name': 'alice',
      name: 'Alice \\u{1b}[31mExample\\u{202e}',
      client: 'the-client',
      audience: 'the-api, account',
      scopes: 'openid profile email',
      roles: 'user, account/manage',
      issuer: world.provider.issuer,
      until: expect.stringMatching(/^\S+Z \(in [45] minutes\)$/),
    })
    expect(stdout).toContain(`VALID: signed by ${world.provider.issuer}, and not over\n`)
    expect(stdout).not.toContain('eyJ')
    expect(actsOnTerminals(stdout)).toBe(false)
  })

  test.each([
    ['ID token', { typ: 'ID' }, /^ID token: it says who signed in/],
    ['logout token', { typ: 'Logout' }, /^logout token\n/],
    ['token without audience', { aud: undefined }, /^access token\n/],
  ])('knows an %s', async (_name, more, words) => {
    const { code, stdout } = await decode(await world.provider.accessToken(more))
    expect(code).toBe(0)
    expect(stdout).toMatch(words)
  })

  test.each(['LATCHKEY_TOKEN', 'LATCHKEY_TOKEN_FILE'])(
    '%s wins: standard input is not waited for',
    async (name) => {
      const token = await world.provider.accessToken(claims)
      const file = path.join(temporaryFolder(), 'token')
      writeFileSync(file, token)
      const env = { ...settings(), [name]: name.endsWith('_FILE') ? file : token }
      // A pipe that nobody writes to or closes, as under a service manager or an agent.
      const started = CliProcess.start(['decode'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
      try {
        await started.shows('VALID')
        expect(await started.exit).toEqual({ code: 0, signal: null })
      } finally {
        await started.stop()
      }
      expect((await latchkey(['decode'], { env, input: 'another-token' })).stdout).toContain('the-subject')
    },
  )

  test('takes LATCHKEY_TOKEN, too; --json is header, claims and verdict on one line', async () => {
    const token = await world.provider.accessToken(claims)
    const { code, stdout } = await latchkey(['decode', '--json'], {
      env: { ...settings(), LATCHKEY_TOKEN: token },
    })

    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(2)
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'access token',
      header: { alg: world.provider.key.alg },
      claims,
      verdict: 'valid',
    })
    expect(stdout).not.toContain(token.split('.')[2])
  })
})
