import type { Request } from 'express'
import { displayClaims } from '../http/auth.js'
import { queryOf } from '../http/query.js'
import type { AccountSession, AccountSessions } from '../login/account-sessions.js'
import { readActionOutcome } from '../login/action-outcome.js'
import { authenticatedAt, loginOf, type LoginStore } from '../login/login-session.js'
import type { Texts } from './texts.js'

/** What the account page shows. */
export interface Account {
  readonly name: string | undefined
  readonly username: string | undefined
  readonly email: string | undefined
  readonly subject: string
  readonly authenticatedAt: Date
  /** How the person authenticated, in words. */
  readonly level: string
  readonly endsAt: Date | undefined
  readonly sessions: readonly ShownSession[]
  /** What came of the form or the action that the person comes back from. */
  readonly notice: string | undefined
}

interface ShownSession extends Pick<AccountSession, 'handle' | 'isThis'> {
  readonly device: string
  readonly startedAt: Date
  readonly seenAt: Date
}

export interface AccountOptions {
  readonly store: LoginStore
  readonly accountSessions: Pick<AccountSessions, 'list'>
}

/** Behind `requireLogin`: without a session there is nothing to describe. */
export async function describeAccount(
  req: Request,
  t: Texts,
  { store, accountSessions }: AccountOptions,
): Promise<Account | undefined> {
  const login = loginOf(req, store)
  if (login === undefined) return undefined
  const { acr } = login.claims
  const sessions = await accountSessions.list(req.sessionID, login)
  return {
    ...displayClaims(login.claims),
    subject: login.subject,
    authenticatedAt: new Date(authenticatedAt(login)),
    level:
      (typeof acr === 'string' && Object.hasOwn(t.levels, acr) ? t.levels[acr] : t.levels['unknown']) ?? '',
    endsAt: req.auth?.expiresAt,
    sessions: sessions.map((session) => describeSession(session, t)),
    notice: noticeOf(queryOf(req), t),
  }
}

function describeSession({ device, startedAt, seenAt, ...rest }: AccountSession, t: Texts): ShownSession {
  const { browser, system } = device
  return {
    ...rest,
    device: t.account.device(browser, system) || t.account.unknownDevice,
    startedAt: new Date(startedAt),
    seenAt: new Date(seenAt),
  }
}

/** Anybody can write an address: it chooses between sentences of ours that claim nothing. */
function noticeOf(query: URLSearchParams, { account }: Texts): string | undefined {
  const [ended, left] = [smallNumber(query.get('ended')), smallNumber(query.get('left'))]
  if (ended !== undefined && left !== undefined) return account.ended(ended, left)
  const action = query.get('kc_action')
  const outcome = action === null ? undefined : readActionOutcome(query, action)
  return outcome === undefined ? undefined : account.outcomes[outcome]
}

function smallNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : undefined
}
