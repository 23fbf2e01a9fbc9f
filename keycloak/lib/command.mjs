import { parseArgs } from 'node:util'
import { Failure, messageOf } from './failure.mjs'
import { killAll, stopAll } from './processes.mjs'

/** @typedef {'SIGINT' | 'SIGTERM' | 'SIGHUP'} StopSignal */

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }
// npm passes Ctrl-C on to us, though the terminal has sent it already: that is one, not two.
const SAME_KEY_MS = 500

/** @param {string} line */
export const say = (line) => void process.stderr.write(`${line}\n`)

/**
 * Runs a command of the launcher until it fails or a signal asks for its end, and ends all that it started.
 * The second signal does not wait. The exit code is 0 when it ended on a signal after it was ready.
 *
 * @param {(run: { fresh: boolean, ready: () => void }) => Promise<never>} main
 */
export async function runCommand(main) {
  // Whoever reads our output may go away; that is no reason to stop.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  let isReady = false
  let isHurried = false
  const hurry = () => {
    isHurried = true
    void killAll()
    setTimeout(() => process.exit(EXIT_CODES.SIGINT), 1_000)
  }
  const running = readArguments().then((fresh) => main({ fresh, ready: () => (isReady = true) }))
  const code = await Promise.race([running, stopSignal(hurry)]).then(
    (signal) => (isReady ? 0 : EXIT_CODES[signal]),
    (error) => {
      say(describe(error))
      return 1
    },
  )
  await stopAll()
  process.exit(isHurried ? EXIT_CODES.SIGINT : code)
}

async function readArguments() {
  try {
    return parseArgs({ options: { fresh: { type: 'boolean', default: false } } }).values.fresh
  } catch (error) {
    throw new Failure(`${messageOf(error)}\nThe only option is --fresh: it forgets what earlier starts left.`)
  }
}

/**
 * @param {() => void} onSecond
 * @returns {Promise<StopSignal>} the first
 */
function stopSignal(onSecond) {
  return new Promise((resolve) => {
    let first = 0
    /** @param {StopSignal} signal */
    const onSignal = (signal) => {
      if (first === 0) {
        first = Date.now()
        say('Stopping.')
        resolve(signal)
      } else if (Date.now() - first > SAME_KEY_MS) {
        onSecond()
      }
    }
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, onSignal)
    watchNpm(() => onSignal('SIGHUP'))
  })
}

/**
 * npm cannot pass on a SIGKILL, so under npm the loss of the parent counts as a signal.
 *
 * @param {() => void} onGone
 */
function watchNpm(onGone) {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, 500)
  timer.unref()
}

/** @param {unknown} error */
function describe(error) {
  // What the system says (disk full, no permission) is for the person; anything else is a bug, with its place.
  if (error instanceof Failure || (error instanceof Error && 'syscall' in error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
