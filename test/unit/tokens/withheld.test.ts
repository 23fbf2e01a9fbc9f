import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { safeText, WITHHELD } from '../../../src/tokens/withheld.js'

const encode = encodeURIComponent
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const codes = (text: string): number[] => Array.from(text, (char) => char.codePointAt(0) ?? 0)
const chars = (text: string, write: (code: number) => string): string => codes(text).map(write).join('')
const units = (text: string, write: (unit: number) => string): string =>
  Array.from({ length: text.length }, (_, index) => write(text.charCodeAt(index))).join('')

/** @see {@link https://html.spec.whatwg.org/multipage/named-characters.html | HTML, named character references} */
const NAMES: Readonly<Record<string, string>> = {
  ...{
    '!': 'excl',
    '"': 'quot',
    '#': 'num',
    $: 'dollar',
    '%': 'percnt',
    '&': 'amp',
    "'": 'apos',
    '(': 'lpar',
  },
  ...{
    ')': 'rpar',
    '*': 'ast',
    '+': 'plus',
    ',': 'comma',
    '-': 'hyphen',
    '.': 'period',
    '/': 'sol',
    ':': 'colon',
  },
  ...{
    ';': 'semi',
    '<': 'lt',
    '=': 'equals',
    '>': 'gt',
    '?': 'quest',
    '@': 'commat',
    '[': 'lbrack',
    '\\': 'bsol',
  },
  ...{
    ']': 'rbrack',
    '^': 'Hat',
    _: 'lowbar',
    '`': 'grave',
    '{': 'lbrace',
    '|': 'vert',
    '}': 'rbrace',
    '~': 'tilde',
  },
  ...{
    ' ': 'nbsp',
    ä: 'auml',
    Ä: 'Auml',
    é: 'eacute',
    ß: 'szlig',
    '§': 'sect',
    '£': 'pound',
    ÿ: 'yuml',
    '½': 'frac12',
  },
}
const OTHER_NAMES: Readonly<Record<string, string>> = {
  ...{
    '[': 'lsqb',
    ']': 'rsqb',
    '{': 'lcub',
    '}': 'rcub',
    '|': 'verbar',
    _: 'UnderBar',
    '-': 'dash',
    '*': 'midast',
  },
  ...{ '`': 'DiacriticalGrave', ' ': 'NonBreakingSpace', '&': 'AMP', '<': 'LT', '"': 'QUOT', '€': 'euro' },
}
const named = (secret: string, names: Readonly<Record<string, string>>, end = ';'): string =>
  chars(secret, (code) => {
    const char = String.fromCodePoint(code)
    return Object.hasOwn(names, char) ? `&${names[char]}${end}` : char
  })

