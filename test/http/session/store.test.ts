import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { silentLog } from '../../../src/log.js'
import { createRespond } from '../../../src/http/respond.js'
import { loginPart, type LoginStore } from '../../../src/login/login-session.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import { createSession } from '../../../src/session/middleware.js'
import { replaceSession, saveSession } from '../../../src/session/replace-session.js'
import { SessionStore } from '../../../src/session/session-store.js'
import { Jar } from '../../support/browser-jar.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { SCRIPT } from '../../support/test-app.js'
import { withApp } from '../../support/with-app.js'
import { sessionIdOf } from './signed-cookie.js'

declare module 'express-session' {
  interface SessionData {
    visits?: number
  }
}

const OLD = 'the-older-session-secret-of-32-characters'
const NEW = 'the-newer-session-secret-of-32-characters'

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})

afterAll(() => provider.close())

/** A store, and how many records it has. */
interface Place {
  readonly store: LoginStore
  readonly size: () => number
}

function newPlace(): Place {
  const records = new MemoryRecords()
  const store = new SessionStore({ records, own: loginPart, idleTimeout: 60, absoluteTimeout: 600 })
  return { store, size: () => records.size('session') }
}

/** An app of four routes on a store that we can look into. */
function counting({ store }: Place, secrets: readonly string[]) {
  const respond = createRespond({ log: silentLog, page: () => undefined, challenge: () => 'Bearer' })
  return ({ publicUrl }: { publicUrl: string }) =>
    express()
      .use(
        createSession({ publicUrl, cookieName: 'latchkey', secrets, store, respond, refuseCrossSite: true })
          .required,
      )
      .get('/visit', async (req, res) => {
        req.session.visits = (req.session.visits ?? 0) + 1
        await saveSession(req)
        res.json(req.session.visits)
      })
      .get('/renew', async (req, res) => {
        const replaced = await replaceSession(req, (session, { visits = 0 }) => {
          session.visits = visits
        })
        await replaced.endOld()
        res.json(req.session.visits)
      })
      .get('/leave', (req, res, next) => {
        req.session.destroy((error) => (error instanceof Error ? next(error) : res.json('gone')))
      })
      .get('/look', (req, res) => {
        res.json(req.session.visits ?? null)
      })
}

const isThere = (store: LoginStore, sid: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    store.get(sid, (error, found) => (error instanceof Error ? reject(error) : resolve(found !== null)))
  })

describe('SE-10 visitors', () => {
  test('SE-10 1,000 anonymous requests leave no record and no cookie', async () => {
    const place = newPlace()
    await withApp(provider, { makeApp: counting(place, [NEW]) }, async (app) => {
      for (let i = 0; i < 1000; i++) expect((await app.send('/look')).cookies).toEqual([])
      expect(place.size()).toBe(0)
      await app.send('/visit')
      expect(place.size()).toBe(1)
    })
  })

  test('SE-10 pages, health and addresses that are none set no cookie', async () => {
    await withApp(provider, {}, async (app) => {
      const paths = [
        '/',
        '/healthz',
        '/readyz',
        '/metrics',
        '/nothing',
        '/secure-data',
        '/hello',
        '/logout',
        '/session',
      ]
      for (let i = 0; i < 120; i++) {
        for (const path of paths) {
          const answer = await (i % 2 === 0 ? app.navigate(path) : app.send(path, { headers: SCRIPT }))
          expect([path, answer.cookies]).toEqual([path, []])
        }
      }
    })
  })
})

describe('SE-01 records of the store', () => {
  test('SE-01 a new id takes the place of the old one, whose record is gone', async () => {
    const place = newPlace()
    await withApp(provider, { makeApp: counting(place, [NEW]) }, async (app) => {
      const jar = new Jar()
      await app.send('/visit', { jar })
      const first = sessionIdOf(jar.get('latchkey'))
      expect(await isThere(place.store, first)).toBe(true)
      expect((await app.send('/visit', { jar })).json()).toBe(2)
      expect((await app.send('/renew', { jar })).json()).toBe(2)
      expect(sessionIdOf(jar.get('latchkey'))).not.toBe(first)
      expect([place.size(), await isThere(place.store, first)]).toEqual([1, false])
      await app.send('/leave', { jar })
      expect(place.size()).toBe(0)
      expect((await app.send('/look', { jar })).json()).toBeNull()
    })
  })
})

describe('SE-06 a change of SESSION_SECRETS', () => {
  test('SE-06 cookies signed by the older secret are accepted while it is listed, then anonymous', async () => {
    const place = newPlace()
    const jar = new Jar()
    const visit = (secrets: readonly string[]) =>
      withApp(provider, { makeApp: counting(place, secrets) }, async (app) =>
        (await app.send('/look', { jar })).json(),
      )
    await withApp(provider, { makeApp: counting(place, [OLD]) }, (app) => app.send('/visit', { jar }))
    expect(await visit([OLD])).toBe(1)
    expect(await visit([NEW, OLD])).toBe(1)
    expect(await visit([NEW])).toBeNull()
  })
})
