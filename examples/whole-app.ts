// Every page but the start page needs a session: what is mounted behind the guard never sees anybody else.
import express from 'express'
import { createLatchkey, createServer, loadConfig } from 'latchkey'

const config = loadConfig(process.env)
const latchkey = await createLatchkey(config)

const app = express()
app.use(latchkey.session, latchkey.routes)
app.get('/', (_req, res) => {
  res.type('text').send('Everybody may read this.')
})

app.use(latchkey.requireLogin())
app.get('/howdy', (req, res) => {
  res.type('text').send(`Howdy, ${req.auth?.name ?? 'stranger'}!`)
})

createServer(app).listen(config.port, '127.0.0.1')
