import { TokenError } from '../tokens/errors.js'
import { EXIT, type ExitCode } from './exit-codes.js'

/** Why a command ends without its result, in words for the person who typed it. Nothing secret is in it. */
export class CliError extends Error {
  override readonly name: string = 'CliError'
  readonly exitCode: ExitCode
  /** What to do about it, line by line. */
  readonly hints: readonly string[]

  constructor(exitCode: ExitCode, message: string, hints: readonly string[] = []) {
    super(message)
    this.exitCode = exitCode
    this.hints = hints
  }
}

/** Wrong use of the command line. Its message never repeats an argument: that may be a secret in the wrong place. */
export class UsageError extends CliError {
  override readonly name = 'UsageError'

  constructor(message: string, hints: readonly string[] = []) {
    super(EXIT.usage, message, hints)
  }
}

/** The person pressed Ctrl-C, or a signal tells the process to end. */
export class Interrupted extends CliError {
  override readonly name = 'Interrupted'

  constructor(exitCode: ExitCode = EXIT.interrupted) {
    super(exitCode, 'interrupted')
  }
}

/** Another process has the place where the login is kept, and went on having it. A fault like others for who needs a token. */
export class PlaceBusy extends TokenError {
  constructor({ message, status, error }: TokenError) {
    super('unavailable', message, { status, error })
  }
}

/** Nobody takes the output. */
export class OutputError extends CliError {
  override readonly name = 'OutputError'
  /** The system's word, such as `EPIPE`. */
  readonly code: string

  constructor(code: string) {
    super(EXIT.output, `the output cannot be written (${code})`)
    this.code = code
  }
}
