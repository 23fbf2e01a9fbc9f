// An API without people: no session, no pages, options given as an object instead of the environment.
import express from 'express'
import { createLatchkey, createServer } from 'latchkey'

const port = Number(process.env['PORT'] ?? 3000)
const latchkey = await createLatchkey({
  publicUrl: `http://127.0.0.1:${port}`,
  issuer: process.env['OIDC_ISSUER'] ?? 'http://localhost:8080/realms/latchkey',
  clientId: 'latchkey-api',
  apiAudience: 'latchkey-api',
})

const app = express()
app.get('/numbers', latchkey.requireBearer(), (req, res) => {
  res.json({ numbers: [1, 2, 3], for: req.auth?.subject })
})

createServer(app).listen(port, '127.0.0.1')
