#!/usr/bin/env node
// Stands in for a container engine that runs: writes down what it is asked for, and `run` serves what it publishes.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'

const args = process.argv.slice(2)
const record = { args, pid: process.pid, password: process.env.KC_BOOTSTRAP_ADMIN_PASSWORD }
appendFileSync(join(process.env.HOME ?? '', 'docker.log'), `${JSON.stringify(record)}\n`)
if (args[0] === 'image') process.exit(1)
if (args[0] === 'run') {
  const published = args.filter((_arg, index) => args[index - 1] === '--publish')
  for (const rule of published) {
    const [host, port] = rule.split(':')
    createServer((_request, response) => response.end('fake')).listen(Number(port), host)
  }
  process.stdout.write(
    'Listening on: http://0.0.0.0:8080. Management interface listening on http://0.0.0.0:9000.\n',
  )
}
