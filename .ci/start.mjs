// `npm start`: builds when needed, then becomes the server. One process, whose exit status is the command's.
import { buildIfNeeded } from './build.mjs'

try {
  await buildIfNeeded()
} catch (error) {
  process.stderr.write(`Latchkey cannot start: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
await import(new URL('../dist/server.js', import.meta.url).href)
