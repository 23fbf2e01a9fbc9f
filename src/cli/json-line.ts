/** Control and format characters, line and paragraph separators, halves of a surrogate pair. */
const ACTS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * A value as JSON on one line, without anything that a terminal may act upon: such characters are escaped, so that a
 * reader of JSON gets the value unchanged.
 */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(ACTS, (char) =>
    char
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
