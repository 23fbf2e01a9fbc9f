// Stands in for the app: answers the liveness check, and writes down how it was started.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'

writeFileSync(
  join(process.env.HOME ?? '', 'app.json'),
  JSON.stringify({ pid: process.pid, env: process.env }),
)
for (const host of ['127.0.0.1', '::1']) {
  createServer((_request, response) => response.end('ok')).listen(Number(process.env.PORT), host)
}
