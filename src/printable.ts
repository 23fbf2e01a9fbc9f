/** Characters that JSON lets through and that a terminal or a log viewer may act upon. */
const NOT_PRINTABLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

export function escapeNotPrintable(line: string): string {
  return line.replace(NOT_PRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
