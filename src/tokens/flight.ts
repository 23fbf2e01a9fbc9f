import { setMaxListeners } from 'node:events'

/** One piece of work that any number of callers wait for; each may leave without the others noticing. */
export class Flight<T> {
  readonly result: Promise<T>
  readonly #abandoned = new AbortController()
  #waiting = 0

  /** `work` gets a signal that is aborted when nobody waits any more; it may go on nevertheless. */
  constructor(work: (abandoned: AbortSignal) => Promise<T>) {
    this.result = work(this.#abandoned.signal)
    // Whoever waits hears of a failure; when nobody does, nobody need.
    this.result.catch(() => undefined)
  }

  /** Nobody waits any more. */
  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted
  }

  /** @throws the reason of the signal, once it is aborted. */
  async join(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting++
    try {
      return await untilAborted(this.result, signal)
    } finally {
      if (--this.#waiting === 0) this.#abandoned.abort()
    }
  }
}

/**
 * Waits for work that goes on whether anybody waits or not.
 *
 * @throws the reason of the signal, once it is aborted.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is the caller's own
    const leave = (): void => reject(signal.reason)
    if (signal.aborted) leave()
    // One signal may be for any number of calls: that of a service which ends.
    setMaxListeners(0, signal)
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
