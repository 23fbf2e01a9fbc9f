import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { DEMO, Sandbox } from './sandbox.js'

const AFRESH = 'starting afresh'

let box: Sandbox
let ports: NodeJS.ProcessEnv
let name: string
beforeEach(async () => {
  box = new Sandbox()
  const [app, keycloak] = [await nextFreePort(0), await nextFreePort(0)]
  ports = { PORT: String(app), KEYCLOAK_PORT: String(keycloak), KEYCLOAK_MANAGEMENT_PORT: '0' }
  name = `${app}-${keycloak}`
})
afterEach(() => box.remove())

const demos = () => join(box.state, 'demo')
const data = (demo: string) => join(demos(), demo, 'keycloak', 'data')

async function start(env: NodeJS.ProcessEnv = {}, args: string[] = []): Promise<string> {
  const run = box.run(DEMO, { ...ports, ...env }, args)
  await run.until('Stop it with Ctrl-C.')
  run.child.kill('SIGINT')
  expect(await run.ended()).toBe(0)
  return run.output()
}

/** What Keycloak would have stored. */
const register = (demo = name) => writeFileSync(join(data(demo), 'person'), '')
const isKnown = (demo = name) => existsSync(join(data(demo), 'person'))

describe('what a demo remembers', () => {
  test('is there after a restart, with the same account and session secret', async () => {
    const account = (output: string) => /admin \/ \S+/.exec(output)?.[0]
    const first = await start()
    const { env } = box.json('app.json')
    register()
    expect(account(await start())).toBe(account(first))
    expect(isKnown()).toBe(true)
    expect(box.json('app.json').env['SESSION_SECRETS']).toBe(env['SESSION_SECRETS'])
  })

  test('belongs to its ports and its OTP choice', async () => {
    await start()
    register()
    const output = await start({ LATCHKEY_OTP: 'required' })
    expect(output).toContain('One-time password for everybody is on')
    expect(
      box.json('.local/state/latchkey/demo', `${name}-otp`, 'keycloak/data/started.json').env,
    ).toMatchObject({
      LATCHKEY_MINIMUM_ACR: '2fa',
    })
    await start({ PORT: '0' })
    expect(readdirSync(demos())).toHaveLength(3)
    expect(isKnown()).toBe(true)
  })

  test('is forgotten by --fresh, and nobody else’s is', async () => {
    await start()
    await start({ LATCHKEY_OTP: 'required' })
    register()
    register(`${name}-otp`)
    await start({}, ['--fresh'])
    expect([isKnown(), isKnown(`${name}-otp`)]).toEqual([false, true])
  })

  test('is forgotten when the realm is another one, which is said', async () => {
    await start()
    register()
    expect(await start({ LATCHKEY_SSO_IDLE: '60' })).toContain(AFRESH)
    expect(isKnown()).toBe(false)
  })

  test('does not count when its first start did not get ready', async () => {
    box.program('node', 'exit 1')
    await box.fail(DEMO, ports)
    register()
    box.forget('bin', 'node')
    expect(await start()).not.toContain(AFRESH)
    expect(isKnown()).toBe(false)
  })
})

test.each([
  [{ LATCHKEY_OTP: 'yes' }, [], 'LATCHKEY_OTP'],
  [{}, ['--reset'], '--fresh'],
])('refuses %j %j by name', async (env, args, message) => {
  const output = await box.fail(DEMO, { ...ports, ...env }, args)
  expect(output).toContain(message)
  expect(output).not.toMatch(/^ +at /m)
})
