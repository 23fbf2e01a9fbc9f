import type { Change } from './context.js'
import { Interrupted } from './errors.js'
import { EXIT, type ExitCode } from './exit-codes.js'

/** How a run is ended before its time, and its exit code then. */
const SIGNALS = { SIGHUP: EXIT.hungUp, SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const

/** What a person at a terminal is told when the end of a change is waited for. */
export const FINISHING: Readonly<Record<Change, string>> = {
  renewal: 'finishing the renewal, so that the login is not lost; interrupt again to give it up',
  'sign-out': 'finishing the sign-out; interrupt again to give it up',
}

/** npm hands on a Ctrl-C that the terminal has sent already; a person takes longer for a second one. In milliseconds. */
const TWICE = 300

export interface InterruptionOptions {
  /** Where signals are heard. */
  readonly process: { on(signal: keyof typeof SIGNALS, listener: () => void): unknown }
  /** Ends the process without waiting for anything. */
  readonly exit: (code: ExitCode) => void
  /** A clock, in milliseconds. */
  readonly now: () => number
}

/** Aborted, with `Interrupted` as its reason, by the first signal that asks the process to end. */
export function createInterruption({ process, exit, now }: InterruptionOptions): AbortSignal {
  const interruption = new AbortController()
  let since = 0
  for (const name of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.on(name, () => {
      if (!interruption.signal.aborted) {
        since = now()
        interruption.abort(new Interrupted(SIGNALS[name]))
      } else if (name === 'SIGINT' && now() - since > TWICE) {
        // Whoever presses twice does not want to wait for anything. A system may well send two of the others at once.
        exit(SIGNALS[name])
      }
    })
  }
  return interruption.signal
}
