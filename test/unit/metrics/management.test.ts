import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createManagement } from '../../../src/http/management.js'
import { createPrometheus, type Prometheus } from '../../../src/http/prometheus.js'
import { silentLog, type LogFields } from '../../../src/log.js'
import { valuesIn } from '../../support/metrics-text.js'
import { send, type Answer, type Send } from '../../support/send.js'

let server: Server
let prometheus: Prometheus
let log: LogFields[]
let shuttingDown: boolean
let storeIsUp: () => Promise<boolean>

beforeEach(async () => {
  ;[log, shuttingDown] = [[], false]
  storeIsUp = () => Promise.resolve(true)
  prometheus = createPrometheus()
  const app = createManagement({
    prometheus: { ...prometheus, text: () => prometheus.text() },
    dependencies: { provider: () => Promise.resolve(false), store: () => storeIsUp() },
    isShuttingDown: () => shuttingDown,
    log: { ...silentLog, error: (fields) => log.push(fields) },
  })
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const ask = (path: string, options: Send = {}): Promise<Answer> =>
  send({ hostname: '127.0.0.1', port: (server.address() as AddressInfo).port }, path, options)

function expectBareHeaders({ headers }: Answer): void {
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  for (const name of ['set-cookie', 'x-powered-by', 'etag', 'location']) expect(headers[name]).toBeUndefined()
}

describe('createManagement', () => {
  test('GET /metrics is what was measured, and who answers', async () => {
    prometheus.metrics.login('unknown_login')
    const answer = await ask('/metrics', { headers: { accept: 'text/html', cookie: 'a=b' } })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(valuesIn(answer.body)).toMatchObject({
      'latchkey_logins_total{outcome="unknown_login"}': 1,
      'latchkey_dependency_up{dependency="provider"}': 0,
      'latchkey_dependency_up{dependency="store"}': 1,
    })
    expectBareHeaders(answer)
  })

  test('a scrape that fails is 500 with a fixed text; the reason is for the log', async () => {
    const working = prometheus
    prometheus = { ...working, text: () => Promise.reject(new Error('the-reason')) }
    const answer = await ask('/metrics')
    expect([answer.status, answer.body]).toEqual([500, 'this cannot be told now\n'])
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expectBareHeaders(answer)
    expect(log).toMatchObject([{ code: 'internal_error', reason: 'Error: the-reason' }])
    prometheus = working
    expect((await ask('/metrics')).status).toBe(200)
  })

  test('/healthz and /readyz are the ones of the app', async () => {
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: 'provider: down\nstore: ok\n' })
    shuttingDown = true
    const answer = await ask('/readyz')
    expect(answer.body).toBe('provider: down\nstore: ok\nprocess: shutting down\n')
    expectBareHeaders(answer)
  })

  test('a readiness that fails is 500 with a fixed text', async () => {
    storeIsUp = () => Promise.reject(new Error('the-reason'))
    expect(await ask('/readyz')).toMatchObject({ status: 500, body: 'this cannot be told now\n' })
  })

  test.each([
    ['GET', '/'],
    ['GET', '/metrics/'],
    ['GET', '/METRICS'],
    ['GET', '/metrics/x'],
    ['GET', '/login'],
    ['GET', '/secure-data'],
    ['GET', '/%ff'],
    ['GET', '//metrics'],
    ['POST', '/metrics'],
    ['DELETE', '/metrics'],
    ['POST', '/healthz'],
  ])('%s %s is 404', async (method, path) => {
    const answer = await ask(path, { method })
    expect([answer.status, answer.body]).toEqual([404, 'not found\n'])
    expectBareHeaders(answer)
  })

  test('HEAD /metrics has no body', async () => {
    expect(await ask('/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })
})
