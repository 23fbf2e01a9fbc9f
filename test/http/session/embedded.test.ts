import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express, { type ErrorRequestHandler, type Express } from 'express'
import expressSession from 'express-session'
import { createLatchkey, createServer, type Latchkey } from '../../../src/latchkey.js'
import { silentLog } from '../../../src/log.js'
import { Jar } from '../../support/browser-jar.js'
import {
  AUDIENCE,
  CLIENT_ID,
  CLIENT_SECRET,
  json,
  ScriptedProvider,
} from '../../support/scripted-provider.js'
import { send, type Answer } from '../../support/send.js'
import { NAVIGATION, newPerson, SCRIPT, TestApp } from '../../support/test-app.js'

let provider: ScriptedProvider
let other: ScriptedProvider

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  other = await ScriptedProvider.start()
})
afterAll(async () => {
  await provider.close()
  await other.close()
})

const makeLatchkey = (at: ScriptedProvider, cookieName = 'latchkey'): Promise<Latchkey> =>
  createLatchkey({
    publicUrl: 'http://127.0.0.1:3000',
    issuer: at.issuer,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    apiAudience: AUDIENCE,
    upstreamTimeout: 1,
    cookieName,
    log: silentLog,
  })

/** An app of somebody else for one request; what its own error handler was told. */
async function ask(
  app: Express,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ answer: Answer; told: string[] }> {
  const told: string[] = []
  const tell: ErrorRequestHandler = (error: unknown, _req, res, next) => {
    told.push(error instanceof Error ? error.message : String(error))
    if (res.headersSent) next(error)
    else res.status(500).json({ error: 'handled' })
  }
  app.use(tell)
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address() as { port: number }
  try {
    return { answer: await send({ hostname: '127.0.0.1', port: address.port }, path, { headers }), told }
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('mounted wrongly in an app of somebody else', () => {
  test.each(['/login', '/authorize?state=x', '/hello'])(
    'without its session, %s says what is missing',
    async (path) => {
      const latchkey = await makeLatchkey(provider)
      const app = express()
      app.use(latchkey.routes)
      app.get('/hello', latchkey.requireLogin(), (_req, res) => void res.send('in'))
      const { answer, told } = await ask(app, path, NAVIGATION)
      expect(answer.status).toBe(500)
      expect(told).toEqual([expect.stringContaining('latchkey.session must be mounted before')])
    },
  )

  test('behind another session middleware it says so, at every request', async () => {
    const latchkey = await makeLatchkey(provider)
    const app = express()
    app.use(expressSession({ secret: 'of the host', resave: false, saveUninitialized: false }))
    app.use(latchkey.session, latchkey.routes)
    const { answer, told } = await ask(app, '/login', NAVIGATION)
    expect(answer.status).toBe(500)
    expect(told).toEqual([expect.stringContaining('no other session middleware before it')])
  })

  test('C002-19 the session of one realm opens nothing of another', async () => {
    const [first, second] = [await makeLatchkey(provider), await makeLatchkey(other, 'second')]
    const app = express()
    app.use(first.session, first.routes)
    app.get('/admin', second.session, second.requireLogin(), (_req, res) => void res.send('the admin page'))
    const { answer, told } = await ask(app, '/admin', NAVIGATION)
    expect(answer.body).not.toContain('the admin page')
    expect(told).toHaveLength(1)
  })
})

describe('a guard that fails', () => {
  test('AZ-05 P-19 somebody else’s time-out answers first, and the process goes on', async () => {
    const latchkey = await makeLatchkey(provider)
    provider.answers = { discovery: () => undefined }
    const app = express()
    app.use((_req, res, next) => {
      res.status(503).json({ error: 'too slow' })
      next()
    })
    app.get('/data', latchkey.requireBearer(), (_req, res) => void res.json({}))
    const { answer, told } = await ask(app, '/data', { authorization: 'Bearer aaaa.aaaa.aaaa' })
    expect(answer.status).toBe(503)
    expect(told).toEqual([])
    provider.reset()
  })
})

describe('two people at once', () => {
  test('one failure that both meet sends each to where they wanted to go', async () => {
    const app = await TestApp.start(provider)
    try {
      const begin = async (returnTo: string): Promise<{ jar: Jar; callback: URL }> => {
        const jar = new Jar()
        const request = await app.beginLogin(jar, `/login?return_to=${returnTo}`)
        return { jar, callback: provider.approve(request.href, newPerson()) }
      }
      const people = [await begin('/of-alice'), await begin('/of-bob')]
      provider.answers = { jwks: (_call, res) => json(res, 500, {}) }
      const answers = await Promise.all(people.map(({ jar, callback }) => app.callback(callback, jar)))
      expect(answers.map(({ body }) => /return_to=%2F(of-\w+)/.exec(body)?.[1])).toEqual([
        'of-alice',
        'of-bob',
      ])
    } finally {
      provider.reset()
      await app.stop()
    }
  })

  test('SE-04 the address of the session in other spellings prolongs nothing', async () => {
    let now = Date.now()
    const app = await TestApp.start(provider, { sessionIdleTimeout: 60, now: () => now })
    try {
      const jar = new Jar()
      await app.signIn(provider, jar)
      for (const path of ['/session', '/session/', '/SESSION']) {
        now += 25_000
        await app.send(path, { jar, headers: SCRIPT })
      }
      expect(await app.whoami(jar)).toBeUndefined()
    } finally {
      await app.stop()
    }
  })
})

describe('HEAD', () => {
  test.each(['/login', '/register', '/authorize?state=x&code=y'])(
    '%s is 405: nothing is begun and nothing redeemed',
    async (path) => {
      const app = await TestApp.start(provider)
      try {
        const answer = await app.send(path, { method: 'HEAD', headers: NAVIGATION })
        expect([answer.status, answer.headers['allow'], answer.cookies]).toEqual([405, 'GET', []])
      } finally {
        await app.stop()
      }
    },
  )
})
