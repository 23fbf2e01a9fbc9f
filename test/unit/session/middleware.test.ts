import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { createRespond } from '../../../src/http/respond.js'
import type { Log, LogFields } from '../../../src/log.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import { createSession, type SessionMiddleware } from '../../../src/session/middleware.js'
import { Jar } from '../../support/browser-jar.js'
import { send, type Answer } from '../../support/send.js'
import { newStore, type BadgeStore } from './session-kit.js'

type Headers = Readonly<Record<string, string>>

const OWN = 'https://app.example'
const EVIL = 'https://evil.example'
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']

/** An app of somebody's: its routes are behind the session, and say whether they ran. */
class People {
  /** Requests that came through. */
  readonly ran: string[] = []
  readonly lines: LogFields[] = []
  readonly #server: Server
  readonly #jar = new Jar({ https: true })

  constructor(
    refuseCrossSite: boolean,
    store: BadgeStore = newStore(new MemoryRecords(), { now: Date.now }),
  ) {
    const write = (fields: LogFields): void => void this.lines.push(fields)
    const log: Log = { debug: write, info: write, warn: write, error: write }
    const respond = createRespond({ log, page: (_error, _req, res) => res.send('page'), challenge: () => '' })
    const session: SessionMiddleware = createSession({
      publicUrl: OWN,
      cookieName: '__Host-app',
      secrets: ['a-secret-of-these-tests-of-32-characters-or-so'],
      store,
      respond,
      refuseCrossSite,
    })
    const app = express()
      .get('/begin', session.required, (req, res) => {
        req.session.note = 'mine'
        res.json('begun')
      })
      .use('/optional', session.optional, (req, res) => {
        res.json((req as Partial<typeof req>).session?.note ?? 'nobody')
      })
      .use(session.required, session.required)
      .use((req, res) => {
        this.ran.push(`${req.method} ${req.path}`)
        res.json(req.session.note ?? 'nobody')
      })
    this.#server = createServer(app)
  }

  async signIn(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    await this.#send('GET', '/begin', {}, this.#jar)
    if (this.#jar.names.length !== 1) throw new Error('no session was begun')
  }

  /** As the browser that is signed in. */
  ask(method: string, headers: Headers, path = '/orders'): Promise<Answer> {
    return this.#send(method, path, headers, this.#jar)
  }

  /** As somebody without a cookie. */
  askAsStranger(method: string, headers: Headers): Promise<Answer> {
    return this.#send(method, '/orders', headers)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #send(method: string, path: string, headers: Headers, jar?: Jar): Promise<Answer> {
    const { port } = this.#server.address() as AddressInfo
    return send({ hostname: '127.0.0.1', port }, path, { method, headers, ...(jar && { jar }) })
  }
}

let people: People
beforeAll(async () => {
  people = new People(true)
  await people.signIn()
})
afterAll(() => people.close())

describe('AC-01 changes that another site has a person’s browser send', () => {
  const foreign: readonly (readonly [string, Headers])[] = [
    ['another site', { 'sec-fetch-site': 'cross-site', origin: EVIL }],
    ['another site, which does not say who it is', { 'sec-fetch-site': 'cross-site' }],
    ['a sister site', { 'sec-fetch-site': 'same-site', origin: 'https://sister.app.example' }],
    ['another site that claims our origin', { 'sec-fetch-site': 'cross-site', origin: OWN }],
    ['something that browsers do not say', { 'sec-fetch-site': 'SAME-ORIGIN' }],
    ['nothing that can be read', { 'sec-fetch-site': '' }],
    ['two at once', { 'sec-fetch-site': 'same-origin, cross-site' }],
    ['an older browser on another site', { origin: EVIL }],
    ['an older browser in a frame or after a redirect', { origin: 'null' }],
    ['our host without TLS', { origin: 'http://app.example' }],
    ['another port of our host', { origin: `${OWN}:8443` }],
    ['a host that begins like ours', { origin: `${OWN}.evil.example` }],
    ['no origin at all', { origin: '' }],
    ['another site, with a bearer token too', { origin: EVIL, authorization: 'Bearer x' }],
  ]

  describe.each(METHODS)('%s', (method) => {
    test.each(foreign)(
      'AC-01 from %s: 403 with a reason, and the handler does not run',
      async (_who, headers) => {
        people.ran.length = 0
        people.lines.length = 0
        const answer = await people.ask(method, headers)
        expect([answer.status, people.ran]).toEqual([403, []])
        expect(answer.json()).toEqual({
          error: 'cross_site_request',
          error_description: 'The request came from another site',
        })
        expect(answer.headers['cache-control']).toBe('no-store')
        expect(people.lines.map(({ code, path }) => [code, path])).toEqual([
          ['cross_site_request', '/orders'],
        ])
      },
    )
  })

  test('AC-01 a form of theirs gets a page', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    expect(await people.ask('POST', headers)).toMatchObject({ status: 403, body: 'page' })
  })

  test('AC-01 a cookie that is forged or over is refused like a good one: nobody learns which it is', async () => {
    const answer = await people.askAsStranger('POST', { origin: EVIL, cookie: '__Host-app=s%3Ax.y' })
    expect(answer.status).toBe(403)
  })
})

