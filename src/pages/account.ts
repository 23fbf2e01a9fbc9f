import type { Request } from 'express'
import { displayClaims } from '../http/auth.js'
import { queryOf } from '../http/query.js'
import type { AccountSession, AccountSessions } from '../login/account-sessions.js'
import { ACTION_OUTCOMES } from '../login/action-outcome.js'
import { authenticatedAt, loginOf, type LoginStore } from '../login/login-session.js'
import type { Proofs } from '../session/proofs.js'
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
  readonly proofs: Pick<Proofs, 'holds'>
}

/** Behind `requireLogin`: without a session there is nothing to describe. */
export async function describeAccount(
  req: Request,
  t: Texts,
  { store, accountSessions, proofs }: AccountOptions,
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
    notice: noticeOf(queryOf(req), t, (text, proof) => proofs.holds(req.sessionID, text, proof)),
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

/** Anybody can write an address: only what we said to this session is said again. */
function noticeOf(
  query: URLSearchParams,
  { account }: Texts,
  isOurs: (text: string, proof: string | null) => boolean,
): string | undefined {
  const proof = query.get('proof')
  const [ended, left] = [query.get('ended'), query.get('left')]
  if (isOurs(`${ended} ${left}`, proof)) return account.ended(Number(ended), Number(left))
  const [action, status] = [query.get('kc_action'), query.get('kc_action_status')]
  const outcome = ACTION_OUTCOMES.find((known) => known === status)
  return outcome !== undefined && isOurs(`${action} ${outcome}`, proof)
    ? account.outcomes[outcome]
    : undefined
}
