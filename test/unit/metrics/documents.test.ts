import { beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { createPrometheus } from '../../../src/http/prometheus.js'
import {
  LOGOUT_ORIGINS,
  REFRESH_OUTCOMES,
  UPSTREAM_ENDPOINTS,
  UPSTREAM_OUTCOMES,
} from '../../../src/metrics.js'
import { labelsOf, seriesIn } from '../../support/metrics-text.js'
import { codeIn, read, sources, tableBelow } from '../documents/project.js'

/** Every name that a query may use, with the labels that it has. */
let known: Map<string, ReadonlySet<string>>
/** The metrics of ours, as they are declared. */
let ours: string[]

/** What a process that has seen everything says at a scrape. */
async function fullText(): Promise<string> {
  const prometheus = createPrometheus()
  const { metrics } = prometheus
  metrics.login('ok')
  metrics.store('get', 0.001, true)
  metrics.store('get', 0.001, false)
  metrics.sessions(() => Promise.resolve(1))
  for (const endpoint of UPSTREAM_ENDPOINTS)
    for (const outcome of UPSTREAM_OUTCOMES) metrics.upstream(endpoint, 0.001, outcome)
  prometheus.watch({ provider: () => Promise.resolve(true), store: () => Promise.resolve(true) })
  return prometheus.text()
}

beforeAll(async () => {
  const text = await fullText()
  known = new Map()
  for (const series of seriesIn(text)) {
    const name = series.replace(/\{.*/, '')
    known.set(name, new Set([...(known.get(name) ?? []), ...labelsOf(series).map(([label]) => label)]))
  }
  ours = [...text.matchAll(/^# TYPE (latchkey_\w+)/gm)].map(([, name = '']) => name)
})

/** Labels that Prometheus itself gives. */
const OF_PROMETHEUS = ['job', 'instance']

/** The metrics in a query, each with the labels by which it is chosen. */
const selectorsIn = (query: string): { name: string; labels: string[] }[] =>
  [...query.matchAll(/\b((?:latchkey|process|nodejs)_\w+)(\{[^}]*\})?/g)].map(
    ([, name = '', braces = '']) => ({
      name,
      labels: [...braces.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
    }),
  )

/** What of a query does not exist. */
const unknownIn = (query: string): string[] =>
  selectorsIn(query).flatMap(({ name, labels }) => {
    const has = known.get(name)
    if (has === undefined) return [name]
    return labels
      .filter((label) => !has.has(label) && !OF_PROMETHEUS.includes(label))
      .map((label) => `${name}.${label}`)
  })

/** By what a query groups. */
const groupsIn = (query: string): string[] =>
  [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  )

/** The values of a label that a query names. */
const valuesIn = (query: string, label: string): string[] =>
  [...query.matchAll(new RegExp(`\\b${label}(?:=~|!~|!=|=)"([^"]*)"`, 'g'))].flatMap(([, value = '']) =>
    value.split('|'),
  )

function expectKnown(queries: readonly string[]): void {
  const all = new Set([...known.values()].flatMap((labels) => [...labels]))
  for (const query of queries) {
    expect(selectorsIn(query).length).toBeGreaterThan(0)
    expect(unknownIn(query)).toEqual([])
    expect(groupsIn(query).filter((label) => !all.has(label) && !OF_PROMETHEUS.includes(label))).toEqual([])
    const outcomes: readonly string[] = [...UPSTREAM_OUTCOMES, ...REFRESH_OUTCOMES]
    expect(valuesIn(query, 'outcome').filter((value) => !outcomes.includes(value))).toEqual([])
  }
}

describe('docs/dashboard.json', () => {
  interface Panel {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly datasource?: { uid: string }
    readonly gridPos: { h: number; w: number; x: number; y: number }
    readonly targets?: readonly { expr: string; datasource: { uid: string } }[]
  }
  const dashboard = JSON.parse(read('docs/dashboard.json')) as {
    panels: readonly Panel[]
    templating: { list: readonly { name: string; type: string }[] }
  }
  const targets = dashboard.panels.flatMap((panel) => panel.targets ?? [])

  test('asks for metrics and labels that there are', () => {
    expect(targets.length).toBeGreaterThan(15)
    expectKnown(targets.map(({ expr }) => expr))
  })

  test('has a panel for each metric', () => {
    const shown = targets
      .flatMap(({ expr }) => selectorsIn(expr))
      .map(({ name }) => name.replace(/_(?:bucket|count|sum)$/, ''))
    expect(ours.filter((name) => !shown.includes(name))).toEqual([])
  })

  test('has its datasource as a variable, everywhere', () => {
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' })
    const charts = dashboard.panels.filter(({ type }) => type !== 'row')
    for (const { datasource } of [...charts, ...targets]) expect(datasource?.uid).toBe('${datasource}')
    const uids = [...read('docs/dashboard.json').matchAll(/"uid": "([^"]*)"/g)].map(([, uid]) => uid)
    expect([...new Set(uids)].sort()).toEqual(['${datasource}', 'latchkey'])
  })

  test('chooses by the job in every query', () => {
    for (const { expr } of targets)
      for (const { labels } of selectorsIn(expr)) expect(labels).toContain('job')
  })

  test('has panels that do not overlap, each with a number and a title of its own', () => {
    const taken = new Set<string>()
    for (const { gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`)).toBe(false)
          taken.add(`${x} ${y}`)
        }
    }
    for (const member of ['id', 'title'] as const)
      expect(new Set(dashboard.panels.map((panel) => panel[member])).size).toBe(dashboard.panels.length)
  })
})

describe('docs/alerts.yml', () => {
  interface Rule {
    readonly alert: string
    readonly expr: string
    readonly for: string
    readonly labels: { severity: string }
    readonly annotations: { summary: string; description: string }
  }
  const { groups } = parse(read('docs/alerts.yml')) as { groups: { name: string; rules: Rule[] }[] }
  const rules = groups.flatMap((group) => group.rules)

  test('asks for metrics and labels that there are', () => {
    expect(rules.length).toBeGreaterThan(6)
    expectKnown(rules.map(({ expr }) => expr))
  })

  test.each(rules.map((rule): [string, Rule] => [rule.alert, rule]))(
    '%s says what is and what to do',
    (_name, rule) => {
      expect(Object.keys(rule)).toEqual(['alert', 'expr', 'for', 'labels', 'annotations'])
      expect(rule.for).toMatch(/^\d+m$/)
      expect(['critical', 'warning']).toContain(rule.labels.severity)
      expect(Object.keys(rule.annotations)).toEqual(['summary', 'description'])
      expect(rule.annotations.summary.length).toBeGreaterThan(20)
      expect(rule.annotations.description.length).toBeGreaterThan(100)
    },
  )

  test('names settings and codes that there are', () => {
    const text = rules.map(({ annotations }) => annotations.description).join('\n')
    const words = text.match(/\b[a-z]+(?:_[a-z]+)+\b|\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? []
    expect(words.length).toBeGreaterThan(8)
    const source = [...sources.values()].join('\n')
    expect(words.filter((word) => !source.includes(`'${word}'`) && !source.includes(`${word}:`))).toEqual([])
  })

  test('is told in docs/operating.md, rule by rule', () => {
    const told = tableBelow(read('docs/operating.md'), 'Alerts').flatMap(([name = '']) => codeIn(name))
    expect(told).toEqual(rules.map(({ alert }) => alert))
  })
})

describe('docs/operating.md', () => {
  const table = tableBelow(read('docs/operating.md'), 'Metrics')

  test('has each metric of ours', () => {
    expect(table.flatMap(([name = '']) => codeIn(name)).toSorted()).toEqual(ours.toSorted())
  })

  test.each(
    table.map(([name = '', labels = '']): [string, string[]] => [codeIn(name).join(), codeIn(labels)]),
  )('%s has the labels that it has there', (name, words) => {
    const labels = [...known].filter(([each]) => each.replace(/_(?:bucket|count|sum)$/, '') === name)
    const there = new Set(labels.flatMap(([, has]) => [...has]).filter((label) => label !== 'le'))
    const all = ['outcome', 'origin', 'endpoint', 'operation', 'dependency', 'version']
    expect(words.filter((word) => all.includes(word)).toSorted()).toEqual([...there].sort())
  })

  test.each<[string, readonly string[]]>([
    ['latchkey_refreshes_total', REFRESH_OUTCOMES],
    ['latchkey_logouts_total', LOGOUT_ORIGINS],
    ['latchkey_upstream_request_duration_seconds', [...UPSTREAM_ENDPOINTS, ...UPSTREAM_OUTCOMES]],
  ])('%s has the values that it has there', (name, values) => {
    const [, labels = ''] = table.find(([cell]) => cell === `\`${name}\``) ?? []
    expect(codeIn(labels).filter((word) => !['outcome', 'origin', 'endpoint'].includes(word))).toEqual(values)
  })
})
