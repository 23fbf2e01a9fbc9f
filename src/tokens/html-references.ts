/** Marks by the names that HTML has for them; those of `-` and `~` are of marks that look the same. */
const MARKS: Readonly<Record<string, string>> = {
  '!': 'excl',
  '"': 'quot',
  '#': 'num',
  $: 'dollar',
  '%': 'percnt',
  '&': 'amp',
  "'": 'apos',
  '(': 'lpar',
  ')': 'rpar',
  '*': 'ast midast',
  '+': 'plus',
  ',': 'comma',
  '-': 'hyphen dash minus',
  '.': 'period',
  '/': 'sol',
  ':': 'colon',
  ';': 'semi',
  '<': 'lt',
  '=': 'equals',
  '>': 'gt',
  '?': 'quest',
  '@': 'commat',
  '[': 'lbrack lsqb',
  '\\': 'bsol',
  ']': 'rbrack rsqb',
  '^': 'hat',
  _: 'lowbar underbar',
  '`': 'grave diacriticalgrave',
  '{': 'lbrace lcub',
  '|': 'vert verbar verticalline',
  '}': 'rbrace rcub',
  '~': 'tilde',
  ' ': 'nonbreakingspace',
  '\t': 'tab',
  '\n': 'newline',
  '€': 'euro',
}

/** From U+00A0 on. */
const SIGNS =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro ' +
  'para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest'
/** From U+00DF on; the great letters before have the same names, but for their case. */
const LETTERS =
  'szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ' +
  'ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml'

const counted = (names: string, from: number): readonly (readonly [string, string])[] =>
  names.split(' ').map((name, index) => [name, String.fromCodePoint(from + index)])

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(MARKS).flatMap(([mark, names]) => names.split(' ').map((name) => [name, mark] as const)),
  ...counted(SIGNS, 0xa0),
  ...counted(LETTERS, 0xdf),
  ['times', '\u00d7'],
])

/** The longest first: one may be the beginning of another. */
const NAMES = [...CHARACTERS.keys()].sort((one, other) => other.length - one.length).join('|')
const REFERENCE = new RegExp(`&(?:#0*(\\d{1,7})|#x0*([\\da-f]{1,6})|(${NAMES}));?`, 'gi')

/**
 * A text with characters in place of their numbers and names in HTML. Letters with a name come out small, whatever their
 * case was.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/syntax.html#character-references | HTML, character references}
 */
export function withoutHtmlReferences(text: string): string {
  return text.replace(REFERENCE, (all, digits?: string, hex?: string, name?: string) => {
    if (name !== undefined) return CHARACTERS.get(name.toLowerCase()) ?? all
    return characterOf(digits === undefined ? parseInt(hex ?? '', 16) : Number(digits)) ?? all
  })
}

/** The character of a number, if there is one. */
export const characterOf = (code: number): string | undefined =>
  code <= 0x10ffff ? String.fromCodePoint(code) : undefined
