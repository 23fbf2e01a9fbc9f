import expressSession from 'express-session'
import { createLoginSession, loginPart, type LoginSession } from '../../../src/login/login-session.js'
import type { Renewal } from '../../../src/login/refresh-grant.js'
import { createRefresher, type Refresher } from '../../../src/login/refresh.js'
import type { LogFields } from '../../../src/log.js'
import { silentLog } from '../../../src/log.js'
import { noMetrics } from '../../../src/metrics.js'
import { SessionError } from '../../../src/session/errors.js'
import { createLocks } from '../../../src/session/lock.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import type { Records } from '../../../src/session/records.js'
import { SessionStore } from '../../../src/session/session-store.js'

export const SID = 'the-session'
/** Seconds: how long new tokens last, and how long before their end they are due. */
export const LIFE = 300
export const BEFORE = 30

interface Call {
  readonly login: LoginSession
  succeed(changes?: { refreshToken?: string; expiresIn?: number | undefined }): void
  answer(renewal: Renewal): void
  fail(error: Error): void
}

/** Several processes over one store, a clock that only the tests move, and calls that only they answer. */
export class Bench {
  now = 1_700_000_000_000
  /** While true, nothing comes of what is sent to the store. */
  isStoreAway = false
  /** Like that, from the next change of a session on, which is lost. */
  losesSession = false
  /** How often the store was asked. */
  asked = 0
  readonly calls: Call[] = []
  readonly outcomes: string[] = []
  /** Logins whose tokens were given up. */
  readonly abandoned: LoginSession[] = []
  readonly logged: (LogFields & { readonly message: string })[] = []
  readonly records = new MemoryRecords({ now: () => this.now })
  readonly store = this.#storeOver(this.records)

  /** A session whose tokens are due in so many seconds. */
  async begin(
    dueIn = 0,
    { expiresIn = LIFE }: { expiresIn?: number | undefined } = {},
  ): Promise<LoginSession> {
    const login = createLoginSession(
      {
        claims: { iss: 'https://id.example', sub: 'person', exp: 0, iat: 0 },
        accessToken: 'access-0',
        refreshToken: 'refresh-0',
        idToken: 'id-0',
        scope: new Set(['openid']),
        expiresIn,
      },
      { issuer: 'https://id.example', device: {}, now: this.now + (dueIn + BEFORE - LIFE) * 1000 },
    )
    const session = { cookie: new expressSession.Cookie(), latchkey: login }
    await new Promise((resolve) => this.store.set(SID, session, resolve))
    return login
  }

  process(): Refresher {
    const records = this.#away()
    return createRefresher({
      store: this.#storeOver(records),
      locks: createLocks({ records }),
      renew: (login) => this.#call(login),
      abandon: (login) => {
        this.abandoned.push(login)
        return Promise.resolve()
      },
      refreshBefore: BEFORE,
      upstreamTimeout: 5,
      log: { ...silentLog, warn: (fields, message) => void this.logged.push({ ...fields, message }) },
      metrics: { ...noMetrics, refresh: (outcome) => void this.outcomes.push(outcome) },
      now: () => this.now,
    })
  }

  /** What the store has of the session. */
  async held(): Promise<LoginSession | undefined> {
    return (await this.store.hold(SID))?.own
  }

  pass(seconds: number): void {
    this.now += seconds * 1000
  }

  #call(login: LoginSession): Promise<Renewal> {
    return new Promise((resolve, reject) => {
      const number = this.calls.length + 1
      this.calls.push({
        login,
        answer: resolve,
        fail: reject,
        succeed: ({ refreshToken = `refresh-${number}`, expiresIn = LIFE } = {}) =>
          resolve({
            login: {
              claims: login.claims,
              accessToken: `access-${number}`,
              refreshToken,
              idToken: `id-${number}`,
              scope: new Set(['openid', 'email']),
              expiresIn,
            },
          }),
      })
    })
  }

  #storeOver(records: Records): SessionStore<LoginSession> {
    const now = (): number => this.now
    return new SessionStore({ records, own: loginPart, idleTimeout: 86_400, absoluteTimeout: 86_400, now })
  }

  #away(): Records {
    const { records } = this
    const away = (): SessionError => new SessionError('session_store_unavailable', 'away')
    const there = <T>(work: () => Promise<T>): Promise<T> => {
      this.asked++
      return this.isStoreAway ? Promise.reject(away()) : work()
    }
    return {
      get: (key) => there(() => records.get(key)),
      replace: (key, before, value, life) => {
        if (this.losesSession && key.startsWith('session:')) this.isStoreAway = true
        return there(() => records.replace(key, before, value, life))
      },
      remove: (key, before) => there(() => records.remove(key, before)),
      prolong: (key, life) => there(() => records.prolong(key, life)),
      addMember: (key, name, life) => there(() => records.addMember(key, name, life)),
      removeMember: (key, name) => there(() => records.removeMember(key, name)),
      members: (key) => there(() => records.members(key)),
      countMembers: (key, since) => there(() => records.countMembers(key, since)),
      probe: () => records.probe(),
      close: () => records.close(),
    }
  }
}
