/** Characters that JSON lets through and that a terminal or a log viewer may act upon. */
const NOT_PRINTABLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

export function escapeNotPrintable(line: string): string {
  return line.replace(NOT_PRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** All that is not plain text on one line, but for blanks; lone surrogates, too. */
const NOT_TEXT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Somebody else's text for a terminal or a log: what could act there is written as an escape. */
export function printable(text: string): string {
  return text.replace(NOT_TEXT, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
