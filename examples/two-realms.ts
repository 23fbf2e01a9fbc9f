// Two realms in one process: they share nothing. Under one host name each needs a cookie of its own.
import express, { type Express } from 'express'
import { createLatchkey, createServer, loadConfig } from 'latchkey'

const config = loadConfig(process.env)

async function createApp(realm: string, port: number): Promise<Express> {
  const latchkey = await createLatchkey({
    ...config,
    publicUrl: `http://127.0.0.1:${port}`,
    issuer: config.issuer.replace(/[^/]+$/, realm),
    cookieName: realm,
  })
  const app = express()
  app.use(latchkey.session, latchkey.routes)
  app.get('/mine', latchkey.requireLogin(), (req, res) => {
    res.json({ realm, who: req.auth?.username })
  })
  return app
}

const [first = 'latchkey', second = 'latchkey'] = (process.env['REALMS'] ?? '').split(',')
createServer(await createApp(first, config.port)).listen(config.port, '127.0.0.1')
createServer(await createApp(second, config.port + 1)).listen(config.port + 1, '127.0.0.1')
