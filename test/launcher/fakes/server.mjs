// Stands in for Keycloak: listens where it is told, is healthy, and writes down how it was started.
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, URL } from 'node:url'

const data = fileURLToPath(new URL('../data/', import.meta.url))
/** @param {string} name */
const option = (name) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
const host = option('http-host')
const ports = [option('http-port'), option('http-management-port')]

if (existsSync(join(process.env.HOME ?? '', 'ignores-signals'))) process.on('SIGTERM', () => {})
writeFileSync(
  join(data, 'started.json'),
  JSON.stringify({ pid: process.pid, args: process.argv, env: process.env }),
)
if (existsSync(join(process.env.HOME ?? '', 'listens-late'))) await sleep(700)
for (const port of ports) {
  const server = createServer((_request, response) => response.end('fake'))
  server.on('error', (error) => {
    process.stderr.write(`ERROR: ${error.message}\n`)
    process.exit(1)
  })
  server.listen(Number(port), host)
}
process.stdout.write(
  `Listening on: http://${host}:${ports[0]}. Management interface listening on http://${host}:${ports[1]}.\n`,
)
