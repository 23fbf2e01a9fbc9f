import { beforeEach, describe, expect, test } from '@jest/globals'
import { register } from 'prom-client'
import { createPrometheus, type Prometheus } from '../../../src/http/prometheus.js'
import { LOGOUT_ORIGINS, noMetrics, REFRESH_OUTCOMES, UPSTREAM_ENDPOINTS } from '../../../src/metrics.js'
import { valuesIn, seriesIn } from '../../support/metrics-text.js'
import { read } from '../documents/project.js'

let prometheus: Prometheus
beforeEach(() => {
  prometheus = createPrometheus()
})

/** What a scrape says about the metrics that begin so. */
async function scrape(prefix = 'latchkey_'): Promise<Record<string, number>> {
  const values = Object.entries(valuesIn(await prometheus.text()))
  return Object.fromEntries(values.filter(([series]) => series.startsWith(prefix)))
}

describe('createPrometheus', () => {
  test('keeps its metrics in a registry of its own', async () => {
    prometheus.metrics.login('ok')
    expect(register.getMetricsAsArray()).toEqual([])
    expect(valuesIn(await createPrometheus().text())['latchkey_logins_total{outcome="ok"}']).toBe(0)
    expect(prometheus.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test('tells its version, and how the process does', async () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    expect(await scrape('latchkey_build_info')).toEqual({ [`latchkey_build_info{version="${version}"}`]: 1 })
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes'])
      expect((await scrape(name))[name]).toBeGreaterThan(0)
    expect(await scrape('nodejs_eventloop_lag_p99_seconds')).not.toEqual({})
  })

  test('has no label that names a class', async () => {
    expect(await prometheus.text()).not.toMatch(/\btype="/)
    expect(await scrape('nodejs_active_handles')).toEqual({ nodejs_active_handles_total: expect.any(Number) })
  })

  test('begins with a zero for every outcome of a refresh and every origin of a sign-out', async () => {
    const zeros = (name: string, label: string, values: readonly string[]): Record<string, number> =>
      Object.fromEntries(values.map((value) => [`latchkey_${name}_total{${label}="${value}"}`, 0]))
    expect(await scrape()).toMatchObject({
      ...zeros('logins', 'outcome', ['ok']),
      ...zeros('refreshes', 'outcome', REFRESH_OUTCOMES),
      ...zeros('logouts', 'origin', LOGOUT_ORIGINS),
      ...zeros('sessions_ended', 'origin', LOGOUT_ORIGINS),
    })
  })
})

describe('what is measured', () => {
  test('logins and refreshes are counted by outcome', async () => {
    const { metrics } = prometheus
    for (const outcome of ['ok', 'unknown_login', 'unknown_login']) metrics.login(outcome)
    metrics.refresh('shared')
    expect(await scrape()).toMatchObject({
      'latchkey_logins_total{outcome="ok"}': 1,
      'latchkey_logins_total{outcome="unknown_login"}': 2,
      'latchkey_refreshes_total{outcome="shared"}': 1,
      'latchkey_refreshes_total{outcome="renewed"}': 0,
    })
  })

  test('a sign-out is counted once, and the sessions that it ended', async () => {
    prometheus.metrics.logout('back_channel', 3)
    prometheus.metrics.logout('back_channel', 0)
    expect(await scrape()).toMatchObject({
      'latchkey_logouts_total{origin="back_channel"}': 2,
      'latchkey_sessions_ended_total{origin="back_channel"}': 3,
      'latchkey_logouts_total{origin="person"}': 0,
    })
  })

  test('times fall into buckets from 5 ms to 10 s, those of the store from 0.5 ms to 2 s', async () => {
    const { metrics } = prometheus
    metrics.upstream('token', 0.004, 'ok')
    metrics.upstream('token', 9, 'ok')
    metrics.store('get', 0.0004, true)
    metrics.store('get', 1.5, false)
    metrics.lockWait(0.2)
    const upstream = 'latchkey_upstream_request_duration_seconds'
    const store = 'latchkey_store_operation_duration_seconds'
    expect(await scrape()).toMatchObject({
      [`${upstream}_bucket{le="0.005",endpoint="token",outcome="ok"}`]: 1,
      [`${upstream}_bucket{le="5",endpoint="token",outcome="ok"}`]: 1,
      [`${upstream}_bucket{le="10",endpoint="token",outcome="ok"}`]: 2,
      [`${upstream}_sum{endpoint="token",outcome="ok"}`]: 9.004,
      [`${store}_bucket{le="0.0005",operation="get",outcome="ok"}`]: 1,
      [`${store}_bucket{le="1",operation="get",outcome="failed"}`]: 0,
      [`${store}_bucket{le="2",operation="get",outcome="failed"}`]: 1,
      'latchkey_refresh_lock_wait_seconds_bucket{le="0.25"}': 1,
      latchkey_refresh_lock_wait_seconds_count: 1,
    })
  })

  test.each([NaN, -1, Infinity, '7' as unknown as number])(
    '%p for a number breaks nothing',
    async (number) => {
      const { metrics } = prometheus
      metrics.upstream('jwks', number, 'ok')
      metrics.store('set', number, true)
      metrics.lockWait(number)
      metrics.logout('person', number)
      expect(await scrape()).toMatchObject({
        'latchkey_upstream_request_duration_seconds_sum{endpoint="jwks",outcome="ok"}': 0,
        'latchkey_sessions_ended_total{origin="person"}': 0,
        'latchkey_logouts_total{origin="person"}': 1,
      })
    },
  )

  test('noMetrics takes the same and does nothing', () => {
    expect(Object.keys(noMetrics).sort()).toEqual(Object.keys(prometheus.metrics).sort())
    for (const method of Object.values(noMetrics) as (() => unknown)[]) expect(method()).toBeUndefined()
  })
})

describe('labels', () => {
  const FOREIGN = [
    '',
    'Upper',
    'a b',
    'a-b',
    'é',
    'a"} 1\nx{y="',
    'x'.repeat(41),
    'eyJhbGciOiJub25lIn0',
    'a\n',
  ]

  test.each(FOREIGN)('%p is no word of ours, and other', async (word) => {
    const { metrics } = prometheus
    metrics.login(word)
    metrics.store(word, 0, true)
    metrics.refresh(word as 'shared')
    metrics.logout(word as 'person', 1)
    metrics.upstream(word as 'token', 0, word as 'ok')
    expect(await scrape()).toMatchObject({
      'latchkey_logins_total{outcome="other"}': 1,
      'latchkey_refreshes_total{outcome="other"}': 1,
      'latchkey_logouts_total{origin="other"}': 1,
      'latchkey_sessions_ended_total{origin="other"}': 1,
      'latchkey_store_operation_duration_seconds_count{operation="other",outcome="ok"}': 1,
      'latchkey_upstream_request_duration_seconds_count{endpoint="other",outcome="other"}': 1,
    })
    if (word.length > 1) expect(await prometheus.text()).not.toContain(`"${word}`)
  })

  test('AC-05 ten thousand words of others make a bounded number of series, and ours go on counting', async () => {
    const { metrics } = prometheus
    const word = (number: number): string =>
      `w_${String(number).replace(/\d/g, (digit) => 'abcdefghij'.charAt(+digit))}`
    for (let number = 0; number < 10_000; number++) {
      metrics.login(word(number))
      metrics.store(word(number), 0.001, true)
      metrics.refresh(word(number) as 'shared')
      metrics.logout(word(number) as 'person', 1)
      metrics.upstream(word(number) as 'token', 0.001, word(number) as 'ok')
    }
    const series = seriesIn(await prometheus.text())
    const count = (name: string): number =>
      series.filter((each) => each.startsWith(`latchkey_${name}{`)).length
    expect(count('logins_total')).toBe(66)
    expect(count('store_operation_duration_seconds_count')).toBe(65)
    expect(count('refreshes_total')).toBe(REFRESH_OUTCOMES.length + 1)
    expect(count('logouts_total')).toBe(LOGOUT_ORIGINS.length + 1)
    expect(count('upstream_request_duration_seconds_count')).toBe(1)
    const logins = Object.values(await scrape('latchkey_logins_total'))
    expect(logins.reduce((sum, value) => sum + value)).toBe(10_000)
    metrics.login('ok')
    expect(await scrape()).toMatchObject({ 'latchkey_logins_total{outcome="ok"}': 1 })
  })

  test('every endpoint is a word', async () => {
    for (const endpoint of UPSTREAM_ENDPOINTS) prometheus.metrics.upstream(endpoint, 0, 'ok')
    const counts = await scrape('latchkey_upstream_request_duration_seconds_count')
    expect(Object.values(counts)).toEqual(UPSTREAM_ENDPOINTS.map(() => 1))
  })
})

describe('what is asked at a scrape', () => {
  test('sessions are left out until somebody counts them, and while they cannot be counted', async () => {
    const sessions = (): Promise<unknown> => scrape('latchkey_sessions')
    const ended = expect.any(Number)
    expect(Object.keys((await sessions()) as object)).not.toContain('latchkey_sessions')
    let count = (): Promise<number> => Promise.resolve(3)
    prometheus.metrics.sessions(() => count())
    expect(await sessions()).toMatchObject({ latchkey_sessions: 3 })
    prometheus.metrics.sessions(() => Promise.resolve(4))
    expect(await sessions()).toMatchObject({ latchkey_sessions: 7 })
    for (const failure of [
      () => Promise.reject(new Error('ECONNREFUSED 10.0.0.1')),
      () => {
        throw new Error('synchronous')
      },
    ]) {
      count = failure
      expect(Object.keys((await sessions()) as object)).not.toContain('latchkey_sessions')
      expect(await sessions()).toMatchObject({ 'latchkey_sessions_ended_total{origin="person"}': ended })
    }
    count = () => Promise.resolve(0)
    expect(await sessions()).toMatchObject({ latchkey_sessions: 4 })
  })

  test('dependencies are up or not; one that fails is down', async () => {
    expect(await scrape('latchkey_dependency')).toEqual({})
    prometheus.watch({
      provider: () => Promise.resolve(true),
      store: () => Promise.resolve(false),
      other: () => Promise.reject(new Error('x')),
    })
    expect(await scrape('latchkey_dependency')).toEqual({
      'latchkey_dependency_up{dependency="provider"}': 1,
      'latchkey_dependency_up{dependency="store"}': 0,
      'latchkey_dependency_up{dependency="other"}': 0,
    })
  })

  test('whoever is silent holds up no scrape', async () => {
    const never = (): Promise<never> => new Promise(() => undefined)
    prometheus.metrics.sessions(never)
    prometheus.watch({ provider: never })
    const begun = performance.now()
    expect(await scrape('latchkey_dependency')).toEqual({
      'latchkey_dependency_up{dependency="provider"}': 0,
    })
    expect(performance.now() - begun).toBeLessThan(4000)
  })
})