describe('AC-01 what is let through', () => {
  const own: readonly (readonly [string, Headers])[] = [
    ['a page of ours', { 'sec-fetch-site': 'same-origin', origin: OWN }],
    ['the person, who repeats a request', { 'sec-fetch-site': 'none' }],
    ['an older browser on a page of ours', { origin: OWN }],
    ['a program that has the cookie', {}],
  ]
  test.each(own)('AC-01 changes from %s', async (_who, headers) => {
    people.ran.length = 0
    for (const method of METHODS) {
      const answer = await people.ask(method, headers)
      expect([method, answer.status, answer.json()]).toEqual([method, 200, 'mine'])
    }
    expect(people.ran).toEqual(METHODS.map((method) => `${method} /orders`))
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])(
    'AC-01 %s from another site, which may change nothing',
    async (method) => {
      expect((await people.ask(method, { 'sec-fetch-site': 'cross-site', origin: EVIL })).status).toBe(200)
    },
  )

  test('AC-01 a bearer token without the cookie, from wherever', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: EVIL, authorization: 'Bearer x' }
    for (const extra of [{}, { cookie: 'other=1; x__Host-app=2' }]) {
      const answer = await people.askAsStranger('POST', { ...headers, ...extra })
      expect([answer.status, answer.json()]).toEqual([200, 'nobody'])
    }
  })

  test('AC-01 everything, where it is switched off', async () => {
    const open = new People(false)
    await open.signIn()
    const answer = await open.ask('POST', { 'sec-fetch-site': 'cross-site', origin: EVIL })
    expect([answer.status, answer.json()]).toEqual([200, 'mine'])
    await open.close()
  })
})

describe('P-12 while the store is away', () => {
  class Away extends MemoryRecords {
    isAway = false
    override get(key: string): ReturnType<MemoryRecords['get']> {
      return this.isAway ? Promise.reject(new Error('secret words of the store')) : super.get(key)
    }

    override prolong(): Promise<void> {
      return Promise.reject(new Error('secret words of the store'))
    }
  }

  test('P-12 what needs a session is answered 503, the rest as for nobody', async () => {
    const records = new Away()
    const app = new People(true, newStore(records, { now: Date.now }))
    await app.signIn()
    expect((await app.ask('GET', {}, '/optional')).json()).toBe('mine')
    records.isAway = true
    const answer = await app.ask('GET', {})
    expect([answer.status, answer.headers['retry-after'], app.ran]).toEqual([503, '5', []])
    expect(answer.json()).toMatchObject({ error: 'session_store_unavailable' })
    expect(answer.body + JSON.stringify(app.lines)).not.toContain('secret words')
    expect((await app.ask('GET', {}, '/optional')).json()).toBe('nobody')
    records.isAway = false
    expect((await app.ask('GET', {})).json()).toBe('mine')
    await app.close()
  })

  test('P-12 a session that was read is good, also when its end cannot be moved', async () => {
    let ahead = 0
    const now = (): number => Date.now() + ahead
    const app = new People(true, newStore(new Away({ now }), { now }))
    await app.signIn()
    ahead = 500_000
    expect((await app.ask('GET', {})).json()).toBe('mine')
    await app.close()
  })
})
