// A third party's API that asks for its own audience and a scope, and a job that outlives its token several times.
// With the demo: CLIENT_SECRET=trainer-secret LATCHKEY_USERNAME=alice LATCHKEY_PASSWORD=alice-password
import express from 'express'
import { createLatchkey, createServer } from 'latchkey'
import { createPasswordProvider, TokenError } from 'latchkey/tokens'

const issuer = process.env['OIDC_ISSUER'] ?? 'http://localhost:8080/realms/latchkey'
const port = Number(process.env['PORT'] ?? 3001)
const rounds = Number(process.env['ROUNDS'] ?? 5)
const pause = Number(process.env['PAUSE'] ?? 1000)

/** Secrets come from the environment, never from the source. */
function secret(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

// The caller's side.
const provider = createPasswordProvider({
  issuer,
  clientId: process.env['CLIENT_ID'] ?? 'trainer',
  clientSecret: secret('CLIENT_SECRET'),
  username: secret('LATCHKEY_USERNAME'),
  password: secret('LATCHKEY_PASSWORD'),
})

// The API's side: who may train is who has a token for it, with this scope.
const latchkey = await createLatchkey({
  publicUrl: `http://127.0.0.1:${port}`,
  issuer,
  clientId: 'train-api',
  apiAudience: 'train-api',
})
const app = express()
app.post('/train-jobs', latchkey.requireBearer({ scope: ['train/TrainJob:*'] }), (req, res) => {
  res.status(201).json({ state: 'queued', for: req.auth?.username })
})
const server = createServer(app).listen(port, '127.0.0.1', () => {
  work()
    .catch(complain)
    .finally(() => server.close())
})

async function work(): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    // A POST is sent again after a 401 only because this one says that it may be.
    const init = { method: 'POST', repeatable: true }
    const answer = await provider.fetch(`http://127.0.0.1:${port}/train-jobs`, init)
    console.log(answer.status, await answer.text())
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

function complain(error: unknown): void {
  if (!(error instanceof TokenError)) throw error
  console.error(error.message, error.hint ?? '')
  process.exitCode = 1
}
