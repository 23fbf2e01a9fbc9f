// A page that greets who signed in, and JSON for programs with a token: a browser login in an app of one's own.
import express from 'express'
import { createLatchkey, createServer, loadConfig } from 'latchkey'

const config = loadConfig(process.env)
const latchkey = await createLatchkey(config)

const app = express()
app.use(latchkey.session, latchkey.routes)
app.get('/hello', latchkey.requireLogin(), (req, res) => {
  res.type('text').send(`Hello, ${req.auth?.name ?? 'stranger'}! I know who I am!`)
})
app.get('/secure-data', latchkey.requireBearer(), (_req, res) => {
  res.json({ data: 'This is secured data.' })
})

createServer(app).listen(config.port, '127.0.0.1')
