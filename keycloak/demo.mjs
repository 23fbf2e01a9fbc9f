import { fileURLToPath } from 'node:url'
import { runCommand, say } from './lib/command.mjs'
import { runDemo } from './lib/demo.mjs'

const script = fileURLToPath(new URL('../.ci/start.mjs', import.meta.url))

await runCommand((run) => runDemo({ ...run, script, say }))
