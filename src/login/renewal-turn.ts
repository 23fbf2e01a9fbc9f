import { setTimeout as delay } from 'node:timers/promises'
import type { Metrics } from '../metrics.js'
import { ProviderError } from '../provider/errors.js'
import type { HeldLock, Locks } from '../session/lock.js'
import type { LoginSession, LoginStore } from './login-session.js'

export interface RenewalTurnOptions {
  readonly store: Pick<LoginStore, 'hold' | 'idOf'>
  readonly locks: Locks
  readonly isFresh: (login: LoginSession) => boolean
  /** Seconds; see UPSTREAM_TIMEOUT. */
  readonly upstreamTimeout: number
  readonly metrics: Metrics
}

/** The lock of a session, or what another process has made of the session while we waited for it. */
export type Turn =
  { readonly lock: HeldLock } | { readonly lock: undefined; readonly login: LoginSession | undefined }

/** Milliseconds between two looks at a session that another process renews. */
const LOOK = 40
/** Longer than a lease, in milliseconds: the lock of a process that was killed is free by then. */
const PATIENCE = 4000

/**
 * Waits until it is our turn to renew a session, or until nobody need any more. Who waits looks at the session, and
 * calls nobody.
 *
 * @param isUrgent the access token is over: it is tried also when it has failed a moment ago.
 * @throws `ProviderError` when another process has failed, or does not end; `SessionError` when the store is away.
 */
export async function awaitTurn(sid: string, isUrgent: boolean, options: RenewalTurnOptions): Promise<Turn> {
  const { store, locks, isFresh, upstreamTimeout, metrics } = options
  const name = store.idOf(sid)
  const begun = performance.now()
  const waited = (): number => performance.now() - begun
  try {
    for (let isFirst = true; ; isFirst = false) {
      const lock = await locks.tryTake(name, { alsoResting: isFirst && isUrgent })
      if (typeof lock === 'object') return { lock }
      if (lock === 'resting')
        throw new ProviderError('provider_unavailable', 'the tokens could not be renewed a moment ago')
      await delay(LOOK)
      const login = (await store.hold(sid))?.own
      if (login === undefined || isFresh(login)) return { lock: undefined, login }
      if (waited() > PATIENCE + upstreamTimeout * 1000)
        throw new ProviderError('provider_unavailable', 'another process renews the tokens and does not end')
    }
  } finally {
    metrics.lockWait(waited() / 1000)
  }
}
