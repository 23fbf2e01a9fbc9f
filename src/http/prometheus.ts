import { readFileSync } from 'node:fs'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  LOGOUT_ORIGINS,
  REFRESH_OUTCOMES,
  UPSTREAM_ENDPOINTS,
  UPSTREAM_OUTCOMES,
  type Metrics,
} from '../metrics.js'
import { withinTime } from './within-time.js'

export type Dependencies = Readonly<Record<string, () => Promise<boolean>>>

/** Metrics, kept in this process for Prometheus to fetch. */
export interface Prometheus {
  readonly metrics: Metrics
  /** The media type of {@link text}. */
  readonly contentType: string
  /** Everything measured by now. */
  text(): Promise<string>
  /** Has `text` ask, whenever it is made, which of these answer. */
  watch(dependencies: Dependencies): void
}

/** Seconds; a call ends at `UPSTREAM_TIMEOUT`, which is 5 when nobody says otherwise. */
const UPSTREAM_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** A store is near, and whoever waits for it holds up a request. */
const STORE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2]

/** Their labels are names of classes, of which nobody has a list. The sums without labels stay. */
const LABELLED_BY_CLASS = ['nodejs_active_handles', 'nodejs_active_requests', 'nodejs_active_resources']

/** Milliseconds that a scrape waits for an answer: less than Prometheus waits for the scrape. */
const PATIENCE = 2000

/** Makes metrics with a registry of their own, the process's own ones among them. */
export function createPrometheus(): Prometheus {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of LABELLED_BY_CLASS) registry.removeSingleMetric(name)
  buildInfo(registry)
  return {
    metrics: { ...counters(registry), ...durations(registry), sessions: sessionsGauge(registry) },
    contentType: registry.contentType,
    text: () => registry.metrics(),
    watch: dependencyGauge(registry),
  }
}

function buildInfo(registry: Registry): void {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  new Gauge({
    name: 'latchkey_build_info',
    help: 'Always 1; the label is the version of Latchkey.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: manifest.version }, 1)
}

function counters(registry: Registry): Pick<Metrics, 'login' | 'refresh' | 'logout'> {
  const counter = <Label extends string>(name: string, help: string, label: Label): Counter<Label> =>
    new Counter({ name, help, labelNames: [label], registers: [registry] })
  const logins = counter('latchkey_logins_total', 'Logins that ended, by outcome.', 'outcome')
  const refreshes = counter('latchkey_refreshes_total', 'Renewals of tokens, by outcome.', 'outcome')
  const logouts = counter('latchkey_logouts_total', 'Sign-outs, by who or what began them.', 'origin')
  const ended = counter('latchkey_sessions_ended_total', 'Sessions ended by sign-outs.', 'origin')
  // A first event is seen as a rise only where there was a zero before it.
  logins.inc({ outcome: 'ok' }, 0)
  for (const outcome of REFRESH_OUTCOMES) refreshes.inc({ outcome }, 0)
  for (const origin of LOGOUT_ORIGINS) for (const each of [logouts, ended]) each.inc({ origin }, 0)
  const outcomes = createWords(['ok'], MAX_WORDS)
  const [refreshOutcomes, origins] = [createWords(REFRESH_OUTCOMES), createWords(LOGOUT_ORIGINS)]
  return {
    login: (outcome) => logins.inc({ outcome: outcomes(outcome) }),
    refresh: (outcome) => refreshes.inc({ outcome: refreshOutcomes(outcome) }),
    logout(origin, sessions) {
      const labels = { origin: origins(origin) }
      logouts.inc(labels)
      ended.inc(labels, amount(sessions))
    },
  }
}

function durations(registry: Registry): Pick<Metrics, 'upstream' | 'store' | 'lockWait'> {
  const registers = [registry]
  const upstream = new Histogram({
    name: 'latchkey_upstream_request_duration_seconds',
    help: 'Calls to the authorization server, by endpoint and outcome.',
    labelNames: ['endpoint', 'outcome'],
    buckets: UPSTREAM_BUCKETS,
    registers,
  })
  const store = new Histogram({
    name: 'latchkey_store_operation_duration_seconds',
    help: 'Operations of the store, by operation and outcome.',
    labelNames: ['operation', 'outcome'],
    buckets: STORE_BUCKETS,
    registers,
  })
  const lock = new Histogram({
    name: 'latchkey_refresh_lock_wait_seconds',
    help: 'Waits for the right to renew the tokens of a session.',
    buckets: UPSTREAM_BUCKETS,
    registers,
  })
  const [endpoints, outcomes] = [createWords(UPSTREAM_ENDPOINTS), createWords(UPSTREAM_OUTCOMES)]
  const operations = createWords([], MAX_WORDS)
  return {
    upstream: (endpoint, seconds, outcome) =>
      upstream.observe({ endpoint: endpoints(endpoint), outcome: outcomes(outcome) }, amount(seconds)),
    store: (operation, seconds, ok) =>
      store.observe({ operation: operations(operation), outcome: ok ? 'ok' : 'failed' }, amount(seconds)),
    lockWait: (seconds) => lock.observe(amount(seconds)),
  }
}

/** Left out while they cannot be counted: no number is better than an old one. */
function sessionsGauge(registry: Registry): Metrics['sessions'] {
  const counts: (() => Promise<number>)[] = []
  new Gauge({
    name: 'latchkey_sessions',
    help: 'Sessions that live now in the store of this process.',
    registers: [registry],
    async collect() {
      const all = await Promise.all(counts.map((count) => withinTime(count, PATIENCE)))
      const known = all.filter((number) => typeof number === 'number')
      if (known.length === 0 || known.length < all.length) this.remove()
      else this.set(known.reduce((sum, number) => sum + number))
    },
  })
  return (count) => void counts.push(count)
}

function dependencyGauge(registry: Registry): Prometheus['watch'] {
  let watched: Dependencies = {}
  new Gauge({
    name: 'latchkey_dependency_up',
    help: '1 while what readiness depends on answers, else 0.',
    labelNames: ['dependency'],
    registers: [registry],
    async collect() {
      const states = Object.entries(watched).map(async ([dependency, check]) => {
        this.set({ dependency }, (await withinTime(check, PATIENCE)) === true ? 1 : 0)
      })
      await Promise.all(states)
    },
  })
  return (dependencies) => void (watched = dependencies)
}

/** More than all our error codes together. */
const MAX_WORDS = 64

/**
 * Makes label values of words: of the known ones, and of so many more. Any other, and what does not look like a word of
 * ours, is `other`, so that series cannot grow without end.
 */
function createWords(words: readonly string[], more = 0): (word: string) => string {
  const known = new Set(words)
  const most = known.size + more
  return (word) => {
    if (known.has(word)) return word
    if (known.size >= most || !/^[a-z_]{1,40}$/.test(word)) return 'other'
    known.add(word)
    return word
  }
}

/** A number that no metric refuses: measuring never fails. */
const amount = (number: number): number => (Number.isFinite(number) && number > 0 ? number : 0)
