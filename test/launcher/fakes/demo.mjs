// The demo with the stand-in for the app.
import { fileURLToPath, URL } from 'node:url'
import { runCommand, say } from '../../../keycloak/lib/command.mjs'
import { runDemo } from '../../../keycloak/lib/demo.mjs'

const script = fileURLToPath(new URL('app.mjs', import.meta.url))
await runCommand((run) => runDemo({ ...run, script, say }))
