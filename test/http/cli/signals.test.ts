import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { answerTokenRequest } from '../../support/scripted-grants.js'
import { BUILD_TIMEOUT, buildServer } from '../../support/server-process.js'
import { removeTemporaryFolders } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'
import { CliProcess, latchkey, makeDue, newHome, tokenFile, type Env } from '../../support/cli-process.js'
import { resetWorld, startWorld, stopWorld, type World } from './scripted-world.js'

let world: World
let home: { readonly HOME: string }
const started: CliProcess[] = []

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
  await Promise.all(started.splice(0).map((one) => one.stop()))
  removeTemporaryFolders()
})
afterAll(() => stopWorld(world))

const env = (): Env => ({ ...world.env(), ...home, UPSTREAM_TIMEOUT: '20' })
const token = (): CliProcess => keep(CliProcess.start(['token'], { env: env() }))

function keep(one: CliProcess): CliProcess {
  started.push(one)
  return one
}

/** A login whose token is due, at a server that answers a renewal when it is told. */
async function dueLogin(): Promise<{ answerNow: () => void }> {
  const { provider } = world
  provider.device.approve(provider.accounts.get('alice')?.person ?? { sub: '' })
  expect((await latchkey(['login'], { env: env() })).code).toBe(0)
  makeDue(home)
  let answerNow = (): void => undefined
  const told = new Promise<void>((resolve) => (answerNow = resolve))
  provider.answers.token = async (call, res) => {
    await told
    const { status, body } = await answerTokenRequest(provider, call)
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  return { answerNow }
}

const isRenewing = () => until(() => world.provider.grants('refresh_token') === 1 || undefined)

describe('a command that is told to end', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'CL-02 %s during a renewal: %i, and what came in place of the spent token is kept',
    async (signal, code) => {
      const { answerNow } = await dueLogin()
      const spent = tokenFile(home)
      const one = token()
      await isRenewing()
      one.child.kill(signal)
      answerNow()

      expect(await one.exit).toEqual({ code, signal: null })
      expect({ stdout: one.stdout, stderr: one.stderr }).toEqual({ stdout: '', stderr: '' })
      expect(tokenFile(home)).not.toBe(spent)
      expect((await latchkey(['token', '--scope', 'openid'], { env: env() })).code).toBe(0)
      expect(world.provider.families.reused).toBe(0)
    },
  )

  test('CL-06 Ctrl-C while another command renews: 130 at once, and nothing is sent by it', async () => {
    const { answerNow } = await dueLogin()
    const first = token()
    await isRenewing()
    const second = keep(CliProcess.onTerminal('token', { env: env() }))
    await second.shows('asking the authorization server')
    const before = Date.now()
    second.type('\u0003')

    expect((await second.exit).code).toBe(130)
    expect(Date.now() - before).toBeLessThan(3000)
    answerNow()
    expect((await first.exit).code).toBe(0)
    expect(world.provider.grants('refresh_token')).toBe(1)
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    'CL-06 %s while nothing is under way: at once',
    async (signal) => {
      const login = keep(CliProcess.start(['login'], { env: env() }))
      await login.shows('user_code=')
      login.child.kill(signal)
      expect(await login.exit).toEqual({ code: signal === 'SIGTERM' ? 143 : 129, signal: null })
    },
  )
})

describe('a command that waits for another one in vain', () => {
  test.each([['token'], ['logout']])(
    'CL-04 %s: 5, says who it waited for, and the login is kept',
    async (command) => {
      const { answerNow } = await dueLogin()
      const first = token()
      await isRenewing()
      const second = await latchkey([command], { env: { ...env(), UPSTREAM_TIMEOUT: '1' } })

      expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 5, stdout: '' })
      expect(second.stderr).toContain(`was held by process ${first.child.pid ?? 0}`)
      expect(second.stderr).not.toMatch(/OIDC_ISSUER|forgotten|authorization server/)
      answerNow()
      expect((await first.exit).code).toBe(0)
      expect(tokenFile(home)).toContain('refresh-')
    },
  )
})
