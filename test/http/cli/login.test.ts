import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'
import {
  actsOnTerminals,
  CliProcess,
  latchkey,
  makeDue,
  newHome,
  tokenFile,
  type Env,
} from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World
let home: { readonly HOME: string }
let started: CliProcess | undefined

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => {
  resetWorld(world)
  home = newHome()
  world.provider.device.interval = 0.1
})
afterEach(async () => {
  await started?.stop()
  started = undefined
  removeTemporaryFolders()
})
afterAll(() => stopWorld(world))

const env = (): Env => ({ ...world.env(), ...home })
const isKept = (): boolean => existsSync(path.join(home.HOME, '.config/latchkey/tokens.json'))

function approve(more: Record<string, unknown> = {}): void {
  const person = world.provider.accounts.get('alice')?.person ?? { sub: '' }
  world.provider.device.approve({ ...person, ...more })
}

async function signedIn(): Promise<void> {
  approve()
  expect((await latchkey(['login'], { env: env() })).code).toBe(0)
}

describe('latchkey login', () => {
  test.each([
    ['refused', 'denied', 6],
    ['too late', 'expired', 7],
  ] as const)('%s: ends with an exit code of its own, and nothing is kept', async (_name, state, code) => {
    world.provider.device.state = state
    const run = await latchkey(['login'], { env: env() })

    expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: '' })
    expect(isKept()).toBe(false)
  })

  test('CL-06 Ctrl-C while it waits: 130 at once, and nothing is kept', async () => {
    started = CliProcess.start(['login'], { env: env() })
    await started.shows('user_code=')
    const before = Date.now()
    started.child.kill('SIGINT')

    expect(await started.exit).toEqual({ code: 130, signal: null })
    expect(Date.now() - before).toBeLessThan(3000)
    expect({ isKept: isKept(), stdout: started.stdout }).toEqual({ isKept: false, stdout: '' })
    expect(started.stderr).not.toMatch(/^\s+at |Interrupted|Error/m)
  })

  test('shows code and link on standard error, waits, says who signed in and where that is kept', async () => {
    started = CliProcess.start(['login'], { env: env() })
    await started.shows('user_code=')
    // Long enough for a sign of life on a terminal.
    await until(() => world.provider.device.polls.length > 5 || undefined)
    approve({ name: 'Alice Example' })

    expect(await started.exit).toEqual({ code: 0, signal: null })
    expect(started.stdout).toBe('')
    expect(started.stderr).toContain(`  ${world.provider.issuer}/device\n`)
    expect(started.stderr).toMatch(/enter the code {2}[0-9A-F]{4}-[0-9A-F]{4}\n/)
    expect(started.stderr).toContain('Signed in as alice (Alice Example)')
    expect(started.stderr).toContain(path.join(home.HOME, '.config/latchkey'))
    expect(started.stderr).not.toMatch(/eyJ|refresh-|█/)
    expect(actsOnTerminals(started.stderr)).toBe(false)
    const form = world.provider.calls.find(({ endpoint }) => endpoint === 'device')?.form
    expect(form?.get('scope')).toBe('openid')
  })

  test('CL-05 code, links and names that hold more than text are escaped', async () => {
    const evil = '\u001b]0;x\u0007\r\n\u009b2J\u202e'
    world.provider.device.answer = { user_code: `ABCD${evil}` }
    approve({ preferred_username: `al${evil}ice`, name: undefined })
    const { code, stderr } = await latchkey(['login'], { env: env() })

    expect(code).toBe(0)
    expect(actsOnTerminals(stderr)).toBe(false)
    expect(stderr).toContain('ABCD\\u{1b}]0;x\\u{7}')
  })

  test.each([
    ['verification_uri', 'javascript:alert(1)'],
    ['verification_uri', '\u001b]8;;http://evil/\u0007http://good/'],
    ['verification_uri_complete', 'file:///etc/passwd'],
  ])('CL-05 a %s that is not http(s) is refused: %j', async (name, link) => {
    world.provider.device.answer = { [name]: link }
    const { code, stderr } = await latchkey(['login'], { env: env() })

    expect(code).toBe(3)
    expect(stderr).not.toContain(link)
    expect(world.provider.device.polls).toHaveLength(0)
  })

  test('on a terminal: a picture of the link, and a line that moves while it waits', async () => {
    started = CliProcess.onTerminal('login', { env: env() })
    await started.shows(/waiting for you to sign in there; (?:10:00|9:\d\d) left/)
    const { length } = started.stdout
    await until(() => (started?.stdout.length ?? 0) > length || undefined)
    approve()

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).toContain('█')
    expect(started.stdout).toContain('Signed in as')
  })

  test.each([
    ['that no picture can hold', 4000],
    ['whose picture is wider than the terminal', 2800],
  ])('CL-06 a link %s is shown without one, and the sign-in goes on', async (_name, length) => {
    const link = `${world.provider.issuer}/device?user_code=${'A'.repeat(length)}`
    world.provider.device.answer = { verification_uri_complete: link }
    approve()
    started = CliProcess.onTerminal('login', { env: env() })

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).toContain(link)
    expect(started.stdout).toContain('Signed in as')
    expect(started.stdout).not.toContain('█')
  })

  test('CL-05 a terminal that knows no escapes gets none: no line that moves', async () => {
    started = CliProcess.onTerminal('login', { env: { ...env(), TERM: 'dumb' } })
    await started.shows('user_code=')
    // Longer than it takes for a sign of life elsewhere.
    await until(() => world.provider.device.polls.length > 6 || undefined)
    approve()

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).toContain('Signed in as')
    expect(started.stdout).not.toContain('\u001b')
    expect(started.stdout).not.toContain('waiting for you')
  })

  test('NO_COLOR takes the colours of a terminal away', async () => {
    approve()
    started = CliProcess.onTerminal('login', { env: { ...env(), NO_COLOR: '1' } })
    expect((await started.exit).code).toBe(0)
    expect(started.stdout).not.toContain('\u001b[1m')
  })
})

