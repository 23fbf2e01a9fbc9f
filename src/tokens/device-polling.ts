import { TokenError } from './errors.js'
import type { TokenSet } from './token-set.js'

/** What is waited when nothing is said, and what `slow_down` adds, in seconds. */
const STEP = 5
/** The longest that an outage makes it wait, unless it was told to, in seconds. */
const LONGEST_PAUSE = 60
/** The longest that a timer runs, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647

export interface DevicePollingOptions {
  /** Seconds, above 0; as told by the server, if it did. */
  readonly interval: number | undefined
  /** Seconds. */
  readonly expiresIn: number
  readonly abandoned: AbortSignal
  readonly now: () => number
  readonly poll: () => Promise<TokenSet>
  /** Waits so many milliseconds. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/**
 * Asks for the tokens until the person has decided, never faster than told.
 *
 * @throws {@link TokenError} `access_denied`, `expired_token`, or what else ends it; the reason of the signal.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628.html#section-3.5 | RFC 8628 §3.5}
 */
export async function devicePolling(options: DevicePollingOptions): Promise<TokenSet> {
  const { expiresIn, abandoned, now, poll, sleep = wait } = options
  const end = now() + expiresIn * 1000
  // > If no value is provided, clients MUST use 5 as the default.
  let pace: Pace = { interval: options.interval ?? STEP, pause: options.interval ?? STEP }
  for (;;) {
    const left = end - now()
    await sleep(Math.min(pace.pause * 1000, left), abandoned)
    if (pace.pause * 1000 >= left) throw expired()
    try {
      return await poll()
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      pace = paceAfter(error, pace)
    }
  }
}

/** In seconds. */
interface Pace {
  /** As told. */
  readonly interval: number
  /** Before the next time. */
  readonly pause: number
}

/** @throws the error, when it ends the polling. */
function paceAfter(error: TokenError, { interval, pause }: Pace): Pace {
  // > the interval MUST be increased by 5 seconds for this and all subsequent requests
  if (error.error === 'slow_down') return { interval: interval + STEP, pause: interval + STEP }
  if (error.error === 'authorization_pending') return { interval, pause: interval }
  // > On encountering a connection timeout, clients MUST unilaterally reduce their polling frequency
  if (error.code === 'unavailable')
    return { interval, pause: Math.max(interval, Math.min(pause * 2, LONGEST_PAUSE)) }
  throw error
}

function expired(): TokenError {
  return new TokenError('expired_token', 'nobody finished the sign-in in time: begin again', {
    status: 400,
    error: 'expired_token',
  })
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer)
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is the caller's own
      reject(signal.reason)
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', leave)
        resolve()
      },
      Math.min(Math.max(milliseconds, 0), LONGEST_TIMER),
    )
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
