import { isAppError } from '../errors.js'
import type { Log } from '../log.js'
import type { Provider } from '../provider/provider.js'
import { digest } from '../session/digest.js'
import type { FoundSession } from '../session/session-store.js'
import type { Device } from './device.js'
import { LoginError } from './errors.js'
import type { LoginSession, LoginStore } from './login-session.js'
import type { LogoutMemory } from './logout-memory.js'
import { endAtProvider } from './logout.js'
import { personKey, signOnOf } from './session-keys.js'

/** One session of a person, as they see it. */
export interface AccountSession {
  /** Names it in a form; it is of no other use. */
  readonly handle: string
  readonly isThis: boolean
  readonly device: Device
  /** Milliseconds, both. */
  readonly startedAt: number
  readonly seenAt: number
}

/** Sessions that were ended. */
export interface EndedSessions {
  readonly ended: number
  /** Those of them that the authorization server could not be told of. */
  readonly leftAtProvider: number
}

export interface AccountSessionsOptions {
  readonly store: LoginStore
  readonly memory: Pick<LogoutMemory, 'note'>
  readonly provider: Provider
  readonly log: Log
}

/** A person's sessions on this app. Nobody sees or ends those of another. */
export interface AccountSessions {
  /** The newest use first. */
  list(sid: string, login: LoginSession): Promise<readonly AccountSession[]>
  /** @throws {@link LoginError} `unknown_session` when the person has no such session. */
  endOne(sid: string, login: LoginSession, handle: string): Promise<EndedSessions>
  endOthers(sid: string, login: LoginSession): Promise<EndedSessions>
  /**
   * All of them, here alone, and what they were, this one first: they are still to be ended at the authorization
   * server.
   */
  endEverywhere(sid: string, login: LoginSession): Promise<readonly [LoginSession, ...LoginSession[]]>
}

type Found = FoundSession<LoginSession>

export function createAccountSessions(options: AccountSessionsOptions): AccountSessions {
  const { store, memory, provider, log } = options
  const find = ({ issuer, subject }: LoginSession): Promise<readonly Found[]> =>
    store.find(personKey(issuer, subject))

  return {
    async list(sid, login) {
      const id = store.idOf(sid)
      const sessions = (await find(login)).map(({ id: found, own, seenAt }) => ({
        handle: handleOf(found),
        isThis: found === id,
        device: own.device,
        startedAt: own.startedAt,
        seenAt: found === id ? Date.now() : seenAt,
      }))
      return sessions.sort((one, other) => other.seenAt - one.seenAt)
    },
    async endOne(sid, login, handle) {
      const id = store.idOf(sid)
      // This session ends by signing out.
      const meant = (await find(login)).filter((found) => found.id !== id && handleOf(found.id) === handle)
      if (meant.length === 0) throw new LoginError('unknown_session', 'a handle of no session of this person')
      return endThem(meant, login, options)
    },
    async endOthers(sid, login) {
      const id = store.idOf(sid)
      return endThem(
        (await find(login)).filter((found) => found.id !== id),
        login,
        options,
      )
    },
    async endEverywhere(sid, login) {
      // A login of this person that is being finished just now ends with them.
      await memory.note({ issuer: login.issuer, sid: undefined, sub: login.subject })
      const id = store.idOf(sid)
      const others = (await find(login)).filter((found) => found.id !== id)
      const { results: ended, error } = await store.endEach(others.map((found) => found.id))
      if (error !== undefined) {
        await Promise.all(ended.map((other) => tell(other, provider, log)))
        throw error
      }
      return [(await store.end(sid)) ?? login, ...ended]
    },
  }
}

async function endThem(
  sessions: readonly Found[],
  own: LoginSession,
  { store, provider, log }: AccountSessionsOptions,
): Promise<EndedSessions> {
  const { results: ended, error } = await store.endEach(sessions.map(({ id }) => id))
  // One that is part of the same sign-on session as this one ends here alone: the other end would take this, too.
  const elsewhere = ended.filter(
    (login) => signOnOf(login) === undefined || signOnOf(login) !== signOnOf(own),
  )
  const told = await Promise.all(elsewhere.map((login) => tell(login, provider, log)))
  log.info(
    { code: 'sessions_ended', iss: own.issuer, sub: own.subject, sessions: ended.length },
    'ended from the account page',
  )
  // What ended is ended there, too, before we say that not all did.
  if (error !== undefined) throw error
  return { ended: ended.length, leftAtProvider: told.filter((ok) => !ok).length }
}

/** Whether the authorization server knows now that a login is over. */
async function tell(login: LoginSession, provider: Provider, log: Log): Promise<boolean> {
  try {
    return await endAtProvider(login, { ...(await provider.connect()), log })
  } catch (error) {
    if (!isAppError(error)) throw error
    log.warn({ code: 'logout_incomplete', reason: error.message, hint: error.hint }, 'ended here only')
    return false
  }
}

const handleOf = (id: string): string => digest(`handle ${id}`).slice(0, 22)