describe('latchkey token with a kept login', () => {
  test('prints its token, renews it when it is due, and keeps what came in place of the refresh token', async () => {
    await signedIn()
    const first = await latchkey(['token'], { env: env() })
    const same = await latchkey(['token'], { env: env() })
    expect([first.code, same.stdout]).toEqual([0, first.stdout])
    expect(world.provider.grants('refresh_token')).toBe(0)

    makeDue(home)
    const before = tokenFile(home)
    const renewed = await latchkey(['token'], { env: env() })
    expect(renewed.code).toBe(0)
    expect(renewed.stdout).not.toBe(first.stdout)
    expect(tokenFile(home)).not.toBe(before)
    expect(world.provider.grants('refresh_token')).toBe(1)
    expect((await latchkey(['token', '--scope', 'openid'], { env: env() })).code).toBe(0)
    expect(world.provider.families.reused).toBe(0)
  })

  test('--scope gets a token for this once: the next command has one of its own', async () => {
    await signedIn()
    const narrow = await latchkey(['token', '--scope', 'openid'], { env: env() })
    const next = await latchkey(['token'], { env: env() })

    expect([narrow.code, next.code]).toEqual([0, 0])
    expect(next.stdout).not.toBe(narrow.stdout)
    const forms = world.provider.calls.filter(({ form }) => form.get('grant_type') === 'refresh_token')
    expect(forms.map(({ form }) => form.get('scope'))).toEqual(['openid', null])
  })

  test('C001-03 --audience takes the kept token if that has it, and else asks once more', async () => {
    await signedIn()
    const has = await latchkey(['token', '--audience', 'the-api'], { env: env() })
    const lacks = await latchkey(['token', '--audience', 'train-api'], { env: env() })

    expect([has.code, lacks.code, lacks.stdout]).toEqual([0, 3, ''])
    expect(world.provider.grants('refresh_token')).toBe(1)
    expect((await latchkey(['token'], { env: env() })).code).toBe(0)
  })

  test('CL-02 a rotated token is stored although nobody takes the output', async () => {
    await signedIn()
    makeDue(home)
    const before = tokenFile(home)
    started = CliProcess.start(['token'], { env: env() })
    started.child.stdout?.destroy()

    expect((await started.exit).code).toBe(8)
    expect(started.stderr).toBe('')
    expect(world.provider.grants('refresh_token')).toBe(1)
    expect(tokenFile(home)).not.toBe(before)
    expect((await latchkey(['token', '--scope', 'openid'], { env: env() })).code).toBe(0)
  })

  test('CL-04 twenty commands at once on a token that is due: one refresh, twenty equal tokens', async () => {
    await signedIn()
    makeDue(home)
    const runs = await Promise.all(Array.from({ length: 20 }, () => latchkey(['token'], { env: env() })))

    expect(new Set(runs.map(({ code }) => code))).toEqual(new Set([0]))
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1)
    expect(world.provider.grants('refresh_token')).toBe(1)
    expect(world.provider.families.reused).toBe(0)
  })

  test('another issuer gets nothing of it', async () => {
    await signedIn()
    const { code } = await latchkey(['token'], {
      env: { ...env(), OIDC_ISSUER: 'http://127.0.0.1:1/realms/x' },
    })
    expect(code).toBe(4)
  })
})

describe('latchkey logout', () => {
  test('without a login there is nothing to do', async () => {
    const { code, stdout, stderr } = await latchkey(['logout'], { env: env() })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('There is no login')
  })

  test('revokes the refresh token at the server, and forgets the login', async () => {
    await signedIn()
    const { code, stdout } = await latchkey(['logout'], { env: env() })

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect([...world.provider.revoked]).toEqual([expect.stringMatching(/^refresh-/)])
    expect(tokenFile(home)).not.toMatch(/eyJ|refresh-/)
    expect((await latchkey(['token'], { env: env() })).code).toBe(4)
  })

  test.each([
    ['the token', 'unsupported_token_type', 400],
    ['the client', 'unauthorized_client', 401],
  ])(
    'a server that refuses %s was told: it says what it refused, and ends with 3',
    async (_what, error, status) => {
      await signedIn()
      world.provider.answers.revoke = (_call, res) =>
        void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
      const { code, stderr } = await latchkey(['logout'], { env: env() })

      expect(code).toBe(3)
      expect(stderr).toMatch(
        new RegExp(
          `^latchkey: the login is forgotten here, but the authorization server refused: .*${error}`,
        ),
      )
      expect(stderr).not.toContain('not told')
      expect(tokenFile(home)).not.toMatch(/eyJ|refresh-/)
    },
  )

  test('with the server away it forgets all the same, says so, and ends with 5', async () => {
    await signedIn()
    world.provider.answers.revoke = (_call, res) => void res.writeHead(503).end()
    const { code, stderr } = await latchkey(['logout'], { env: env() })

    expect(code).toBe(5)
    expect(stderr).toContain('forgotten here, but the authorization server was not told')
    expect(tokenFile(home)).not.toMatch(/eyJ|refresh-/)
  })
})
