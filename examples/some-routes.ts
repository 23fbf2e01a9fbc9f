// Some pages need a session, some endpoints a bearer token, some a role, and the rest is open.
import express from 'express'
import { createLatchkey, createServer, loadConfig } from 'latchkey'

const config = loadConfig(process.env)
const latchkey = await createLatchkey(config)

const app = express()
app.use(latchkey.session, latchkey.routes)
app.get('/', (_req, res) => {
  res.type('text').send('Everybody may read this.')
})
app.get('/mine', latchkey.requireLogin(), (req, res) => {
  res.json({ who: req.auth?.username, via: req.auth?.via })
})
app.get('/api/mine', latchkey.requireBearer(), (req, res) => {
  res.json({ who: req.auth?.username, via: req.auth?.via })
})
app.get('/api/drafts', latchkey.requireBearer({ realmRole: ['editor'] }), (_req, res) => {
  res.json({ drafts: [] })
})
app.get('/api/notes', latchkey.requireBearer({ scope: ['documents:read'] }), (_req, res) => {
  res.json({ notes: [] })
})

createServer(app).listen(config.port, '127.0.0.1')
