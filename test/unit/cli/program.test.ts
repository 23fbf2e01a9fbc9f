import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EXIT, EXIT_CODES } from '../../../src/cli/exit-codes.js'
import { Interrupted } from '../../../src/cli/errors.js'
import { run } from './in-process.js'

const COMMANDS = ['whoami', 'token', 'login', 'logout', 'decode', 'completion']

describe('latchkey', () => {
  test('C000-27 the help says which package is ours, and that others have similar names', async () => {
    const { code, stdout, stderr } = await run(['--help'])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/Which package this is: `latchkey`, Keycloak for Express/)
    expect(stdout).toMatch(/similar names and are none of ours/)
    expect(stdout).toContain('npx --no-install latchkey')
  })

  test('CL-02 the help lists every exit code there is', async () => {
    const { stdout } = await run(['--help'])
    expect(EXIT_CODES.map(([code]) => code)).toEqual(Object.values(EXIT))
    const lines = stdout.split('\n')
    for (const [code, what] of EXIT_CODES) expect(lines).toContain(`  ${String(code).padEnd(3)}  ${what}`)
  })

  test('every command has a help with settings and examples, on standard output', async () => {
    for (const command of COMMANDS) {
      const { code, stdout, stderr } = await run([command, '--help'])
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
      expect(stdout).toMatch(
        new RegExp(`^Usage: latchkey ${command} [^]*Examples:\n {2}.*latchkey[^]*Exit codes:\n {2}0 `),
      )
      if (command !== 'completion') expect(stdout).toMatch(/Settings, from the environment:\n {2}OIDC_ISSUER/)
      expect(stdout).not.toContain('\n\n\n')
      expect((await run(['help', command])).stdout).toBe(stdout)
    }
  })

  test('--version is the version alone', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' })
  })

  test('without a command it shows the help on standard error, and ends with 2', async () => {
    const { code, stdout, stderr } = await run([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: latchkey')
  })

  test.each([
    ['an unknown command', ['wohami'], /there is no such command\n {2}Did you mean whoami\?/],
    [
      'an unknown option',
      ['token', '--scpoe', 'x'],
      /an option that it does not know.*\n {2}Did you mean --scope\?/,
    ],
    [
      'one argument too many',
      ['decode', 'eyJhbGciOi'],
      /more arguments than it takes\n {2}A token is given on standard input or in LATCHKEY_TOKEN, and never as an argument\.\n {2}See latchkey decode --help/,
    ],
    ['a flow that is none', ['whoami', '--flow', 'eyJhbGciOi'], /--flow takes one of: public, confidential/],
    ['an option without its value', ['token', '--scope'], /argument missing/],
    ['a shell that is none', ['completion', 'eyJhbGciOi'], /completion takes one of: bash, zsh, fish/],
    ['no shell', ['completion'], /missing required argument 'shell'/],
    ['--otp for another grant', ['token', '--otp', '123'], /--otp is for --grant password/],
    ['--client for another grant', ['token', '--grant', 'device', '--client', 'public'], /--client is for/],
    ['a code of blanks', ['token', '--grant=password', '--otp', ' '], /--otp has an empty value/],
    ['a command behind a command', ['logout', 'token'], /See latchkey logout --help/],
    ['another one', ['login', 'whoami'], /See latchkey login --help/],
    [
      'a command as a value',
      ['token', '--grant', 'login'],
      /--grant takes one of[^]*See latchkey token --help/,
    ],
    ['a scope with quotes', ['login', '--scope', '"x"'], /--scope takes words/],
  ])('CL-01 %s is wrong use: 2, in our words', async (_name, argv, words) => {
    const { code, stdout, stderr } = await run(argv)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(words)
    expect(stderr).not.toContain('eyJhbGciOi')
  })

  test('CL-01 help of a command that is none is told like the command', async () => {
    for (const word of ['eyJhbGciOi', 'wohami']) expect(await run(['help', word])).toEqual(await run([word]))
    expect((await run(['help', 'eyJhbGciOi'])).code).toBe(2)
    expect(await run(['help', 'help'])).toEqual(await run(['help']))
    expect((await run(['help'])).code).toBe(0)
  })

  test('CL-01 a setting that is blank is named once', async () => {
    const env = { OIDC_ISSUER: 'http://127.0.0.1/realms/x', LATCHKEY_USERNAME: ' ', LATCHKEY_PASSWORD: 'x' }
    const { code, stderr } = await run(['token', '--grant', 'password'], { env })
    expect(code).toBe(1)
    expect(stderr.match(/LATCHKEY_USERNAME/g)).toHaveLength(1)
    const another = { OIDC_ISSUER: env.OIDC_ISSUER, LATCHKEY_USERNAME_FILE: 'x', LATCHKEY_PASSWORD: 'x' }
    expect((await run(['token', '--grant', 'password'], { env: another })).stderr).toContain(
      'LATCHKEY_USERNAME is required',
    )
  })

  test('CL-01 nothing that is typed in a wrong place is repeated', async () => {
    const secret = 'sEcReT-value-0123456789'
    const word = fc.constantFrom(
      secret,
      `-${secret}`,
      `--${secret}`,
      `--x=${secret}`,
      `--json=${secret}`,
      `--grant=${secret}`,
    )
    const secretOption = fc.constantFrom(
      'password',
      'client-secret',
      'secret',
      'token',
      'refresh-token',
      'access_token',
      'pw',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...COMMANDS, ''),
        fc.oneof(
          word.map((one) => [one]),
          secretOption.map((option) => [`--${option}`, secret]),
          secretOption.map((option) => [`--${option.toUpperCase()}=${secret}`]),
        ),
        async (command, more) => {
          const { code, stdout, stderr } = await run([...(command === '' ? [] : [command]), ...more])
          expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
          expect(stderr).not.toContain(secret)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('CL-06 an interruption ends it at once with 130, and nothing is said', async () => {
    const interruption = new AbortController()
    const never = () => new Promise<never>(() => undefined)
    const running = run(['token', '--grant', 'device'], {
      env: { OIDC_ISSUER: 'http://127.0.0.1/realms/x' },
      signal: interruption.signal,
      loadTokens: never,
    })
    interruption.abort(new Interrupted())
    expect(await running).toEqual({ code: 130, stdout: '', stderr: '' })
  })

  test('a bug of ours is one line without a stack, and ends with 70', async () => {
    const { code, stdout, stderr } = await run(['token', '--grant', 'device'], {
      env: { OIDC_ISSUER: 'http://127.0.0.1/realms/x' },
      loadTokens: () => Promise.reject(new RangeError('holds anything')),
    })
    expect({ code, stdout, stderr }).toEqual({
      code: 70,
      stdout: '',
      stderr: 'latchkey: this is a bug of latchkey: RangeError\n',
    })
  })
})
