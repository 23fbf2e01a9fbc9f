import { Router } from 'express'

export interface HealthOptions {
  /** What the process cannot do without → whether it answers now. */
  readonly dependencies: Readonly<Record<string, () => Promise<boolean>>>
  readonly isShuttingDown: () => boolean
}

/** `/healthz` waits for nothing; `/readyz` has one line a dependency. */
export function createHealthRouter({ dependencies, isShuttingDown }: HealthOptions): Router {
  const router = Router()
  router.get('/healthz', (_req, res) => {
    res.type('text').send('ok\n')
  })
  router.get('/readyz', async (_req, res) => {
    const states = await Promise.all(
      Object.entries(dependencies).map(async ([name, check]) => ({ name, ok: await check() })),
    )
    const ready = !isShuttingDown() && states.every(({ ok }) => ok)
    const lines = states.map(({ name, ok }) => `${name}: ${ok ? 'ok' : 'down'}`)
    if (isShuttingDown()) lines.push('process: shutting down')
    if (!ready) res.set('Retry-After', '5')
    res
      .status(ready ? 200 : 503)
      .type('text')
      .send(`${lines.join('\n')}\n`)
  })
  return router
}
