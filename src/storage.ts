import type { Log } from './log.js'
import { loginPart, type LoginStore } from './login/login-session.js'
import type { Metrics } from './metrics.js'
import type { CompleteOptions } from './options.js'
import { cookieAttributes } from './session/cookies.js'
import { MemoryRecords } from './session/memory-records.js'
import type { Records } from './session/records.js'
import { connectTo, linkTo, type RedisLink } from './session/redis-link.js'
import { RedisRecords } from './session/redis-records.js'
import { createSeal } from './session/seal.js'
import { SessionStore } from './session/session-store.js'

interface Observers {
  readonly log: Log
  readonly metrics: Metrics
}

/** Where everything lives that outlasts a request, and the sessions in it. */
export function createStorage(options: CompleteOptions & Observers): {
  readonly records: Records
  readonly store: LoginStore
} {
  const records = createRecords(options, options)
  const store = createSessionStore(records, options)
  options.metrics.sessions(() => store.count())
  return { records, store }
}

/** In Redis, when there is one, else in this process. */
function createRecords(options: CompleteOptions, observers: Observers): Records {
  const { now, issuer, clientId, cookieName, sessionSecrets } = options
  const link = linkToRedis(options, observers)
  if (link === undefined || sessionSecrets === undefined) return new MemoryRecords({ ...(now && { now }) })
  // Another client, or another app on the same host, has other sessions.
  const space = JSON.stringify([issuer, clientId, cookieName])
  return new RedisRecords({ link, seal: createSeal(sessionSecrets), space, ...(now && { now }) })
}

function linkToRedis({ redis, redisUrl }: CompleteOptions, observers: Observers): RedisLink | undefined {
  if (redis !== undefined) return linkTo(redis, observers)
  return redisUrl === undefined ? undefined : connectTo(redisUrl, observers)
}

function createSessionStore(records: Records, options: CompleteOptions): LoginStore {
  const { publicUrl, sessionIdleTimeout, sessionAbsoluteTimeout, now } = options
  return new SessionStore({
    records,
    own: loginPart,
    cookie: cookieAttributes(publicUrl),
    idleTimeout: sessionIdleTimeout,
    absoluteTimeout: sessionAbsoluteTimeout,
    ...(now && { now }),
  })
}
