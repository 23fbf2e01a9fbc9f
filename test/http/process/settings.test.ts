import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { send } from '../../support/send.js'
import {
  BUILD_TIMEOUT,
  buildServer,
  freePort,
  goodSettings,
  ServerProcess,
} from '../../support/server-process.js'
import { NAVIGATION, newPerson } from '../../support/test-app.js'

const ISSUER = 'https://id.invalid/realms/demo'
/** Nothing of the machine's own environment; a port that would be seen if it listened after all. */
const good = {
  ...goodSettings(ISSUER),
  PORT: '0',
  PUBLIC_URL: 'http://localhost:3000',
  HOST: '127.0.0.1',
}

let server: ServerProcess | undefined

beforeAll(buildServer, BUILD_TIMEOUT)
afterEach(async () => {
  await server?.stop()
  server = undefined
})

/** What it says when it does not start: one message on standard error, and exit 1. */
async function refusal(env: Record<string, string>): Promise<string> {
  server = ServerProcess.run(env)
  expect(await server.exit).toEqual({ code: 1, signal: null })
  expect(server.stdout).toBe('')
  expect(server.stderr).not.toMatch(/^\s+at |node:|\.js|Error/m)
  return server.stderr
}

describe('settings that cannot be used', () => {
  test('SE-07 four problems at once: exit 1, each by name in one message, no value, no stack', async () => {
    const said = await refusal({
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://app.example',
      OIDC_ISSUER: 'ftp://the-issuer.example',
      OIDC_CLIENT_ID: 'the-client',
      SESSION_SECRETS: 'the-short-secret',
      CLOCK_TOLERANCE: 'the-tolerance',
      API_AUDIENCE: 'the-audience',
    })
    expect(said.split('\n')).toEqual([
      'The settings cannot be used:',
      ...['OIDC_ISSUER', 'OIDC_CLIENT_SECRET', 'SESSION_SECRETS', 'CLOCK_TOLERANCE'].map((name) =>
        expect.stringMatching(new RegExp(`^ {2}${name} [a-z(]`)),
      ),
      '',
    ])
    expect(said).not.toContain('the-')
  })

  test.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['short', 'x'.repeat(31)],
    ['with a short second', `${'x'.repeat(32)},short`],
  ])('SE-07 SESSION_SECRETS %s in production', async (_name, secrets) => {
    const production: Record<string, string> = {
      ...good,
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://app.example',
    }
    delete production['SESSION_SECRETS']
    const said = await refusal(
      secrets === undefined ? production : { ...production, SESSION_SECRETS: secrets },
    )
    expect(said).toMatch(/^The settings cannot be used:\n {2}SESSION_SECRETS [^\n]+\n$/)
  })

  test.each([
    ['API_AUDIENCE', ''],
    ['OIDC_ISSUER', ''],
    ['OIDC_ISSUER', 'not a url'],
    ['OIDC_CLIENT_SECRET', ''],
    ['PUBLIC_URL', 'nonsense'],
    ['SESSION_IDLE_TIMEOUT', 'abc'],
    ['CLOCK_TOLERANCE', '-5'],
    ['REDIS_URL', 'http://127.0.0.1'],
    ['UPSTREAM_TIMEOUT', '5000000'],
    ['SHUTDOWN_GRACE', '3000000'],
    ['SESSION_IDLE_TIMEOUT', '9007199254740'],
  ])('AZ-04 SE-07 %s=%p: exit 1 with the name', async (name, value) => {
    const said = await refusal({ ...good, [name]: value })
    expect(said).toMatch(new RegExp(`^The settings cannot be used:\n {2}${name} [^\n]+\n$`))
    if (value !== '') expect(said).not.toContain(value)
  })
})

