import { createClient, ErrorReply } from 'redis'
import type { Log } from '../log.js'
import type { Metrics } from '../metrics.js'
import { SessionError } from './errors.js'
import { inTime } from './in-time.js'

/**
 * What Latchkey asks of a client of the `redis` package: one made by `createClient`, `createSentinel` or
 * `createCluster`, connected by whoever made it.
 */
export interface RedisClient {
  /** Runs a script on one key. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** Runs scripts, and says clearly and in time when Redis does not. */
export interface RedisLink {
  /**
   * @param operation a word for logs and metrics.
   * @throws {@link SessionError} `session_store_unavailable`, after 1.5 s at the latest.
   */
  run(
    operation: string,
    script: string,
    keys: string[],
    values: readonly (string | number)[],
  ): Promise<unknown>
  close(): Promise<void>
}

/** Milliseconds for one command: a route answers within 2 s even when Redis does not. */
const DEADLINE = 1500
/** So long after a command without an answer nothing else is tried: who comes then need not wait, too. */
const PAUSE = 1000
/** A connection on which nothing comes back for so long is given up for another one. */
const GIVE_UP = 4000
/** Milliseconds for Redis to greet a new connection. */
const HANDSHAKE = 3000
/** The longest time between two attempts to connect. */
const RETRY = 1000

export interface RedisLinkOptions {
  readonly log: Log
  readonly metrics: Metrics
}

/** A link over a client that somebody else made, connects and closes. */
export function linkTo(client: RedisClient, options: RedisLinkOptions): RedisLink {
  return createLink({ client: () => client, renew: () => undefined, close: () => Promise.resolve() }, options)
}

/** A link that connects by itself, now and whenever it has lost Redis. */
export function connectTo(url: string, options: RedisLinkOptions): RedisLink {
  let closed = false
  const open = () => {
    const client = createClient({
      url,
      // Rather an error at once than an answer when Redis is back: nobody waits for it then.
      disableOfflineQueue: true,
      commandsQueueMaxLength: 10_000,
      socket: { connectTimeout: 2000, reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, RETRY) },
    })
    // What goes wrong is told by the commands that it hits; without a listener it would end the process.
    client.on('error', () => undefined)
    // Something takes connections there, and may never say a word on them.
    client.on('connect', () => {
      setTimeout(() => {
        if (!client.isReady) renew(client)
      }, HANDSHAKE).unref()
    })
    client.connect().catch(() => undefined)
    return client
  }
  let current = open()
  const renew = (broken: unknown): void => {
    if (closed || broken !== current) return
    if (current.isOpen) current.destroy()
    current = open()
  }
  return createLink(
    {
      client: () => current,
      renew: () => renew(current),
      close: () => {
        closed = true
        if (current.isOpen) current.destroy()
        return Promise.resolve()
      },
    },
    options,
  )
}

interface Source {
  client(): RedisClient
  /** Called when the client's connection seems to be dead. */
  renew(): void
  close(): Promise<void>
}

function createLink(source: Source, { log, metrics }: RedisLinkOptions): RedisLink {
  let isDown = false
  let heardAt = performance.now()
  let pausedUntil = 0

  function heard(): void {
    heardAt = performance.now()
    pausedUntil = 0
    if (isDown) log.info({ code: 'store_available' }, 'Redis answers again')
    isDown = false
  }

  function missed(operation: string, cause: unknown): never {
    const reason = reasonOf(cause)
    if (!isDown) log.warn({ code: 'store_unavailable', reason }, 'Redis does not serve us')
    isDown = true
    throw new SessionError('session_store_unavailable', `${operation} failed: ${reason}`, { cause })
  }

  function giveUpIfDead(): void {
    if (performance.now() - heardAt <= GIVE_UP) return
    heardAt = performance.now()
    source.renew()
  }

  return {
    async run(operation, script, keys, values) {
      const begun = performance.now()
      let ok = false
      try {
        if (performance.now() < pausedUntil) throw new Overdue()
        const answer = source.client().eval(script, { keys, arguments: values.map(String) })
        // Also when it comes too late. A refusal is an answer, too.
        answer.then(heard, (error: unknown) => {
          if (error instanceof ErrorReply) heardAt = performance.now()
        })
        const result = await inTime(answer, DEADLINE, () => new Overdue())
        ok = true
        return result
      } catch (cause) {
        if (cause instanceof Overdue && performance.now() >= pausedUntil)
          pausedUntil = performance.now() + PAUSE
        giveUpIfDead()
        return missed(operation, cause)
      } finally {
        metrics.store(operation, (performance.now() - begun) / 1000, ok)
      }
    },
    close: () => source.close(),
  }
}

class Overdue extends Error {
  readonly code = 'time-out'
}

/** One word of what went wrong; never text of the other side, which may hold an address or a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  // Redis begins its errors with a word of its own: NOAUTH, WRONGPASS, LOADING, READONLY, OOM.
  return /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] ?? error.constructor.name
}
