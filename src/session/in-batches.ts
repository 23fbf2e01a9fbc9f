/** So many at a time: a person may have thousands of sessions, and a connection has an end. */
const BATCH = 100

export interface Done<R> {
  /** What each came to that came to something. */
  readonly results: readonly NonNullable<R>[]
  /** The first error; all others were done all the same. */
  readonly error: Error | undefined
}

/** Does some work for each of many, a hundred at a time. */
export async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<Done<R>> {
  const results: NonNullable<R>[] = []
  let error: Error | undefined
  for (let at = 0; at < items.length; at += BATCH) {
    for (const one of await Promise.allSettled(items.slice(at, at + BATCH).map(work))) {
      if (one.status === 'rejected') error ??= one.reason instanceof Error ? one.reason : new Error('unknown')
      else if (one.value !== undefined && one.value !== null) results.push(one.value)
    }
  }
  return { results, error }
}
