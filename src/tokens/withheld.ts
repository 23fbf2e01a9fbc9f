import { printable } from '../printable.js'
import { readingsOf } from './readings.js'

/** More than this says no more. */
const MAX_LENGTH = 300
/** What stands behind that may be the rest of what would be shown. */
const LOOKED_AT = 2 * MAX_LENGTH
/** So many characters of a secret in a row are a part of it; fewer may be chance. */
const PART = 12
/** A secret of fewer is in anything that is read in another way. */
const SHORT = 4
/** What begins like a JWT, or is as long and random as a token. */
const LIKE_A_TOKEN = /eyJ[\w-]{8,}|[\w+/=-]{40,}/

/** What stands in place of a text that repeats a credential. */
export const WITHHELD = '(withheld: it repeats a credential)'

/**
 * A text of the authorization server, as far as it is safe to show: on one line, not too long, and withheld as a whole
 * when any part of a secret of this request is in it, however it is written.
 *
 * @param open what is no secret, although one may begin with it: the client id
 */
export function safeText(text: string, secrets: readonly string[], open = ''): string {
  const looked = text.slice(0, LOOKED_AT)
  const line = text.replace(/\s+/g, ' ').trim().slice(0, LOOKED_AT)
  const readings = [...new Set([...readingsOf(looked), ...readingsOf(line)])]
  if (readings.some((reading) => LIKE_A_TOKEN.test(reading))) return WITHHELD
  const [short, long] = [secrets.filter((secret) => secret.length < SHORT), secrets.filter(isLong)]
  if (repeats([folded(looked), folded(line)], short.map(folded))) return WITHHELD
  if (repeats(readings.map(folded), long.map(folded), folded(open))) return WITHHELD
  const squeezed = [...new Set(readingsOf(line.replaceAll(' ', '')).map(squeeze))]
  // What is short without its blanks may be anywhere by chance.
  const dense = secrets.map(squeeze).filter((secret) => secret.length >= PART)
  if (repeats(squeezed, dense, squeeze(open))) return WITHHELD
  const shown = printable(line)
  return shown.length > MAX_LENGTH ? `${shown.slice(0, MAX_LENGTH)}…` : shown
}

const isLong = (secret: string): boolean => secret.length >= SHORT

/** Letters in one case and one form: some are small in two ways, or large as two letters. */
const folded = (text: string): string =>
  text.toUpperCase().toLowerCase().normalize('NFC').replaceAll('ς', 'σ').replaceAll('\u00a0', ' ')
const squeeze = (text: string): string => folded(text).replace(/\s/g, '')

function repeats(readings: readonly string[], secrets: readonly string[], open = ''): boolean {
  const short = secrets.filter((secret) => secret !== '' && secret.length <= PART)
  if (readings.some((reading) => short.some((secret) => reading.includes(secret)))) return true
  const known = new Set(partsOf(open))
  const parts = new Set(
    secrets.filter((secret) => secret.length > PART).flatMap((secret) => hiddenParts(secret, known)),
  )
  return readings.some((reading) => partsOf(reading).some((part) => parts.has(part)))
}

/** Of a secret that only begins like what is open, the rest; one that is open as a whole stays one. */
function hiddenParts(secret: string, open: ReadonlySet<string>): readonly string[] {
  const all = partsOf(secret)
  const hidden = all.filter((part) => !open.has(part))
  return hidden.length > 0 ? hidden : all
}

function partsOf(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - PART + 1) }, (_, index) =>
    text.slice(index, index + PART),
  )
}
