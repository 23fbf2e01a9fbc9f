import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { RequestHandler } from 'express'
import { Jar } from '../../support/browser-jar.js'
import {
  badgeOf,
  enter,
  gate,
  methodsOf,
  startApp,
  type App,
  type At,
  type BadgeStore,
} from './session-kit.js'

type Step = (change: (session: Parameters<RequestHandler>[0]['session']) => void) => RequestHandler

/** What happens to sessions while requests are under way: two processes, each an app with express-session. */
export function testsOfExpress(at: () => At): void {
  let app: App
  let other: App
  let door: ReturnType<typeof gate>

  /** A request that has its session, waits, and then changes it. */
  const slow: Step = (change) => async (req, res) => {
    await door.wait()
    change(req.session)
    res.json('done')
  }
  const routes: Readonly<Record<string, RequestHandler>> = {
    '/slow/note': slow((session) => (session.note = 'late')),
    '/slow/basket': slow((session) => (session.basket = ['late'])),
    '/slow/badge': slow((session) =>
      Object.assign(session, { badge: badgeOf('thief', 'stolen'), note: 'late' }),
    ),
    '/slow/nothing': slow(() => undefined),
    '/note/:text': (req, res) => {
      req.session.note = req.params['text'] as string
      res.json(req.sessionID)
    },
    '/leave': (req, res, next) => {
      req.session.destroy((error) => (error ? next(error) : res.json('gone')))
    },
    '/reload': (req, res) => {
      req.session.reload((error) => res.json(error ? 'ended' : req.session.note))
    },
    '/twice': (req, res) => {
      req.session.note = 'first'
      req.session.save()
      req.session.note = 'second'
      res.json(req.sessionID)
    },
  }

  beforeEach(async () => {
    door = gate()
    app = await startApp(at().store, routes)
    other = await startApp(at().elsewhere, routes)
  })
  afterEach(async () => {
    door.open()
    await Promise.all([app.close(), other.close()])
  })

  /** Does something while a request to `path` is under way. */
  async function during(path: string, jar: Jar, what: () => Promise<unknown>): Promise<void> {
    const answer = app.send(path, { jar: jar.copy() })
    await door.reached
    await what()
    door.open()
    expect((await answer).status).toBe(200)
  }

  async function renew(store: BadgeStore, sid: string, token: string): Promise<void> {
    const held = await store.hold(sid)
    if (held === undefined) throw new Error('not held')
    expect(await store.replaceOwn(sid, held, { ...held.own, token })).toBe(true)
  }

  test('SE-01 a new id takes the place of the old one, whose record is gone', async () => {
    const { store, holder } = at()
    const { jar, sid } = await enter(app, holder)
    expect(await other.look(jar)).toEqual({ badge: 'first' })
    const old = jar.copy()
    await other.send(`/enter/${holder}`, { jar })
    expect(jar.get('sid')).not.toBe(old.get('sid'))
    expect(await methodsOf(store).get(sid)).toBeNull()
    expect([await app.look(old), await app.look(jar)]).toEqual([{}, { badge: 'first' }])
  })

  test('SE-03 a session that was destroyed in one process has ended in all', async () => {
    const { jar } = await enter(app, at().holder)
    await other.send('/leave', { jar: jar.copy() })
    expect([await app.look(jar), await other.look(jar)]).toEqual([{}, {}])
  })

  test.each(['/slow/note', '/slow/badge', '/slow/nothing'])(
    'a session that ends while %s is under way stays so',
    async (path) => {
      const { holder, store, elsewhere } = at()
      const endings: ((jar: Jar, sid: string) => Promise<unknown>)[] = [
        (jar) => other.send('/leave', { jar: jar.copy() }),
        (jar) => other.send(`/enter/${holder}-again`, { jar: jar.copy() }),
        () => elsewhere.endAll(holder, () => true),
        (_jar, sid) => store.end(sid),
      ]
      for (const end of endings) {
        door = gate()
        const { jar, sid } = await enter(app, holder)
        await during(path, jar, () => end(jar, sid))
        expect([await app.look(jar), await methodsOf(elsewhere).get(sid)]).toEqual([{}, null])
        expect([...(await store.find(holder)), ...(await store.find('thief'))]).toEqual([])
      }
    },
  )

  test.each(['/slow/note', '/slow/badge'])(
    'RF-01 %s puts no older own part over a newer one',
    async (path) => {
      const { jar, sid } = await enter(app, at().holder)
      await during(path, jar, () => renew(at().elsewhere, sid, 'second'))
      expect(await other.look(jar)).toEqual({ badge: 'second', note: 'late' })
      expect(await at().store.find('thief')).toEqual([])
    },
  )

  test('a new own part puts no older data over newer', async () => {
    const { elsewhere, holder } = at()
    const { jar, sid } = await enter(app, holder)
    const held = await elsewhere.hold(sid)
    await app.send('/note/new', { jar })
    if (held === undefined) throw new Error('not held')
    expect(await elsewhere.replaceOwn(sid, held, { ...held.own, token: 'second' })).toBe(true)
    expect(await app.look(jar)).toEqual({ badge: 'second', note: 'new' })
  })

  test('of two changes at once both requests end well, one change is kept whole, and the own part stays', async () => {
    const { jar } = await enter(app, at().holder)
    for (let round = 0; round < 20; round++) {
      const texts = [`a${round}`, `b${round}`]
      const answers = await Promise.all([
        app.send(`/note/${texts[0]}`, { jar: jar.copy() }),
        other.send(`/note/${texts[1]}`, { jar: jar.copy() }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
      const { note, badge } = (await app.look(jar)) as { note: string; badge: string }
      expect([texts.includes(note), badge]).toEqual([true, 'first'])
    }
  })

  test('the change of a request is in the store before its answer', async () => {
    const { jar } = await enter(app, at().holder)
    for (let round = 0; round < 20; round++) {
      await app.send(`/note/n${round}`, { jar })
      expect(await other.look(jar)).toEqual({ badge: 'first', note: `n${round}` })
    }
  })

  test('of two saves of a new session, one right after the other, the later counts', async () => {
    const jar = new Jar()
    await app.send('/twice', { jar })
    expect(await other.look(jar)).toEqual({ note: 'second' })
    await app.send('/note/third', { jar })
    await app.send('/twice', { jar })
    expect(await other.look(jar)).toEqual({ note: 'second' })
  })

  test('a request that changes nothing writes nothing', async () => {
    const { kit, store, holder } = at()
    const { jar, sid } = await enter(app, holder)
    const version = async () => (await kit.records.get(`session:${store.idOf(sid)}`))?.version
    const before = await version()
    await app.look(jar)
    expect(await version()).toEqual(before)
    await app.send('/note/x', { jar })
    expect(await version()).not.toEqual(before)
  })

  test('reload gives what is there now, and fails when the session has ended', async () => {
    const { store, holder } = at()
    const { jar, sid } = await enter(app, holder)
    await other.send('/note/now', { jar })
    expect((await app.send('/reload', { jar })).json()).toBe('now')
    await store.end(sid)
    expect((await app.send('/reload', { jar })).json()).toBe('ended')
  })
}
