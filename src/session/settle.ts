/** Tells a callback what a promise comes to. */
export function settle<T>(work: Promise<T>, callback: (error: unknown, value?: T) => void): void {
  work.then(
    (value) => callback(null, value),
    (error: unknown) => callback(error),
  )
}
