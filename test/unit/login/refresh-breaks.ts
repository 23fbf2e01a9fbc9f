import expressSession from 'express-session'
import { LoginError } from '../../../src/login/errors.js'
import type { LoginSession } from '../../../src/login/login-session.js'
import type { HeldSession } from '../../../src/session/session-store.js'
import type { Break } from './refresh-script.js'

interface Breakage {
  readonly name: string
  readonly kind: 'calm' | 'crashes' | 'standingStill'
  readonly broken: Break
  /** What the model must say of it. */
  readonly found: RegExp
}

const nothing = (): Promise<void> => Promise.resolve()

/** Faults that the renewal could have, each in one place. */
export const BREAKS: readonly Breakage[] = [
  {
    name: 'there is no lock',
    kind: 'calm',
    broken: (options) => ({
      ...options,
      locks: { tryTake: () => Promise.resolve({ release: nothing, rest: nothing }) },
    }),
    found: /in flight twice|a spent token was sent/,
  },
  {
    name: 'a lease is not renewed',
    kind: 'calm',
    broken: (options, records) => ({
      ...options,
      locks: {
        async tryTake(name) {
          const mine = await records.replace(`lock:${name}`, undefined, 'taken', 1000)
          if (mine === undefined) return 'taken'
          const release = async (): Promise<void> => {
            await records.remove(`lock:${name}`, mine)
          }
          return { release, rest: release }
        },
      },
    }),
    found: /in flight twice|a spent token was sent/,
  },
  {
    name: 'a lock is never free after a crash',
    kind: 'crashes',
    broken: (options, records) => ({
      ...options,
      locks: {
        async tryTake(name) {
          const mine = await records.replace(`lock:${name}`, undefined, 'taken', 3_600_000)
          if (mine === undefined) return 'taken'
          const release = async (): Promise<void> => {
            await records.remove(`lock:${name}`, mine)
          }
          return { release, rest: release }
        },
      },
      upstreamTimeout: 3600,
    }),
    found: /requests were not answered/,
  },
  {
    name: 'the session is not read again under the lock',
    kind: 'calm',
    broken: (options) =>
      withStore(options, (store) => {
        let first: Promise<HeldSession<LoginSession> | undefined> | undefined
        return { hold: (sid) => (first ??= store.hold(sid)) }
      }),
    found: /a spent token was sent|a token that is over was given/,
  },
  {
    name: 'tokens are stored whatever is there',
    kind: 'standingStill',
    broken: (options) =>
      withStore(options, (store) => ({
        async replaceOwn(sid, _held, own) {
          const now = await store.hold(sid)
          return now !== undefined && store.replaceOwn(sid, now, own)
        },
      })),
    found: /was stored over/,
  },
  {
    name: 'tokens are stored where the session has ended',
    kind: 'calm',
    broken: (options, _records, store) =>
      withStore(options, () => ({
        async replaceOwn(sid, held, own) {
          if (await store.replaceOwn(sid, held, own)) return true
          const session = { cookie: new expressSession.Cookie(), latchkey: own }
          await new Promise((resolve) => store.set(sid, session, resolve))
          return true
        },
      })),
    found: /came back/,
  },
  {
    name: 'a refusal ends whatever is there',
    kind: 'standingStill',
    broken: (options, _records, store) =>
      withStore(options, () => ({
        endHeld: async (sid) => (await store.end(sid)) !== undefined,
      })),
    found: /the session ended, and refresh-\d+ was not refused/,
  },
  {
    name: 'a failure ends the session',
    kind: 'calm',
    broken: (options) => ({
      ...options,
      renew: (login) =>
        options.renew(login).catch((cause: unknown) => {
          throw new LoginError('refresh_refused', 'a failure', { cause })
        }),
    }),
    found: /the session ended, and refresh-\d+ was not refused/,
  },
  {
    name: 'the refresh token is lost with an ID token that could not be judged',
    kind: 'calm',
    broken: (options) => ({
      ...options,
      async renew(login) {
        const renewal = await options.renew(login)
        if ('unjudged' in renewal) throw renewal.unjudged.error
        return renewal
      },
    }),
    found: /a spent token was sent/,
  },
  {
    name: 'a call never ends',
    kind: 'calm',
    broken: (options) => ({ ...options, renew: () => new Promise(() => undefined) }),
    found: /requests were not answered/,
  },
]

type Store = Parameters<Break>[0]['store']

function withStore(
  options: Parameters<Break>[0],
  change: (store: Store) => Partial<Store>,
): Parameters<Break>[0] {
  const { store } = options
  return {
    ...options,
    store: {
      hold: store.hold.bind(store),
      replaceOwn: store.replaceOwn.bind(store),
      endHeld: store.endHeld.bind(store),
      idOf: store.idOf.bind(store),
      ...change(store),
    },
  }
}
