import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import {
  AUDIENCE,
  client,
  expectDocumented,
  expectNothingSecret,
  expectPage,
  MistakesRealm,
  SECRET,
} from '../support/mistakes.js'
import { send, type Answer } from '../support/send.js'
import { buildServer, freePort, ServerProcess } from '../support/server-process.js'
import { NAVIGATION, SCRIPT } from '../support/test-app.js'
import { until } from '../support/until.js'

jest.setTimeout(60_000)

const SESSION_SECRET = 'a-session-secret-of-the-tests-of-32-characters'

/** Mistakes with the process and its machine: the app as an operator starts it, with an environment and a clock. */
describe('mistakes about the process', () => {
  let realm: MistakesRealm
  let server: ServerProcess | undefined

  beforeAll(async () => {
    await buildServer()
    realm = await MistakesRealm.create('mistakes-process', [
      client('good', { directAccessGrantsEnabled: true }),
    ])
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
  })
  afterAll(() => realm.remove())

  const settings = (more: Record<string, string> = {}): Record<string, string> => ({
    OIDC_ISSUER: realm.issuer,
    OIDC_CLIENT_ID: 'good',
    OIDC_CLIENT_SECRET: SECRET,
    API_AUDIENCE: AUDIENCE,
    SESSION_SECRETS: SESSION_SECRET,
    HOST: '127.0.0.1',
    ...more,
  })

  /** The app on a machine whose clock is wrong by so many seconds. */
  async function startWithClock(seconds: number, more: Record<string, string> = {}): Promise<ServerProcess> {
    const port = String(await freePort())
    const clock = `const now = Date.now; Date.now = () => now() + ${seconds * 1000}`
    server = await ServerProcess.start(realm, {
      env: settings({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}`, ...more }),
      node: ['--import', `data:text/javascript,${encodeURIComponent(clock)}`],
    })
    return server
  }

  const open = (
    { port }: ServerProcess,
    path: string,
    jar: Jar,
    headers: object = NAVIGATION,
  ): Promise<Answer> =>
    send({ hostname: '127.0.0.1', port }, path, { jar, headers: { host: `127.0.0.1:${port}`, ...headers } })

  async function signIn(app: ServerProcess, jar = new Jar()): Promise<Answer> {
    const begun = await open(app, '/login', jar)
    const callback = await new KeycloakVisitor().signIn(new URL(begun.location ?? ''), 'ann')
    return open(app, callback.pathname + callback.search, jar)
  }

  async function call(app: ServerProcess): Promise<number> {
    const { access_token: token } = await realm.token('good')
    const headers = { ...SCRIPT, authorization: `Bearer ${token}` }
    return (await open(app, '/secure-data', new Jar(), headers)).status
  }

  const untrusted = { status: 400, code: 'id_token_invalid', title: 'The sign-in could not be trusted' }
  /** What a process writes arrives a moment later. */
  const lineOf = (app: ServerProcess, code: string): Promise<unknown> =>
    until(() => app.log.find((line) => line['code'] === code))

  test('mistake 06 the clock of the app is ten minutes behind', async () => {
    const app = await startWithClock(-600)
    expectPage(await signIn(app), untrusted)
    const hint = expect.stringMatching(
      /^the issuer's clock is (59\d|60\d) s or more ahead of this machine's: set the clocks of both machines by NTP; CLOCK_TOLERANCE allows 30 s$/,
    )
    expect(await lineOf(app, 'id_token_invalid')).toMatchObject({
      level: 'warn',
      reason: 'the ID token failed a check (iat: issued in the future)',
      hint,
    })
    expect(await call(app)).toBe(401)
    expect(await lineOf(app, 'invalid_token')).toMatchObject({
      reason: 'the token failed a check (iat: issued in the future)',
      hint,
    })
    expectNothingSecret(app.stdout)
  })

  test('mistake 06 the clock of the app is ten minutes ahead', async () => {
    const app = await startWithClock(600)
    expectPage(await signIn(app), untrusted)
    const hint = expect.stringMatching(
      /^by this machine's clock it was issued (59\d|60\d) s ago and is over for \d+ s; if it is new, this clock is (59\d|60\d) s ahead of the issuer's: set the clocks of both machines by NTP; CLOCK_TOLERANCE allows 30 s$/,
    )
    expect(await lineOf(app, 'id_token_invalid')).toMatchObject({
      level: 'warn',
      reason: expect.stringContaining('the ID token failed a check'),
      hint,
    })
    expect(await call(app)).toBe(401)
    expect(await lineOf(app, 'invalid_token')).toMatchObject({
      reason: 'the token failed a check (exp: expired)',
      hint,
    })
    expectNothingSecret(app.stdout)
  })

  test.each([-600, 600])(
    'mistake 06 with a CLOCK_TOLERANCE above the difference (%i s) everything works',
    async (seconds) => {
      const app = await startWithClock(seconds, { CLOCK_TOLERANCE: '700' })
      const jar = new Jar()
      expect((await signIn(app, jar)).status).toBe(303)
      expect((await open(app, '/hello', jar)).status).toBe(200)
      expect(await call(app)).toBe(200)
    },
  )

  /** What the process says when it does not start. */
  async function refusal(env: Record<string, string>): Promise<string> {
    server = ServerProcess.run(env)
    expect(await server.exit).toEqual({ code: 1, signal: null })
    expect(server.stdout.replace(/^.*"code":"memory_store".*\n/, '')).toBe('')
    expectNothingSecret(server.stderr, [SECRET, SESSION_SECRET])
    return server.stderr
  }

  const production = (more: Record<string, string>): Record<string, string> =>
    settings({ NODE_ENV: 'production', PUBLIC_URL: 'https://app.example', PORT: '0', ...more })

  test.each([
    ['missing', '', 'is required'],
    [
      'short',
      'a-short-one',
      'must be secrets of 32 characters or more, comma-separated; make one with: openssl rand -hex 32',
    ],
    [
      'a sample',
      'change-me-change-me-change-me-change-me',
      'holds a sample from a document; make your own, for example with: openssl rand -hex 32',
    ],
  ])('mistake 21 C003-11 SESSION_SECRETS %s in production', async (_name, value, words) => {
    const said = await refusal(production({ SESSION_SECRETS: value }))
    expect(said).toBe(`The settings cannot be used:\n  SESSION_SECRETS ${words}\n`)
    expectDocumented(`SESSION_SECRETS ${words.split(';')[0] ?? ''}`)
  })

  test('mistake 22 http addresses in production', async () => {
    const said = await refusal(
      production({ PUBLIC_URL: 'http://app.example', OIDC_ISSUER: 'http://id.example/realms/demo' }),
    )
    const words = 'must be https in production (plain http is for this machine only)'
    expect(said).toBe(`The settings cannot be used:\n  OIDC_ISSUER ${words}\n  PUBLIC_URL ${words}\n`)
    expectDocumented('must be https in production')
  })

  test('mistake 23 the port is taken', async () => {
    const first = await startWithClock(0)
    const second = ServerProcess.run(settings({ PORT: String(first.port) }))
    try {
      expect(await second.exit).toEqual({ code: 1, signal: null })
      expect(second.stderr).toBe('Latchkey cannot start: PORT is taken by another process\n')
      expectDocumented('PORT is taken by another process')
      expect((await open(first, '/healthz', new Jar())).status).toBe(200)
    } finally {
      await second.stop()
    }
  })
})
