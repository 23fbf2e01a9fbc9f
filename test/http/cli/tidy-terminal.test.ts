import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { answerTokenRequest } from '../../support/scripted-grants.js'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'
import { CliProcess, latchkey, makeDue, newHome, tokenFile, type Env } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, without, type World } from './scripted-world.js'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
/** What clears a line. */
const CLEARED = '\r\u001b[K'
const NOTICE = 'finishing the renewal, so that the login is not lost; interrupt again to give it up'

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

const env = (): Env => ({ ...world.env(), ...home, UPSTREAM_TIMEOUT: '20' })

function onTerminal(args: string, more: Env = env()): CliProcess {
  started = CliProcess.onTerminal(args, { env: more })
  return started
}

/** The endpoint answers when it is told. */
function hold(endpoint: 'token' | 'revoke'): () => void {
  const { provider } = world
  let answerNow = (): void => undefined
  const told = new Promise<void>((resolve) => (answerNow = resolve))
  provider.answers[endpoint] = async (call, res) => {
    await told
    const { status, body } =
      endpoint === 'token' ? await answerTokenRequest(provider, call) : { status: 200, body: {} }
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  return answerNow
}

async function signIn(): Promise<void> {
  world.provider.device.approve(world.provider.accounts.get('alice')?.person ?? { sub: '' })
  expect((await latchkey(['login'], { env: env() })).code).toBe(0)
}

/** `latchkey token` on a terminal, while it waits for the answer to a renewal. */
async function renewing(): Promise<{ one: CliProcess; answerNow: () => void }> {
  await signIn()
  makeDue(home)
  const answerNow = hold('token')
  const one = onTerminal('token')
  await until(() => world.provider.grants('refresh_token') === 1 || undefined)
  return { one, answerNow }
}

describe('Ctrl-C on a terminal while a kept login is changed', () => {
  test('CL-02 a renewal: it says that it is finished first, and the login is kept', async () => {
    const { one, answerNow } = await renewing()
    await one.shows('asking the authorization server')
    const spent = tokenFile(home)
    one.type(CTRL_C)
    await one.shows(`${NOTICE}\r\n`)
    answerNow()

    expect((await one.exit).code).toBe(130)
    expect(one.stdout.split(NOTICE)).toHaveLength(2)
    expect(one.stdout).toContain(`${CLEARED}${NOTICE}`)
    expect(tokenFile(home)).not.toBe(spent)
    expect((await latchkey(['token', '--scope', 'openid'], { env: env() })).code).toBe(0)
    expect(world.provider.families.reused).toBe(0)
  })

  test('CL-02 a second one ends it at once', async () => {
    const { one, answerNow } = await renewing()
    one.type(CTRL_C)
    await one.shows(NOTICE)
    // One that comes too soon is taken for the same: a person goes on pressing.
    const pressing = setInterval(() => one.type(CTRL_C), 100)
    try {
      expect((await one.exit).code).toBe(130)
      expect(one.stdout.endsWith(CLEARED)).toBe(true)
    } finally {
      clearInterval(pressing)
      answerNow()
    }
  })

  test('CL-02 a sign-out is called what it is', async () => {
    await signIn()
    const answerNow = hold('revoke')
    const one = onTerminal('logout')
    await until(() => world.provider.count('revoke') === 1 || undefined)
    one.type(CTRL_C)
    await one.shows('finishing the sign-out; interrupt again to give it up')
    answerNow()

    expect((await one.exit).code).toBe(130)
    expect(tokenFile(home)).not.toMatch(/eyJ|refresh-/)
  })
})

describe('the line that an interrupted command leaves', () => {
  test.each([
    ['token --grant client-credentials', 'asking the authorization server'],
    ['whoami --flow service-account', 'service account: asking'],
    ['login', 'waiting for you to sign in there'],
  ])('%s: is cleared', async (command, sign) => {
    const answerNow = command === 'login' ? () => undefined : hold('token')
    const one = onTerminal(command)
    await one.shows(sign)
    one.type(CTRL_C)

    expect((await one.exit).code).toBe(130)
    answerNow()
    expect(one.stdout.endsWith(CLEARED)).toBe(true)
  })

  test('is ended on a terminal that knows no escapes', async () => {
    const answerNow = hold('token')
    const one = onTerminal('token --grant client-credentials', { ...env(), TERM: 'dumb' })
    await until(() => world.provider.count('token') === 1 || undefined)
    one.type(CTRL_C)

    expect((await one.exit).code).toBe(130)
    answerNow()
    expect(one.stdout).toBe('^C\r\n')
  })
})

describe('the line of a question that is not answered', () => {
  const unnamed = (): Env => without(env(), 'LATCHKEY_USERNAME', 'LATCHKEY_PASSWORD')
  const GRANT = 'token --grant password'

  test.each([
    ['User name: ', ''],
    ['Password: ', 'alice\r'],
  ])('Ctrl-C at %j: is ended', async (question, typed) => {
    const one = onTerminal(GRANT, unnamed())
    await one.shows('User name: ')
    one.type(typed)
    await one.shows(question)
    one.type(CTRL_C)

    expect((await one.exit).code).toBe(130)
    expect(one.stdout.endsWith('\r\n')).toBe(true)
  })

  test('Ctrl-D: is ended before the message', async () => {
    const one = onTerminal(GRANT, { ...unnamed(), LATCHKEY_USERNAME: 'alice', NO_COLOR: '1' })
    await one.shows('Password: ')
    one.type(CTRL_D)

    expect((await one.exit).code).toBe(1)
    expect(one.stdout).toMatch(/\r\nlatchkey: the input ended before the answer\r\n$/)
  })

  test('SIGTERM: is ended', async () => {
    const one = onTerminal(GRANT, unnamed())
    await one.shows('User name: ')
    const { pid = 0 } = one.child
    const [own = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    process.kill(Number(own), 'SIGTERM')

    expect((await one.exit).code).toBe(143)
    expect(one.stdout.endsWith('\r\n')).toBe(true)
  })
})

test('a device code that lasts for ever is waited for without a time', async () => {
  world.provider.device.answer = { expires_in: 1e308 }
  const one = onTerminal('login')
  await one.shows('waiting for you to sign in there')
  one.type(CTRL_C)

  expect((await one.exit).code).toBe(130)
  expect(one.stdout).not.toMatch(/Infinity|NaN|left/)
})
