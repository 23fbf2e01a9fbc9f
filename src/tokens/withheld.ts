import { printable } from '../printable.js'

/** More than this says no more. */
const MAX_LENGTH = 300
/** So many characters of a secret in a row are a part of it; fewer may be chance. */
const PART = 12
/** What begins like a JWT, or is as long and random as a token. */
const LIKE_A_TOKEN = /eyJ[\w-]{8,}|[\w+/=-]{40,}/

/** What stands in place of a text that repeats a credential. */
export const WITHHELD = '(withheld: it repeats a credential)'

/**
 * A text of the authorization server, as far as it is safe to show: on one line, not too long, and withheld as a whole
 * when any part of a secret of this request is in it, however it is written.
 */
export function safeText(text: string, secrets: readonly string[]): string {
  const readings = readingsOf(text)
  const repeats = secrets
    .filter((secret) => secret !== '')
    .some((secret) => partsOf(secret).some((part) => readings.some((reading) => reading.includes(part))))
  if (repeats || readings.some((reading) => LIKE_A_TOKEN.test(reading))) return WITHHELD
  const line = printable(text.replace(/\s+/g, ' ').trim())
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line
}

/** The text as it is, and as whoever wrote it may have meant it: percent-encoded, HTML, base64. */
function readingsOf(text: string): readonly string[] {
  const plain = text.normalize('NFC')
  const bytes = plain.match(/[\w+/-]{4,}={0,2}/g) ?? []
  return [
    plain,
    percentDecoded(plain),
    htmlDecoded(plain),
    plain.replace(/\\(.)/g, '$1'),
    ...bytes.map((word) => Buffer.from(word, 'base64').toString('utf8')),
  ]
}

function partsOf(secret: string): readonly string[] {
  const plain = secret.normalize('NFC')
  if (plain.length <= PART) return [plain]
  return Array.from({ length: plain.length - PART + 1 }, (_, index) => plain.slice(index, index + PART))
}

function percentDecoded(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function htmlDecoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (all, decimal, hex, name: string) => {
    const code = decimal === undefined ? parseInt(String(hex), 16) : Number(decimal)
    if (name) return NAMED[name.toLowerCase()] ?? all
    return code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
}
