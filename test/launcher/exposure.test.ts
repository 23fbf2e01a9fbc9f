import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { commandLines, DEMO, eventually, isAlive, KEYCLOAK, REALM_FILE, Sandbox } from './sandbox.js'

const PORTS = { PORT: '0', KEYCLOAK_PORT: '0', KEYCLOAK_MANAGEMENT_PORT: '0' }

let box: Sandbox
beforeEach(() => {
  box = new Sandbox()
})
afterEach(() => box.remove())

describe('what others on the machine can see of the demo', () => {
  test('LA-06 loopback only, and no secret in an argument', async () => {
    const run = box.run(DEMO, { ...PORTS, LATCHKEY_WEB_SECRET: 'a-secret-of-mine' })
    await run.until('Stop it with Ctrl-C.')
    const [, folder = ''] = /(\S*)app\.log/.exec(run.output().replaceAll(box.home, '')) ?? []
    const server = box.json(folder, 'keycloak/data/started.json')
    const app = box.json('app.json')
    expect(server.args).toEqual(expect.arrayContaining(['--http-host=127.0.0.1', '--cache=local']))
    expect(app.env['HOST']).toBe('localhost')

    const admin = server.env['KC_BOOTSTRAP_ADMIN_PASSWORD'] ?? ''
    expect(run.output()).toContain(`admin / ${admin}`)
    expect(app.env['OIDC_CLIENT_SECRET']).toBe('a-secret-of-mine')
    const ours = commandLines().filter((line) => line.includes(box.home) || line.includes('fakes'))
    expect(ours.length).toBeGreaterThan(3)
    for (const secret of [admin, app.env['SESSION_SECRETS'] ?? '', 'a-secret-of-mine', 'api-secret']) {
      expect(ours.join('\n')).not.toContain(secret)
    }
    run.child.kill('SIGTERM')
    await run.ended()
  })

  test('LA-06 settings of this terminal do not reach the server', async () => {
    const run = box.run(KEYCLOAK, { ...PORTS, KC_HTTP_HOST: '0.0.0.0', DEBUG: 'true', JAVA_OPTS: '-Dx' })
    await run.until('Keycloak is ready.')
    const [, folder = ''] = /(\S*)keycloak\.log/.exec(run.output().replaceAll(box.home, '')) ?? []
    const { env } = box.json(folder, 'keycloak/data/started.json')
    expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['KC_HTTP_HOST']))
    expect(env).not.toHaveProperty('DEBUG')
    expect(env).not.toHaveProperty('JAVA_OPTS')
    run.child.kill('SIGTERM')
    await run.ended()
  })

  test('the printed line calls the API as it is, and dave’s secret is the realm’s', async () => {
    const run = box.run(DEMO, PORTS)
    await run.until('Stop it with Ctrl-C.')
    const line = /^ *curl .*$/m.exec(run.output())?.[0] ?? ''
    expect(execFileSync('sh', ['-c', line], { encoding: 'utf8', stdio: 'pipe' })).toBe('ok')
    expect(readFileSync(REALM_FILE, 'utf8')).toContain('latchkeyTotpDave1234')
    expect(run.output().replaceAll(' ', '')).toContain(base32('latchkeyTotpDave1234'))
    run.child.kill('SIGTERM')
    await run.ended()
  })
})

describe('a server in a container', () => {
  interface Call {
    readonly args: string[]
    readonly pid: number
    readonly password?: string
  }
  const calls = (): Call[] =>
    readFileSync(box.path('docker.log'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Call)
  const callOf = (command: string) => calls().find(({ args }) => args[0] === command)

  test('LA-06 is published on loopback only, gets its secrets by name, and its realm to read', async () => {
    box.startEngine()
    const run = box.run(KEYCLOAK, { ...PORTS, LATCHKEY_API_SECRET: 'a-secret-of-mine' })
    await run.until('Keycloak is ready.')
    expect(callOf('build')?.args).toContain('VERSION=26.7.4')
    const { args = [], password = '' } = callOf('run') ?? {}
    const [port = '', managementPort = ''] = ['Issuer', 'Health'].map(
      (label) => new RegExp(`${label}.*localhost:(\\d+)`).exec(run.output())?.[1],
    )
    const valuesOf = (option: string) => args.filter((_arg, index) => args[index - 1] === option)
    expect(valuesOf('--publish')).toEqual([`127.0.0.1:${port}:8080`, `127.0.0.1:${managementPort}:9000`])
    expect(valuesOf('--mount')).toEqual([
      `type=bind,"source=${REALM_FILE}",target=/opt/keycloak/data/import/latchkey-realm.json,readonly`,
    ])
    expect(valuesOf('--volume')).toEqual([
      expect.stringMatching(/^latchkey-[0-9a-f]{16}:\/opt\/keycloak\/data$/),
    ])
    expect(valuesOf('--env')).toEqual(
      expect.arrayContaining([
        'LATCHKEY_API_SECRET',
        'KC_BOOTSTRAP_ADMIN_PASSWORD',
        'LATCHKEY_BACKCHANNEL_URL',
      ]),
    )
    expect(args).toContain(`--hostname=http://localhost:${port}`)
    expect(run.output()).toContain(`admin / ${password}`)
    expect(args.join(' ')).not.toContain(password)
    expect(args.join(' ')).not.toContain('a-secret-of-mine')
    run.child.kill('SIGTERM')
    expect(await run.ended()).toBe(0)
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)('LA-04 ends with the command: %s', async (signal) => {
    box.startEngine()
    const run = box.run(KEYCLOAK, PORTS)
    await run.until('Keycloak is ready.')
    const { pid = 0, args = [] } = callOf('run') ?? {}
    run.child.kill(signal)
    await run.ended()
    await eventually(() => !isAlive(pid), 'docker run has ended')
    const name = args[args.indexOf('--name') + 1]
    await eventually(() => callOf('rm')?.args.at(-1) === name, 'the container was removed')
  })

  test('forgets with --fresh, by removing its volume', async () => {
    box.startEngine()
    const run = box.run(KEYCLOAK, PORTS, ['--fresh'])
    await run.until('Keycloak is ready.')
    const volume = callOf('run')
      ?.args.find((arg) => arg.endsWith(':/opt/keycloak/data'))
      ?.split(':')[0]
    expect(callOf('volume')?.args).toEqual(['volume', 'rm', '--force', volume])
    run.child.kill('SIGTERM')
    await run.ended()
  })
})

/** RFC 4648, without padding. */
function base32(text: string): string {
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{5}/g) ?? []
  return letters.map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(Number.parseInt(five, 2))).join('')
}