/** How somebody may write what he was sent. */
const WRITINGS: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  percent: encode,
  'percent, each byte': (secret) => bytes(secret).toString('hex').replace(/../g, '%$&'),
  'percent twice': (secret) => encode(encode(secret)),
  'as in a form': (secret) => new URLSearchParams({ x: secret }).toString().slice(2),
  base64: (secret) => bytes(secret).toString('base64'),
  base64url: (secret) => bytes(secret).toString('base64url'),
  'base64 on several lines': (secret) => bytes(`id:${secret}`).toString('base64').replace(/.{8}/g, '$&\r\n'),
  'base64 behind other letters': (secret) => `xx${bytes(secret).toString('base64')}`,
  'Basic, as it was sent': (secret) => bytes(`the-client:${encode(secret)}`).toString('base64'),
  'base64 twice': (secret) => bytes(bytes(secret).toString('base64')).toString('base64'),
  hex: (secret) => bytes(secret).toString('hex'),
  'HTML by number': (secret) => chars(secret, (code) => `&#${code};`),
  'HTML by number, with zeros': (secret) => chars(secret, (code) => `&#000${code};`),
  'HTML in hex': (secret) => chars(secret, (code) => `&#x${code.toString(16)};`),
  'HTML in hex without semicolons': (secret) => chars(secret, (code) => `&#x${code.toString(16)} `.trim()),
  'HTML of the marks': (secret) =>
    secret.replace(
      /[&<>"']/g,
      (char) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }[char]};`,
    ),
  'HTML by name': (secret) => named(secret, NAMES),
  'HTML by other names': (secret) => named(secret, { ...NAMES, ...OTHER_NAMES }),
  'HTML by name without semicolons': (secret) => named(secret, NAMES, ''),
  'HTML by name twice': (secret) => named(named(secret, NAMES), NAMES),
  'HTML by name, in percent': (secret) => encode(named(secret, NAMES)),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
  'JSON, escaped': (secret) => units(secret, (unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
  'shell, escaped': (secret) => secret.replace(/\W/g, '\\$&'),
  'capital letters': (secret) => secret.toUpperCase(),
  composed: (secret) => secret.normalize('NFC'),
  decomposed: (secret) => secret.normalize('NFD'),
  'decomposed, in percent': (secret) => encode(secret.normalize('NFD')),
  'decomposed, in base64': (secret) => bytes(secret.normalize('NFD')).toString('base64'),
  'a part of it': (secret) => secret.normalize('NFC').slice(1, 15),
}

/** Not only blanks. */
const isSecret = (text: string): boolean => text.replace(/\s/g, '').length > 14

const secrets = fc.oneof(
  fc.string({ minLength: 15, maxLength: 60, unit: 'grapheme-ascii' }).filter(isSecret),
  fc.string({ minLength: 15, maxLength: 40, unit: 'grapheme' }).filter(isSecret),
  fc.uuid(),
  fc.string({
    minLength: 15,
    maxLength: 30,
    unit: fc.constantFrom('é', 'e\u0301', 'ñ', 'Å', '\u212b', '가', 'ς', 'Σ', 'ǰ', 'ß', 'a'),
  }),
  fc
    .string({
      minLength: 15,
      maxLength: 30,
      unit: fc.constantFrom(...Array.from('a1-_ .:/=+~?äÄéß§£ÿ½€{}[]|')),
    })
    .filter(isSecret),
  fc.base64String({ minLength: 20, maxLength: 80 }),
)
const around = fc.constantFrom('', ' ', 'no: ', '"', ' is wrong', '<b>', ', ', '=', '(', '; ')

describe('what is shown of a text of the authorization server', () => {
  test.each(Object.keys(WRITINGS))('TK-04 a text that repeats a secret is withheld: %s', (name) => {
    const write = WRITINGS[name] ?? String
    fc.assert(
      fc.property(secrets, around, around, (secret, before, behind) => {
        expect(safeText(before + write(secret) + behind, ['another', secret])).toBe(WITHHELD)
      }),
      { numRuns: 300 },
    )
  })

  test('TK-04 a short secret written in HTML by name is withheld', () => {
    for (const secret of ['a/b=', 'k:7+', 'p?=c', '{a}]', 'a b!', 'x-y~', 'Äöüß', 'a_b#', 'p@.c'])
      expect(safeText(`it is ${named(secret, { ...NAMES, ö: 'ouml', ü: 'uuml' })} here`, [secret])).toBe(
        WITHHELD,
      )
    expect(safeText('AT&T & sons: 1 &sol; 2', ['a/b='])).toBe('AT&T & sons: 1 &sol; 2')
  })

  test('TK-04 a secret of several lines is withheld as JSON writes it', () => {
    const secret = 'first line\nsecond\tline\r\nthird'
    expect(safeText(`it is ${JSON.stringify(secret)}`, [secret])).toBe(WITHHELD)
    expect(safeText('it is first\\nsecond', ['first\nsecond'])).toBe(WITHHELD)
  })

  test('TK-04 a secret of one character withholds every text with it, and no other', () => {
    expect(safeText('wrong', ['o'])).toBe(WITHHELD)
    expect(safeText('wrong', ['x'])).toBe('wrong')
    expect(safeText('', ['x'])).toBe('')
    expect(safeText('wrong', [''])).toBe('wrong')
  })

  test('TK-04 what looks like a token is withheld without being known', () => {
    const jwt = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(20)}.b`
    for (const text of [jwt, `for ${'Ab3_'.repeat(10)}`, Buffer.from(jwt).toString('base64')])
      expect(safeText(text, [])).toBe(WITHHELD)
  })

  test('TK-04 Keycloak’s own words are shown', () => {
    const secret = 'the-client-secret-of-somebody'
    for (const text of [
      'Invalid user credentials',
      'Invalid client or Invalid client credentials',
      "Invalid refresh token. Token client and authorized client don't match",
      'Client not allowed for direct access grants',
      'Requested audience not available: train-api',
      'Invalid scopes: train/TrainJob:read openid',
      'PKCE verification failed: Code mismatch',
    ])
      expect(safeText(text, [secret, 'alice-password'])).toBe(text)
  })

  test('TK-04 a client id with which the secret begins may be shown, and no more of the secret', () => {
    const [id, secret] = ['latchkey-api', 'latchkey-api-secret']
    const text = 'Requested audience not available: latchkey-api'
    expect(safeText(text, [secret], id)).toBe(text)
    expect(safeText(text, [secret])).toBe(WITHHELD)
    for (const more of ['latchkey-api-', 'atchkey-api-secret', 'key-api-secret'])
      expect(safeText(`not ${more}`, [secret], id)).toBe(WITHHELD)
    expect(safeText('latchkey-api', ['latchkey-api'], id)).toBe(WITHHELD)
    const whole = 'a-secret-in-the-client-id'
    for (const client of [whole, `app-${whole}-1`])
      expect(safeText(`no ${whole}`, [whole], client)).toBe(WITHHELD)
  })

  test('CL-05 it stays on one line, is not too long, and acts upon no terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const shown = safeText(text, [])
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
        expect(shown.length).toBeLessThanOrEqual(301)
      }),
      { numRuns: 500 },
    )
  })

  test('TK-04 a long and hostile text takes no long time', () => {
    const began = performance.now()
    const secret = 'x'.repeat(8000)
    for (const unit of ['%', '&#', 'a', '\\u', '%25', 'YWFh', '&amp;'])
      safeText(unit.repeat(100_000), [`${secret}y`, 'z'.repeat(5000)])
    expect(performance.now() - began).toBeLessThan(5000)
  })
})
