/** A line with a value: the name, its labels, the number. What was not measured yet is no number. */
const SAMPLE = /^([a-zA-Z_:][\w:]*(?:\{[^\n]*\})?) (Nan|[+-]?[\d.]+(?:e[+-]?\d+)?)$/

/**
 * The values of a text in Prometheus's format, by series: name and labels as they are written.
 *
 * @throws for a line that is none of the format
 */
export function valuesIn(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !/^# (?:HELP|TYPE) \w+ /.test(line))
  const values = lines.map((line): [string, number] => {
    const [, series, value] = SAMPLE.exec(line) ?? []
    if (series === undefined) throw new Error(`no sample: ${line}`)
    return [series, Number(value)]
  })
  if (new Set(values.map(([series]) => series)).size < values.length)
    throw new Error('a series is there twice')
  return Object.fromEntries(values)
}

/** The series of such a text, in order. */
export const seriesIn = (text: string): string[] => Object.keys(valuesIn(text)).sort()

/** The labels of one series, each with its value. */
export function labelsOf(series: string): [name: string, value: string][] {
  return [...series.matchAll(/(?<=[{,])(\w+)="((?:[^"\\]|\\.)*)"(?=[,}])/g)].map(
    ([, name = '', value = '']) => [name, value],
  )
}
