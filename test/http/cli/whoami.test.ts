import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { BUILD_TIMEOUT, buildServer, freePort } from '../../support/server-process.js'
import { actsOnTerminals, latchkey } from '../../support/cli-process.js'
import {
  CREATED,
  PROJECTS,
  resetWorld,
  startWorld,
  stopWorld,
  without,
  type World,
} from './scripted-world.js'

let world: World

beforeAll(async () => {
  await buildServer()
  world = await startWorld()
}, BUILD_TIMEOUT)
beforeEach(() => resetWorld(world))
afterAll(() => stopWorld(world))

const whoami = (...args: readonly string[]) => latchkey(['whoami', ...args], { env: world.env() })

describe('latchkey whoami', () => {
  test('C000-24 --flow all prints three blocks of four lines, and nothing else', async () => {
    const { code, stdout, stderr } = await whoami('--flow', 'all')

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const id = world.provider.accounts.get('alice')?.person.sub
    const person = JSON.stringify({
      created_time: CREATED,
      id,
      primary_email: 'alice@example.test',
      username: 'alice',
    })
    const lines = stdout.split('\n')
    const service = JSON.parse(lines[9] ?? '') as Record<string, unknown>
    expect(lines).toEqual([
      ...['PUBLIC CLIENT <<<', person, JSON.stringify(PROJECTS), '>>>'],
      ...['CONFIDENTIAL CLIENT <<<', person, JSON.stringify(PROJECTS), '>>>'],
      ...['SERVICE ACCOUNT <<<', lines[9], JSON.stringify(PROJECTS), '>>>'],
      '',
    ])
    expect(Object.keys(service)).toEqual(['created_time', 'id', 'primary_email', 'username'])
    expect(service['id']).not.toBe(id)
  })

  test('C000-24 all is what it does without --flow, with one token request for each', async () => {
    const { stdout } = await whoami()

    expect(stdout.match(/^[A-Z]+ [A-Z]+ <<<$/gm)).toHaveLength(3)
    expect(world.provider.count('token')).toBe(3)
    expect(world.provider.grants('password')).toBe(2)
    expect(world.provider.grants('client_credentials')).toBe(1)
  })

  test.each([
    ['public', 'PUBLIC CLIENT', ['LATCHKEY_CONFIDENTIAL_CLIENT_SECRET', 'LATCHKEY_SERVICE_CLIENT_SECRET']],
    ['confidential', 'CONFIDENTIAL CLIENT', ['LATCHKEY_SERVICE_CLIENT_SECRET']],
    [
      'service-account',
      'SERVICE ACCOUNT',
      ['LATCHKEY_CONFIDENTIAL_CLIENT_SECRET', 'LATCHKEY_USERNAME', 'LATCHKEY_PASSWORD'],
    ],
  ])('C000-26 C000-01 --flow %s runs alone, with its own settings only', async (flow, title, unneeded) => {
    const { code, stdout } = await latchkey(['whoami', '--flow', flow], {
      env: without(world.env(), ...unneeded),
    })

    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(5)
    expect(stdout).toMatch(new RegExp(`^${title} <<<\n`))
    expect(world.provider.count('token')).toBe(1)
  })

  test('C000-01 one error names every setting that is missing, and ends with 1', async () => {
    const { code, stdout, stderr } = await latchkey(['whoami'])

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.match(/^ *[A-Z_]+ .*is required$/gm)?.map((line) => line.trim())).toEqual([
      'OIDC_ISSUER is required',
      'LATCHKEY_USERNAME is required',
      'LATCHKEY_PASSWORD (or LATCHKEY_PASSWORD_FILE) is required',
      'LATCHKEY_CONFIDENTIAL_CLIENT_SECRET (or LATCHKEY_CONFIDENTIAL_CLIENT_SECRET_FILE) is required',
      'LATCHKEY_SERVICE_CLIENT_SECRET (or LATCHKEY_SERVICE_CLIENT_SECRET_FILE) is required',
    ])
    expect(stderr).toMatch(/environment.*file.*terminal/s)
  })

  test('C000-25 one 401 of the API is answered by a new token, two are an error', async () => {
    world.api.next = [401]
    const once = await whoami('--flow', 'public')
    expect({ code: once.code, lines: once.stdout.split('\n').length }).toEqual({ code: 0, lines: 5 })
    expect(world.provider.count('token')).toBe(2)

    world.api.next = [401, 401]
    const twice = await whoami('--flow', 'public')
    expect({ code: twice.code, stdout: twice.stdout }).toEqual({ code: 3, stdout: '' })
    expect(twice.stderr).toContain(
      `public client: GET ${world.api.url}/api/whoami answered 401 (invalid_token)`,
    )
  })

  test('C000-24 an error in one flow is said with its name, and the blocks before it are whole', async () => {
    const { code, stdout, stderr } = await latchkey(['whoami'], {
      env: { ...world.env(), LATCHKEY_SERVICE_CLIENT_SECRET: 'the-wrong-secret' },
    })

    expect(code).toBe(3)
    expect(stdout.match(/<<<|>>>/g)).toEqual(['<<<', '>>>', '<<<', '>>>'])
    expect(stderr).toMatch(/^latchkey: service account: .*unauthorized_client/)
    expect(stderr).not.toContain('the-wrong-secret')
  })

  test.each([
    ['HTML', { status: 200, body: '<html>' }, 3, /answered 200, and no JSON object/],
    ['a list', { status: 200, body: '[1]' }, 3, /answered 200, and no JSON object/],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 3, /answered 302/],
    [
      '500',
      { status: 500, body: { error: 'oops', error_description: 'it broke' } },
      5,
      /500 \(oops: it broke\)/,
    ],
    ['2 MiB', { status: 200, body: JSON.stringify({ x: 'x'.repeat(2 * 1024 * 1024) }) }, 3, /1 MiB/],
  ])('an API that answers %s is named, with its status', async (_name, answer, code, words) => {
    world.api.next = [answer]
    const run = await whoami('--flow', 'public')

    expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: '' })
    expect(run.stderr).toContain(`GET ${world.api.url}/api/whoami`)
    expect(run.stderr).toMatch(words)
  })

  test('an API that is away ends with 5', async () => {
    const API_URL = `http://127.0.0.1:${await freePort()}`
    const run = await latchkey(['whoami', '--flow', 'public'], { env: { ...world.env(), API_URL } })

    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 5, stdout: '' })
    expect(run.stderr).toContain(`public client: GET ${API_URL}/api/whoami: no answer (ECONNREFUSED)`)
  })

  test('CL-05 characters that a terminal acts upon are escaped, and the lines stay JSON', async () => {
    const name = 'a\u001b]0;title\u0007\r\n\u009b2J\u202ereversed\u200b\u2028end'
    world.api.next = [{ status: 200, body: { username: name } }]
    const { code, stdout } = await whoami('--flow', 'public')

    expect(code).toBe(0)
    const lines = stdout.split('\n')
    expect(lines).toHaveLength(5)
    expect(JSON.parse(lines[1] ?? '')).toEqual({ username: name })
    expect(actsOnTerminals(stdout)).toBe(false)
  })
})
