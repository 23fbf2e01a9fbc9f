import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import express, { type Request, type RequestHandler } from 'express'
import { Cookie, type SessionData } from 'express-session'
import { createRespond } from '../../../src/http/respond.js'
import { silentLog } from '../../../src/log.js'
import { isObject } from '../../../src/provider/is-object.js'
import type { OwnPart } from '../../../src/session/contents.js'
import { createSession } from '../../../src/session/middleware.js'
import type { Records } from '../../../src/session/records.js'
import { SessionStore } from '../../../src/session/session-store.js'
import { Jar } from '../../support/browser-jar.js'
import { send, type Answer, type Send } from '../../support/send.js'
import type { Kit, OpenKit } from './kits.js'

/** What stands for a login in the tests of the store. */
export interface Badge {
  readonly holder: string
  readonly keys: readonly string[]
  readonly token: string
}

declare module 'express-session' {
  interface SessionData {
    badge?: Badge
    basket?: readonly string[]
    note?: string
  }
}

export type BadgeStore = SessionStore<Badge>

const badgePart: OwnPart<Badge> = {
  field: 'badge',
  keysOf: ({ keys }) => keys,
  toJson: (badge) => ({ ...badge }),
  fromJson: (value) =>
    isObject(value) && typeof value['token'] === 'string'
      ? Object.freeze(value as unknown as Badge)
      : undefined,
}

/** Seconds. */
export const IDLE = 1000
export const ABSOLUTE = 5000

export function newStore(records: Records, { now }: Pick<Kit, 'now'>, life = {}): BadgeStore {
  return new SessionStore({
    records,
    own: badgePart,
    idleTimeout: IDLE,
    absoluteTimeout: ABSOLUTE,
    now,
    ...life,
  })
}

export const badgeOf = (holder: string, token = 'first', keys: readonly string[] = [holder]): Badge => ({
  holder,
  keys,
  token,
})

/** The methods of express-session's stores, as promises. */
export const methodsOf = (store: BadgeStore) => ({
  get: (sid: string) =>
    new Promise<SessionData | null | undefined>((resolve, reject) =>
      store.get(sid, (error, found) => (error instanceof Error ? reject(error) : resolve(found))),
    ),
  set: (sid: string, session: SessionData) =>
    new Promise<void>((resolve, reject) =>
      store.set(sid, session, (error) => (error instanceof Error ? reject(error) : resolve())),
    ),
  destroy: (sid: string) =>
    new Promise<void>((resolve, reject) =>
      store.destroy(sid, (error) => (error instanceof Error ? reject(error) : resolve())),
    ),
})

export const newSession = (data: Partial<SessionData> = {}): SessionData => ({
  cookie: new Cookie(),
  ...data,
})

/** A session that a request has loaded; as express-session does it. */
export async function loaded(
  store: BadgeStore,
  sid: string,
): Promise<Pick<Request, 'sessionID' | 'session'>> {
  const data = await methodsOf(store).get(sid)
  if (!data) throw new Error('there is no such session')
  const req: Partial<Request> = { sessionID: sid }
  const session = store.createSession(req as Request, data)
  return { sessionID: sid, session }
}

/** A session with a badge under a new id. */
export async function begin(
  store: BadgeStore,
  badge: Badge,
  data: Partial<SessionData> = {},
): Promise<string> {
  const sid = randomUUID()
  await methodsOf(store).set(sid, newSession({ ...data, badge }))
  return sid
}

export interface App {
  send(path: string, options?: Send): Promise<Answer>
  /** What `/look` answers. */
  look(jar: Jar): Promise<unknown>
  close(): Promise<void>
}

/** An app with express-session on a store, and routes of the test beside `/look` and `/enter/:holder`. */
export async function startApp(
  store: BadgeStore,
  routes: Readonly<Record<string, RequestHandler>> = {},
): Promise<App> {
  const respond = createRespond({ log: silentLog, page: () => undefined, challenge: () => 'Bearer' })
  const { required } = createSession({
    publicUrl: 'http://127.0.0.1',
    cookieName: 'sid',
    secrets: ['the-cookie-secret-of-these-tests-of-32-characters'],
    store,
    respond,
    refuseCrossSite: true,
  })
  const app = express()
    .use(required)
    .get('/look', ({ session: { badge, basket, note } }, res) => {
      res.json({ badge: badge?.token, basket, note })
    })
    .get('/enter/:holder', (req, res, next) => {
      req.session.regenerate((error) => {
        if (error) {
          next(error)
          return
        }
        req.session.badge = badgeOf(req.params.holder)
        req.session.save((failure) => (failure ? next(failure) : res.json(req.sessionID)))
      })
    })
  for (const [path, handler] of Object.entries(routes)) app.get(path, handler)
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  const { port } = server.address() as AddressInfo
  const ask = (path: string, options?: Send): Promise<Answer> =>
    send({ hostname: '127.0.0.1', port }, path, options)
  return {
    send: ask,
    look: async (jar) => (await ask('/look', { jar })).json(),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A browser that has a session, and the session's id. */
export async function enter(app: App, holder: string): Promise<{ jar: Jar; sid: string }> {
  const jar = new Jar()
  const sid = (await app.send(`/enter/${holder}`, { jar })).json() as string
  return { jar, sid }
}

/** A route that waits in the middle of a request until the test lets it go on. */
export function gate(): {
  readonly open: () => void
  readonly reached: Promise<void>
  wait(): Promise<void>
} {
  let open = (): void => undefined
  let reach = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (reach = resolve))
  return {
    open,
    reached,
    wait() {
      reach()
      return opened
    },
  }
}

export interface At {
  readonly kit: Kit
  readonly store: BadgeStore
  /** The same sessions as another process has them. */
  readonly elsewhere: BadgeStore
  /** The name of somebody whom no other test knows. */
  readonly holder: string
}

/** Opens records for a describe, with two stores on them. */
export function withStores(open: OpenKit): () => At {
  let at: At
  let kit: Kit
  beforeAll(async () => {
    kit = await open()
  })
  afterAll(() => kit.close())
  beforeEach(() => {
    at = {
      kit,
      store: newStore(kit.records, kit),
      elsewhere: newStore(kit.elsewhere, kit),
      holder: randomUUID(),
    }
  })
  return () => at
}