describe('addresses', () => {
  let taken: Server | undefined
  afterEach(() => void taken?.close())

  test.each(['127.0.0.1', 'localhost'])(
    'a port of %s that is taken: exit 1, and it says so',
    async (host) => {
      taken = createServer()
      await new Promise<void>((resolve) => taken?.listen(0, '127.0.0.1', resolve))
      const { port } = taken.address() as AddressInfo
      expect(await refusal({ ...good, HOST: host, PORT: String(port) })).toBe(
        'Latchkey cannot start: PORT is taken by another process\n',
      )
    },
  )

  test('PORT=0 without PUBLIC_URL: exit 1, nobody would know the address', async () => {
    expect(await refusal({ ...good, PUBLIC_URL: '' })).toMatch(
      /^The settings cannot be used:\n {2}PORT [^\n]+ PUBLIC_URL[^\n]+\n$/,
    )
  })

  test('PORT=0 with PUBLIC_URL: one port for both loopback addresses, and the log tells it', async () => {
    server = await ServerProcess.start(
      { issuer: ISSUER },
      { env: { PORT: '0', HOST: 'localhost', PUBLIC_URL: 'https://app.example' } },
    )
    const { port, url } = server.log.find(({ code }) => code === 'listening') ?? {}
    expect(port).toBeGreaterThan(0)
    expect(url).toBe('https://app.example')
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const hosts = ['127.0.0.1', ...(all.some(({ address }) => address === '::1') ? ['[::1]'] : [])]
    for (const host of hosts)
      expect(await fetch(`http://${host}:${String(port)}/healthz`)).toMatchObject({ status: 200 })
  })

  test('HOST=localhost listens on both loopback addresses, and on no other', async () => {
    const port = await freePort()
    server = await ServerProcess.start({ issuer: ISSUER }, { env: { PORT: String(port), HOST: 'localhost' } })
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const answers = async (host: string): Promise<boolean> =>
      fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`).then(
        ({ status }) => status === 200,
        () => false,
      )
    expect(await answers('127.0.0.1')).toBe(true)
    expect(await answers('::1')).toBe(addresses.some(({ address }) => address === '::1'))
    for (const { address } of addresses.filter(({ internal, family }) => !internal && family === 'IPv4'))
      expect(await answers(address)).toBe(false)
  })
})

describe('what it says when it has started', () => {
  test('RE-15 in production, that sessions are kept in this one process', async () => {
    const env = { NODE_ENV: 'production', PUBLIC_URL: 'https://app.example' }
    server = await ServerProcess.start({ issuer: ISSUER }, { env })
    expect(server.log.find(({ code }) => code === 'memory_store')).toMatchObject({ level: 'warn' })
  })

  test('RE-15 outside production it need not', async () => {
    server = await ServerProcess.start({ issuer: ISSUER })
    expect(server.log.map(({ code }) => code)).toEqual(['listening'])
  })

  test('C003-11 without SESSION_SECRETS outside production, that sessions end with it', async () => {
    server = await ServerProcess.start({ issuer: ISSUER }, { env: { SESSION_SECRETS: '' } })
    expect(server.log.map(({ code }) => code)).toEqual(['temporary_session_secret', 'listening'])
  })
})

describe('the log', () => {
  test('LG-02 LG-01 one JSON object a line with time, level, code, msg and the request’s id, escaped', async () => {
    const provider = await ScriptedProvider.start()
    try {
      server = await ServerProcess.start(provider, { env: { LOG_LEVEL: 'debug' } })
      const to = { hostname: 'localhost', port: server.port }
      const refused = await send(to, '/secure-data?secret=x')
      const jar = new Jar()
      const login = await send(to, '/login', { jar, headers: NAVIGATION })
      const sub = 'a\u2028b\u009bc\u202ed\ne\u001b[0m'
      const callback = provider.approve(login.location ?? '', newPerson({ sub }))
      const signedIn = await send(to, callback.pathname + callback.search, { jar, headers: NAVIGATION })
      expect(signedIn.status).toBe(303)
      for (const line of server.log) {
        expect(line).toMatchObject({
          code: expect.any(String),
          msg: expect.any(String),
          level: expect.any(String),
        })
        expect(new Date(String(line['time'])).getTime()).toBeGreaterThan(Date.now() - 60_000)
      }
      const idOf = (code: string): unknown =>
        server?.log.find((line) => line['code'] === code)?.['request_id']
      expect(idOf('missing_token')).toBe(refused.headers['x-request-id'])
      expect(server.log.find(({ code }) => code === 'login')).toMatchObject({ sub, iss: provider.issuer })
      expect(idOf('login')).toBe(signedIn.headers['x-request-id'])
      // eslint-disable-next-line no-control-regex -- the characters that must not be there
      expect(server.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]|secret/)
      expect(server.stderr).toBe('')
    } finally {
      await provider.close()
    }
  })
})
