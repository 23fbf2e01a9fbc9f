/** Control and format characters, line and paragraph separators, halves of a surrogate pair. */
const ACTS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** A text, or blanks between two parts of it. */
const TEXT_OR_BLANKS = /"(?:[^"\\]+|\\.)*"|[ \t\r\n]+/g

/** What people and programs write has fewer levels; what has thousands is to break its reader. */
const MAX_DEPTH = 100

/**
 * A value as JSON on one line, without anything that a terminal may act upon: such characters are escaped, so that a
 * reader of JSON gets the value unchanged.
 */
export function jsonLine(value: unknown): string {
  return escaped(JSON.stringify(value))
}

/** Valid JSON as such a line. Its numbers stay as they are written: not every one is a number of JavaScript. */
export function jsonTextLine(text: string): string {
  return escaped(text.replace(TEXT_OR_BLANKS, (part) => (part.startsWith('"') ? part : '')))
}

/** Whether a value has so many levels that it is better not looked into. */
export function isNestedDeeply(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    level = level.flatMap((one): unknown[] =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    )
    if (level.length === 0) return false
  }
  return true
}

function escaped(json: string): string {
  return json.replace(ACTS, (char) =>
    char
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
