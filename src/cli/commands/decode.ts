import type { Command } from 'commander'
import { printable } from '../../printable.js'
import { bareToken } from '../bare-token.js'
import type { Verdict } from '../check-token.js'
import type { Context, Input } from '../context.js'
import { CliError } from '../errors.js'
import { EXIT } from '../exit-codes.js'
import { helpTextOf } from '../help.js'
import { isNestedDeeply, jsonLine } from '../json-line.js'
import { print, say } from '../output.js'
import type { TokenReport } from '../read-token.js'
import { Settings } from '../settings.js'
import { styleFor, whileWaiting } from '../terminal.js'

/** No token is longer. */
const MAX_LENGTH = 256 * 1024

export function addDecode(program: Command, context: Context): void {
  program
    .command('decode')
    .description('say what a token is, whose, for whom and until when; and check it against the realm')
    .option('--json', 'print header, claims and verdict as one JSON line')
    .addHelpText(
      'after',
      helpTextOf({
        text: [
          'Reads the token from LATCHKEY_TOKEN when that is set, and nothing else then; else from standard input when that is',
          'a pipe or a file, else asks for it. The signature is checked by the keys of OIDC_ISSUER. Exit code 0: it is good;',
          '3: it is not; 5: that cannot be decided here, as for a refresh token. The token itself is never printed.',
        ],
        settings: ['server', 'token', 'clock'],
        examples: [
          ['latchkey token | latchkey decode', ''],
          ['latchkey decode --json < token.txt', ''],
        ],
        exits: [EXIT.settings, EXIT.refused, EXIT.unavailable],
      }),
    )
    .action(async ({ json }: { json?: true }) => decode(context, json === true))
}

async function decode(context: Context, json: boolean): Promise<void> {
  const { now } = context
  const settings = new Settings(context)
  const server = settings.server()
  const clockTolerance = settings.clockTolerance()
  // Before it waits for anything.
  settings.check()
  const token = await givenToken(settings, context)
  const [{ readToken }, { checkToken }] = await Promise.all([
    import('../read-token.js'),
    import('../check-token.js'),
  ])
  const report = readToken(token, now())
  const options = { ...server, clockTolerance, now }
  const verdict = await whileWaiting(
    context,
    () => 'checking',
    () => checkToken(token, report.jwt, options),
  )
  await print(context.stdout, json ? asJson(report, verdict) : asText(context, report, verdict))
  if (verdict.verdict === 'valid') return
  if (json && verdict.hint !== undefined) await say(context.stderr, `${printable(verdict.hint)}\n`)
  const [exitCode, what] =
    verdict.verdict === 'invalid'
      ? ([EXIT.refused, 'the token is not good'] as const)
      : ([EXIT.unavailable, 'the token cannot be checked'] as const)
  throw new CliError(exitCode, what)
}

function asJson({ kind, jwt }: TokenReport, { verdict, reason }: Verdict): string {
  if (isNestedDeeply(jwt))
    throw new CliError(EXIT.refused, 'what the token holds is nested too deeply for JSON')
  return `${jsonLine({ kind, header: jwt?.header ?? null, claims: jwt?.claims ?? null, verdict, reason })}\n`
}

const COLOURS = { valid: 'green', invalid: 'red', undecided: 'yellow' } as const
const WORDS = { valid: 'VALID', invalid: 'NOT VALID', undecided: 'CANNOT BE CHECKED' } as const

function asText(context: Context, { kind, facts }: TokenReport, verdict: Verdict): string {
  const style = styleFor(context.stdout, context)
  const word = style(COLOURS[verdict.verdict], style('bold', WORDS[verdict.verdict]))
  const lines = [
    style('bold', kind),
    ...facts.map(([label, text]) => `  ${label.padEnd(10)}  ${printable(text)}`),
    `${word}: ${printable(verdict.reason)}`,
    ...(verdict.hint === undefined ? [] : [`  ${printable(verdict.hint)}`]),
  ]
  return `${lines.join('\n')}\n`
}

async function givenToken(settings: Settings, { stdin, signal }: Context): Promise<string> {
  // Standard input may be a pipe that somebody forgot to close.
  if (settings.has('LATCHKEY_TOKEN') || stdin.isTTY === true) {
    const answer = settings.secret('LATCHKEY_TOKEN', 'Token')
    await settings.complete()
    return tokenIn(answer.value, 'what was given')
  }
  const piped = await readAll(stdin, signal)
  if (piped === '') throw noToken('standard input is empty')
  return tokenIn(piped, 'standard input')
}

function tokenIn(text: string, where: string): string {
  const token = bareToken(text)
  if (token === '') throw noToken(`${where} holds none`)
  return token
}

const noToken = (why: string): CliError =>
  new CliError(EXIT.settings, `there is no token: ${why}`, [
    'Pipe one in: latchkey token | latchkey decode',
    'Or set LATCHKEY_TOKEN, or LATCHKEY_TOKEN_FILE to the name of a file that holds it.',
  ])

async function readAll(stdin: Input, signal: AbortSignal): Promise<string> {
  let text = ''
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      text += chunk.toString()
      signal.throwIfAborted()
      if (text.length > MAX_LENGTH) throw new CliError(EXIT.usage, 'what comes in is too long for a token')
    }
  } catch (error) {
    // Of the system: it may be open for writing only.
    if (error instanceof Error && 'syscall' in error) throw noToken('standard input cannot be read')
    throw error
  }
  return text.trim()
}
