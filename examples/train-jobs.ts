// A third party's API that asks for its own audience and a scope, and a job that outlives its token several times.
import express from 'express'
import { createLatchkey, createServer } from 'latchkey'
import { createPasswordProvider } from 'latchkey/tokens'

const issuer = process.env['OIDC_ISSUER'] ?? 'http://localhost:8080/realms/latchkey'
const port = Number(process.env['PORT'] ?? 3001)
const rounds = Number(process.env['ROUNDS'] ?? 5)
const pause = Number(process.env['PAUSE'] ?? 1000)

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
const server = createServer(app).listen(port, '127.0.0.1', () => void work())

// The caller's side.
const provider = createPasswordProvider({
  issuer,
  clientId: process.env['CLIENT_ID'] ?? 'trainer',
  clientSecret: process.env['CLIENT_SECRET'] ?? '',
  username: process.env['LATCHKEY_USERNAME'] ?? '',
  password: process.env['LATCHKEY_PASSWORD'] ?? '',
})

async function work(): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    // A POST is sent again after a 401 only because this one says that it may be.
    const answer = await provider.fetch(`http://127.0.0.1:${port}/train-jobs`, {
      method: 'POST',
      repeatable: true,
    })
    console.log(answer.status, await answer.text())
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  server.close()
}
