import express from 'express'
import type { AddressInfo } from 'node:net'
import { createLatchkey, createServer } from '../../src/latchkey.js'
import { silentLog } from '../../src/log.js'
import type { LoginTokens } from '../../src/login/login-session.js'
import type { Jar } from './browser-jar.js'
import { send, type Answer } from './send.js'
import { NAVIGATION } from './test-app.js'
import { until } from './until.js'

export interface TokenAppOptions {
  readonly issuer: string
  readonly publicUrl: string
  readonly redisUrl: string
  readonly refreshBefore?: number
}

/**
 * Somebody's own app made of the parts, over the same Redis and with the same secret as the app of the tests. It tells
 * what tokens a session has, and hands out the access token as an app would use it.
 */
export interface TokenApp {
  /** As they are in the store; nothing is renewed. */
  tokensOf(jar: Jar): Promise<LoginTokens>
  /** What `latchkey.accessToken` gives a handler. */
  accessToken(jar: Jar): Promise<Answer>
  close(): Promise<void>
}

export async function startTokenApp(options: TokenAppOptions): Promise<TokenApp> {
  const latchkey = await createLatchkey({
    ...options,
    clientId: 'latchkey-web',
    clientSecret: 'latchkey-web-secret',
    apiAudience: 'latchkey-api',
    sessionSecrets: ['a-session-secret-of-the-tests-of-32-characters'],
    log: silentLog,
  })
  const app = express()
  app.use(latchkey.session)
  app.get('/tokens', (req, res) => void res.json(req.session.latchkey?.tokens))
  app.get('/access-token', async (req, res) => void res.send(await latchkey.accessToken(req)))
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { host } = new URL(options.publicUrl)
  // It connects to Redis when it is made; until it has, it says 503.
  const ask = (path: string, jar: Jar): Promise<Answer> =>
    until(async () => {
      const headers = { ...NAVIGATION, host }
      const answer = await send({ hostname: '127.0.0.1', port }, path, { jar: jar.copy(), headers })
      return answer.status === 503 ? undefined : answer
    }, 2000)
  return {
    tokensOf: async (jar) => (await ask('/tokens', jar)).json() as LoginTokens,
    accessToken: (jar) => ask('/access-token', jar),
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await latchkey.close()
    },
  }
}
