// Latchkey's own pages in the app's clothes: a style sheet, a view and paths of one's own.
import express from 'express'
import { fileURLToPath } from 'node:url'
import { createLatchkey, createServer, loadConfig } from 'latchkey'

const config = loadConfig(process.env)
const latchkey = await createLatchkey({
  ...config,
  styleSheet: fileURLToPath(new URL('own-look/style.css', import.meta.url)),
  views: fileURLToPath(new URL('own-look/', import.meta.url)),
  logoutPath: '/goodbye',
  loginRedirect: '/mine',
})

const app = express()
app.use(latchkey.session, latchkey.routes)
app.get('/mine', latchkey.requireLogin(), (req, res) => {
  res.json({ who: req.auth?.username })
})

createServer(app).listen(config.port, '127.0.0.1')
