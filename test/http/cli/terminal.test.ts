import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'
import { CliProcess, latchkey, newHome, type Env } from '../../support/cli-process.js'
import { PASSWORD, resetWorld, startWorld, stopWorld, without, type World } from './scripted-world.js'

let world: World
let started: CliProcess | undefined

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterEach(async () => {
  await started?.stop()
  started = undefined
  removeTemporaryFolders()
})
afterAll(() => stopWorld(world))

const NOT_SET = ['LATCHKEY_USERNAME', 'LATCHKEY_PASSWORD', 'LATCHKEY_CONFIDENTIAL_CLIENT_SECRET']
const asked = (): Env => ({ ...without(world.env(), ...NOT_SET), ...newHome() })
const GRANT = 'token --grant password'

describe('the prompt on a terminal', () => {
  test('CL-01 Ctrl-C ends with 130 and asks for nothing', async () => {
    started = CliProcess.onTerminal(GRANT, { env: asked() })
    await started.shows('User name: ')
    started.type('\u0003')

    expect((await started.exit).code).toBe(130)
    expect(world.provider.count('token')).toBe(0)
    expect(started.stdout).not.toMatch(/Error|^\s+at /m)
  })

  test('CL-01 the end of the input ends with 1', async () => {
    started = CliProcess.onTerminal(GRANT, { env: asked() })
    await started.shows('User name: ')
    started.type('\u0004')
    expect((await started.exit).code).toBe(1)
    expect(started.stdout).toContain('the input ended before the answer')
  })

  test('CL-01 the password that is typed is not echoed, backspace works, and the token stands alone', async () => {
    const result = path.join(temporaryFolder(), 'result')
    started = CliProcess.onTerminal(`${GRANT} > '${result}'`, { env: asked() })
    await started.shows('User name: ')
    started.type('alice\r')
    await started.shows('Password: ')
    started.type(`${PASSWORD}xy\u007f\u007f\r`)

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).toContain('alice')
    expect(started.stdout).not.toContain('password')
    expect(started.stdout).not.toMatch(/[*•]/)
    expect(readFileSync(result, 'utf8')).toMatch(/^eyJ\S+\n$/)
  })

  test('CL-01 a pasted answer to both questions is taken line by line', async () => {
    started = CliProcess.onTerminal(GRANT, { env: asked() })
    await started.shows('User name: ')
    started.type(`alice\r${PASSWORD}\r`)

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).not.toContain(PASSWORD)
  })

  test('C001-08 --otp asks for the code, too, without showing it', async () => {
    world.provider.addPerson('alice', { password: PASSWORD, otp: '987654' })
    const env = { ...asked(), LATCHKEY_USERNAME: 'alice', LATCHKEY_PASSWORD: PASSWORD }
    started = CliProcess.onTerminal(`${GRANT} --otp`, { env })
    await started.shows('One-time code: ')
    started.type('987654\r')

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).not.toContain('987654')
  })

  test.each([
    ['User name', GRANT, {}],
    ['One-time code', `${GRANT} --otp`, { LATCHKEY_USERNAME: 'alice', LATCHKEY_PASSWORD: PASSWORD }],
    ['Secret of the client webapp', `${GRANT} --client confidential`, { LATCHKEY_USERNAME: 'alice' }],
    ['Token', 'decode', {}],
  ])('CL-01 blanks are no answer to %j', async (question, command, more) => {
    started = CliProcess.onTerminal(command, { env: { ...asked(), ...more } })
    await started.shows(`${question}: `)
    started.type('  \r')

    expect((await started.exit).code).toBe(1)
    expect(started.stdout).toContain(`nothing was entered for: ${question}`)
    expect(world.provider.count('token')).toBe(0)
  })

  test('CL-01 a password of blanks is one', async () => {
    world.provider.addPerson('alice', { password: '  ' })
    started = CliProcess.onTerminal(GRANT, { env: { ...asked(), LATCHKEY_USERNAME: 'alice' } })
    await started.shows('Password: ')
    started.type('  \r')
    expect((await started.exit).code).toBe(0)
  })

  test('C000-01 a service account is asked for its secret, and never for user or password', async () => {
    const env = without(asked(), 'LATCHKEY_SERVICE_CLIENT_SECRET')
    started = CliProcess.onTerminal('whoami --flow service-account', { env })
    await started.shows('Secret of the client webapp: ')
    started.type('the-client-secret-of-the-tests\r')

    expect((await started.exit).code).toBe(0)
    expect(started.stdout).not.toMatch(/User name|Password|the-client-secret/)
  })

  test('CL-01 a setting that cannot be asked for is an error before any question', async () => {
    started = CliProcess.onTerminal(GRANT, { env: without(asked(), 'OIDC_ISSUER') })
    expect((await started.exit).code).toBe(1)
    expect(started.stdout).toContain('OIDC_ISSUER is required')
    expect(started.stdout).not.toContain('User name')
  })
})

describe('without a terminal', () => {
  test('CL-01 nothing set is an error at once, which names environment, file and prompt', async () => {
    const before = Date.now()
    const { code, stdout, stderr } = await latchkey(GRANT.split(' '), { env: asked() })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(Date.now() - before).toBeLessThan(3000)
    expect(stderr).toContain('LATCHKEY_PASSWORD (or LATCHKEY_PASSWORD_FILE) is required')
    expect(stderr).toMatch(/environment.*file.*On a terminal.*asked/s)
  })

  test.each([
    ['--password', 'hunter2-long-enough'],
    ['--password=hunter2-long-enough'],
    ['--client-secret=hunter2-long-enough'],
    ['--token', 'hunter2-long-enough'],
    ['-p', 'hunter2-long-enough'],
    ['hunter2-long-enough'],
    ['--unknown=hunter2-long-enough'],
    ['--grant=hunter2-long-enough'],
    ['--json=hunter2-long-enough'],
  ])('CL-01 an argument %s is refused with 2, and its value is not repeated', async (...args) => {
    const { code, stdout, stderr } = await latchkey(['token', ...args], { env: asked() })

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^latchkey: /)
    expect(stderr).not.toContain('hunter2')
    if (/^--?(?:p|c|t)/.test(args[0])) expect(stderr).toMatch(/LATCHKEY_\w+_FILE.*prompt/s)
  })
})
