import type { CommanderError } from 'commander'
import { UsageError } from './errors.js'

interface SecretOption {
  readonly named: RegExp
  readonly what: string
  readonly settings: readonly string[]
}

/** How people name secrets that they put on a command line. The first that matches counts. */
const SECRET_OPTIONS: readonly SecretOption[] = [
  {
    named: /secret/,
    what: "a client's secret",
    settings: ['LATCHKEY_CONFIDENTIAL_CLIENT_SECRET', 'LATCHKEY_SERVICE_CLIENT_SECRET'],
  },
  { named: /refresh/, what: 'a refresh token', settings: ['LATCHKEY_REFRESH_TOKEN'] },
  { named: /token|jwt|assertion/, what: 'a token', settings: ['LATCHKEY_TOKEN'] },
  { named: /^p$|pass|pw/, what: 'a password', settings: ['LATCHKEY_PASSWORD'] },
]

/**
 * Refuses secrets among the arguments, where every process of the machine can read them.
 *
 * @throws {@link UsageError} which says where a secret belongs, and repeats nothing of it
 */
export function refuseSecrets(argv: readonly string[]): void {
  for (const argument of argv) {
    const name = /^--?([^=]*)/.exec(argument)?.[1]?.toLowerCase() ?? ''
    const found = SECRET_OPTIONS.find(({ named }) => named.test(name))
    if (found !== undefined) throw secretRefused(found)
  }
}

function secretRefused({ what, settings }: SecretOption): UsageError {
  return new UsageError(`${what} is not taken as an argument: other processes can read those`, [
    `Set ${settings.join(' or ')} in the environment,`,
    `or name a file that holds it with ${settings.map((name) => `${name}_FILE`).join(' or ')},`,
    'or set neither and type it at the prompt on a terminal, which shows nothing of it.',
    'If it was a real one: the history of the shell has it now.',
  ])
}

/** What we say for what commander finds. Its own words repeat the arguments. */
const MESSAGES: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'there is an option that it does not know, or one that takes no value has one',
  'commander.unknownCommand': 'there is no such command',
  'commander.excessArguments': 'there are more arguments than it takes',
}

/** Messages of commander that hold nothing but our own words. */
const OWN_WORDS: ReadonlySet<string> = new Set([
  'commander.optionMissingArgument',
  'commander.missingArgument',
])

/** What people put behind a command that belongs elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  decode: 'A token is given on standard input or in LATCHKEY_TOKEN, and never as an argument.',
}

/** Wrong use of a command as commander found it, without anything that was typed. */
export function usageErrorOf(
  error: CommanderError,
  known: ReadonlySet<string>,
  command: string | undefined,
): UsageError {
  const message = OWN_WORDS.has(error.code)
    ? error.message.replace(/^error: /, '')
    : (MESSAGES[error.code] ?? 'it cannot be used like this')
  const suggestion = /\(Did you mean ([^ ?]+)\?\)$/.exec(error.message)?.[1] ?? ''
  const elsewhere = error.code === 'commander.excessArguments' ? ELSEWHERE[command ?? ''] : undefined
  return new UsageError(message, [
    ...(known.has(suggestion) ? [`Did you mean ${suggestion}?`] : []),
    ...(elsewhere === undefined ? [] : [elsewhere]),
  ])
}

/** Reads the value of an option that knows its values; what was typed is not repeated. */
export function oneOfThese<const T extends string>(
  option: string,
  values: readonly T[],
): (value: string) => T {
  return (value) => {
    const found = values.find((one) => one === value)
    if (found === undefined) throw new UsageError(`${option} takes one of: ${values.join(', ')}`)
    return found
  }
}

const SCOPE = /^[\u0021\u0023-\u005b\u005d-\u007e]+(?: +[\u0021\u0023-\u005b\u005d-\u007e]+)*$/

/**
 * @throws {@link UsageError} for what is no list of scopes
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3 | RFC 6749 §3.3}
 */
export function checkScope(scope: string): void {
  if (!SCOPE.test(scope))
    throw new UsageError('--scope takes words with blanks between them, and no quotes in them')
}
