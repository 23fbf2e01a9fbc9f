/** What somebody answers within some milliseconds; `undefined` for a failure, or no answer by then. */
export function withinTime<T>(ask: () => Promise<T>, milliseconds: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), milliseconds)
    void Promise.resolve()
      .then(ask)
      .catch(() => undefined)
      .then((answer) => resolve(answer))
      .finally(() => clearTimeout(timer))
  })
}
