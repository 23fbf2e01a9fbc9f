import { characterOf, withoutHtmlReferences } from './html-references.js'

/** How often a text may be written in another way, one within the other. */
const ROUNDS = 3
/** More readings than a text of that length has which is meant to be read. */
const MOST = 1000

type Decode = (text: string) => string

const BASE64 = /[\w+/-]{4,}/g
const ESCAPE = /\\u\{([\da-f]{1,6})\}|\\u([\da-f]{4})|\\x([\da-f]{2})|\\(.)/gi
const HEX = /[\da-f]{8,}/gi

const DECODERS: readonly Decode[] = [
  (text) => percentDecoded(text.replace(/\+/g, ' ')),
  percentDecoded,
  withoutHtmlReferences,
  (text) => text.replace(ESCAPE, unescaped),
  (text) => text.replace(HEX, (run) => Buffer.from(run, 'hex').toString('utf8')),
  // Other letters may stand before it.
  ...[0, 1, 2, 3].map(
    (skipped) => (text: string) =>
      text.replace(BASE64, (run) => Buffer.from(run.slice(skipped), 'base64').toString('utf8')),
  ),
]

/** A text as it is, and as whoever wrote it may have meant it: percent-encoded, HTML, escaped, hex, base64, in each other. */
export function readingsOf(text: string): readonly string[] {
  const readings = new Set([text])
  let newest: readonly string[] = [text]
  for (let round = 0; round < ROUNDS && readings.size < MOST; round++) {
    const decoded = newest.flatMap((reading) => DECODERS.map((decode) => decode(reading)))
    newest = [...new Set(decoded)].filter((reading) => !readings.has(reading))
    for (const reading of newest) readings.add(reading)
  }
  return [...readings]
}

function percentDecoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}

/** Of those that stand for a character that cannot be seen. */
const CONTROLS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescaped(all: string, braced?: string, four?: string, two?: string, plain?: string): string {
  if (plain !== undefined) return CONTROLS[plain] ?? plain
  const unit = parseInt(braced ?? four ?? two ?? '', 16)
  return unit <= 0xffff ? String.fromCharCode(unit) : (characterOf(unit) ?? all)
}
