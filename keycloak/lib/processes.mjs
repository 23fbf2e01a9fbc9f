import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null }} Ending
 *
 * @typedef {object} GuardedProcess
 * @property {number} guardPid lives until everything of this process is gone
 * @property {Promise<Ending>} ended settles when everything of this process is gone
 * @property {() => string[]} lastLines what it wrote last, for a message about its end
 * @property {() => Promise<Ending>} stop asks it to end, and ends it after six seconds
 * @property {() => Promise<Ending>} kill ends it at once
 */

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url))
const KEPT_LINES = 40

/** @type {Set<GuardedProcess>} */
const running = new Set()

/**
 * Starts a command that cannot outlive this process: a guard (`guard.mjs`) ends it with all its children.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {(line: string) => void} [options.onLine] gets every line of both streams; else they are not kept
 * @param {boolean} [options.show] leaves both streams to the terminal
 * @param {string[]} [options.afterwards] a command to run when it has ended, however it ended
 * @returns {GuardedProcess}
 */
export function spawnGuarded(
  command,
  args,
  { cwd, env = process.env, onLine, show = false, afterwards } = {},
) {
  const output = show ? 'inherit' : 'pipe'
  const guard = spawn(process.execPath, [GUARD, JSON.stringify({ command, args, afterwards })], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  })
  /** @type {string[]} */
  const lines = []
  for (const stream of [guard.stdout, guard.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
      onLine?.(line)
    })
  }
  const ended = endOf(guard)
  /** @param {'stop' | 'kill'} message */
  const tell = (message) => {
    if (guard.connected) guard.send(message, () => {})
    return ended
  }
  /** @type {GuardedProcess} */
  const guarded = {
    guardPid: guard.pid ?? 0,
    ended,
    lastLines: () => [...lines],
    stop: () => tell('stop'),
    kill: () => tell('kill'),
  }
  running.add(guarded)
  void ended.then(() => running.delete(guarded))
  return guarded
}

/**
 * @param {import('node:child_process').ChildProcess} guard
 * @returns {Promise<Ending>}
 */
async function endOf(guard) {
  /** @type {Ending | undefined} */
  let ending
  /** @type {number | undefined} */
  let group
  guard.on('message', (/** @type {{ group?: number, ending?: Ending }} */ message) => {
    group = message.group ?? group
    ending = message.ending ?? ending
  })
  const closed = once(guard, 'close')
  await once(guard, 'exit')
  // A guard that was killed could not end its group.
  if (ending === undefined && group !== undefined) killGroup(group)
  await Promise.race([closed, sleep(1_000, undefined, { ref: false })])
  return ending ?? { code: guard.exitCode, signal: guard.signalCode }
}

/** @param {number} group */
function killGroup(group) {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

/** Asks everything that was started here to end, and waits for it. */
export const stopAll = () => Promise.all([...running].map((one) => one.stop()))

/** Ends everything that was started here, at once. */
export const killAll = () => Promise.all([...running].map((one) => one.kill()))
