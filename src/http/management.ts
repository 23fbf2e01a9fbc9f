import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Log } from '../log.js'
import { createHealthRouter, type HealthOptions } from './health.js'
import type { Prometheus } from './prometheus.js'

export interface ManagementOptions extends HealthOptions {
  readonly prometheus: Prometheus
  readonly log: Log
}

/** The app of the management port: metrics and health for operators, nothing for people. */
export function createManagement(options: ManagementOptions): Express {
  const { prometheus } = options
  prometheus.watch(options.dependencies)
  const app = express()
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing')
  app.use((_req, res, next) => {
    res.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    next()
  })
  app.use(createHealthRouter(options))
  app.get('/metrics', async (_req, res) => {
    const text = await prometheus.text()
    res.set('Content-Type', prometheus.contentType).send(text)
  })
  app.use((_req, res) => {
    res.status(404).type('text').send('not found\n')
  })
  app.use(createFailure(options.log))
  return app
}

/** Fixed words: what went wrong is for the log. */
function createFailure(log: Log): ErrorRequestHandler {
  // Express tells error handlers by their four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  return (error: unknown, _req, res, _next) => {
    const [reason, stack] =
      error instanceof Error ? [`${error.name}: ${error.message}`, error.stack] : [typeof error]
    log.error({ code: 'internal_error', reason, stack }, 'the management port failed')
    res.status(500).type('text').send('this cannot be told now\n')
  }
}
