// Runs one command in a process group of its own and ends that group, all of it, when told to, when the
// command ends, or when the launcher is gone in whatever way: SIGKILL cannot be caught by the launcher itself,
// but here it shows as a closed channel.
import { spawn, spawnSync } from 'node:child_process'

const GRACE_MS = 6_000
const CLEAN_UP_MS = 5_000

/** @type {{ command: string, args: string[], afterwards?: string[] }} */
const { command, args, afterwards } = JSON.parse(process.argv[2] ?? '')
const child = spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })

/** @param {NodeJS.Signals} signal */
function signalGroup(signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nobody is left in the group: that is what was wanted.
  }
}

function stop() {
  signalGroup('SIGTERM')
  setTimeout(() => signalGroup('SIGKILL'), GRACE_MS).unref()
}

/** @param {{ code: number | null, signal: string | null }} ending */
function end(ending) {
  signalGroup('SIGKILL')
  const [program, ...rest] = afterwards ?? []
  if (program !== undefined) spawnSync(program, rest, { stdio: 'ignore', timeout: CLEAN_UP_MS })
  if (!process.connected) process.exit()
  process.send?.({ ending }, () => process.exit())
}

child.once('spawn', () => process.connected && process.send?.({ group: child.pid }))
child.once('exit', (code, signal) => end({ code, signal }))
child.once('error', (error) => {
  process.stderr.write(`${command}: ${error.message}\n`)
  end({ code: 127, signal: null })
})
process.on('message', (message) => (message === 'kill' ? signalGroup('SIGKILL') : stop()))
process.once('disconnect', stop)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
if (!process.connected) stop()
