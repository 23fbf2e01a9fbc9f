import { Command, CommanderError } from 'commander'
import { refuseSecrets, usageErrorOf } from './arguments.js'
import { addCompletion } from './commands/completion.js'
import { addDecode } from './commands/decode.js'
import { addLogin } from './commands/login.js'
import { addLogout } from './commands/logout.js'
import { addToken } from './commands/token.js'
import { addWhoami } from './commands/whoami.js'
import type { Context, Output } from './context.js'
import { UsageError, type Interrupted } from './errors.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { explain } from './explain.js'
import { AFTER_HELP, ABOUT } from './help.js'
import { print, say } from './output.js'
import { styleFor, widthOf } from './terminal.js'

/** Every command with its options, as commander knows them. */
export function createProgram(context: Context): Command {
  const program = new Command('latchkey')
  program
    .description(ABOUT)
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
  addWhoami(program, context)
  addToken(program, context)
  addLogin(program, context)
  addLogout(program, context)
  addDecode(program, context)
  addCompletion(program, context)
  return program
}

/**
 * Runs one command line.
 *
 * @param argv what stands behind the program's name
 * @returns the exit code; nothing is thrown
 */
export async function runProgram(argv: readonly string[], context: Context): Promise<ExitCode> {
  const { stdout, stderr, signal } = context
  // A reader that is gone is found by the write that fails; without a listener it would be the end of the process.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined)
  try {
    await untilInterrupted(run(argv, context), signal)
    return EXIT.done
  } catch (error) {
    const { exitCode, lines } = explain(error)
    const [first, ...more] = lines
    const name = styleFor(stderr, context)('red', 'latchkey:')
    if (first !== undefined)
      await say(stderr, [`${name} ${first}`, ...more.map((line) => `  ${line}`), ''].join('\n'))
    return exitCode
  }
}

async function run(argv: readonly string[], context: Context): Promise<void> {
  refuseSecrets(argv)
  const program = createProgram(context)
  let help = ''
  const texts = {
    writeOut: (text: string) => void (help += text),
    writeErr: (text: string) => void (help += text),
    // Its errors are told in our words.
    outputError: () => undefined,
    getOutHelpWidth: () => helpWidth(context.stdout),
    getErrHelpWidth: () => helpWidth(context.stderr),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  }
  for (const command of [program, ...program.commands]) command.configureOutput(texts)
  try {
    await program.parseAsync(helpedWord(argv, program) ?? argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw inContext(error, argv, program)
    if (error.exitCode === 0) {
      await print(context.stdout, help)
      return
    }
    if (error.code === 'commander.help' || error.code === 'commander.helpDisplayed') {
      await say(context.stderr, `${help}\n`)
      throw new UsageError('which command?')
    }
    throw inContext(usageErrorOf(error, namesIn(program), commandIn(argv, program)), argv, program)
  }
}

/** What help is asked for, if that is no command: it is told like one that was to be run. */
function helpedWord(argv: readonly string[], program: Command): readonly string[] | undefined {
  const [command, word] = argv.filter((one) => !one.startsWith('-'))
  const isHelp = command === 'help' && argv[0] === command
  return isHelp && word !== undefined && !isCommand(program, word) ? [word] : undefined
}

const isCommand = (program: Command, word: string): boolean =>
  program.commands.some((one) => one.name() === word)

/** Wrong use, with the command whose help says the right one. */
function inContext(error: unknown, argv: readonly string[], program: Command): unknown {
  if (!(error instanceof UsageError)) return error
  const command = commandIn(argv, program)
  const help = ['latchkey', ...(command === undefined ? [] : [command]), '--help'].join(' ')
  return new UsageError(error.message, [
    ...error.hints,
    `See ${help}. Nothing that was typed is repeated here: it could be a secret.`,
  ])
}

/** The name of the command that is to be run. */
function commandIn(argv: readonly string[], program: Command): string | undefined {
  const word = argv.find((one) => !one.startsWith('-'))
  return word !== undefined && isCommand(program, word) ? word : undefined
}

function namesIn(program: Command): ReadonlySet<string> {
  const commands = [program, ...program.commands]
  return new Set([
    ...commands.map((command) => command.name()),
    ...commands.flatMap((command) => command.options.flatMap(({ long }) => long ?? [])),
  ])
}

/** Wide enough for our tables, and not too wide to read. */
const helpWidth = (stream: Output): number =>
  stream.isTTY === true ? Math.min(Math.max(widthOf(stream), 60), 110) : 110

/** Ctrl-C and its like are answered at once, whatever is under way. */
function untilInterrupted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Interrupted)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject)
  })
}
