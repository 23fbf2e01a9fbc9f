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
    const leave = (): void => reject(reasonOf(signal))
    if (signal.aborted) leave()
    const forget = onAbort(signal, leave)
    work.then(resolve, reject).finally(forget)
  })
}

interface Told {
  readonly all: Set<() => void>
  readonly listener: () => void
}

/** Who is to be told by a signal. One may be for any number of calls, and Node warns of many listeners. */
const told = new WeakMap<AbortSignal, Told>()

/** Returns how to leave. With the last the listener goes: as long as it has one, Node keeps a signal. */
function onAbort(signal: AbortSignal, tell: () => void): () => void {
  const { all, listener } = told.get(signal) ?? listen(signal)
  all.add(tell)
  return () => {
    all.delete(tell)
    if (all.size > 0) return
    told.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

function listen(signal: AbortSignal): Told {
  const all = new Set<() => void>()
  const listener = (): void => {
    for (const tell of [...all]) tell()
  }
  const one = { all, listener }
  told.set(signal, one)
  signal.addEventListener('abort', listener, { once: true })
  return one
}

/** @throws the reason of a signal that is aborted. Those of other classes than Node's may have none. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw reasonOf(signal)
}

const reasonOf = ({ reason }: AbortSignal): unknown =>
  reason ?? new DOMException('This operation was aborted', 'AbortError')
