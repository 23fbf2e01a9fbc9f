import { isAppError } from '../errors.js'
import { ProviderError } from '../provider/errors.js'
import { TokenError, type TokenErrorCode } from '../tokens/errors.js'
import { CliError, Interrupted, OutputError, PlaceBusy } from './errors.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { printable } from '../printable.js'

/** How a command ends that did not work. */
export interface Explanation {
  readonly exitCode: ExitCode
  /** The first says what happened, the others what to do about it. None: there is nobody to tell. */
  readonly lines: readonly string[]
}

/** A new code without an exit code does not compile. */
const EXIT_OF: Readonly<Record<TokenErrorCode, ExitCode>> = {
  sign_in_again: EXIT.signInAgain,
  grant_refused: EXIT.refused,
  client_refused: EXIT.refused,
  access_denied: EXIT.accessDenied,
  expired_token: EXIT.codeExpired,
  inactive_token: EXIT.refused,
  unavailable: EXIT.unavailable,
  invalid_response: EXIT.refused,
  store_unusable: EXIT.settings,
}

/** What to say of an error, and how to end. Never a stack; of an error that is not ours nothing but its name. */
export function explain(error: unknown): Explanation {
  if (error instanceof OutputError && error.code === 'EPIPE') return { exitCode: error.exitCode, lines: [] }
  if (error instanceof Interrupted) return { exitCode: error.exitCode, lines: [] }
  if (error instanceof CliError)
    return { exitCode: error.exitCode, lines: [error.message, ...error.hints].map(printable) }
  if (error instanceof TokenError) return { exitCode: EXIT_OF[error.code], lines: linesOf(error) }
  if (error instanceof ProviderError) return { exitCode: EXIT.unavailable, lines: linesOf(error) }
  return { exitCode: EXIT.bug, lines: [`this is a bug of latchkey: ${nameOf(error)}`] }
}

function linesOf(error: TokenError | ProviderError): readonly string[] {
  const { hint } = error
  return [error.message, ...(hint === undefined ? [] : [`hint: ${hint}`]), ...remedyOf(error)].map(printable)
}

/** Messages of what happens where no server is, or another one. A server that answers, with whatever fault, is found. */
const NOT_FOUND = /^(?:no answer from |discovery of issuer \S+ answered 40[45]$)/

function remedyOf(error: TokenError | ProviderError): readonly string[] {
  const { code, message } = error
  // What to do about it is in its message.
  if (error instanceof PlaceBusy) return []
  if (code === 'sign_in_again') return ['latchkey login']
  const isOutage = code === 'unavailable' || code === 'provider_unavailable'
  return isOutage && NOT_FOUND.test(message) ? ['OIDC_ISSUER says where the authorization server is.'] : []
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code = isAppError(error) || 'code' in error ? ` ${String((error as { code?: unknown }).code)}` : ''
  return printable(`${error.name}${code}`).slice(0, 100)
}
