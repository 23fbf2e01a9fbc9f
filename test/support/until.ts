/** Waits until `look` finds something; fails after `limit` milliseconds. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  limit = 10_000,
): Promise<T> {
  const deadline = Date.now() + limit
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`waited ${limit} ms in vain`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
