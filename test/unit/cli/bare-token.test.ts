import { describe, expect, test } from '@jest/globals'
import { bareToken } from '../../../src/cli/bare-token.js'

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const TOKEN = [part({ alg: 'RS256' }), part({ sub: 'somebody' }), 'c2lnbmF0dXJl'].join('.')
const FOLDED = TOKEN.replace(/.{20}/g, '$&\n')

describe('bareToken', () => {
  test.each([
    ['with a line break', `${TOKEN}\r\n`],
    ['with its scheme', `bearer  ${TOKEN}`],
    ['with its header', `Authorization: Bearer ${TOKEN}`],
    ['in quotes', `"${TOKEN}"`],
    ['in single quotes', `'${TOKEN}'`],
    ['with its header in quotes', `'Authorization: Bearer ${TOKEN}'`],
    ['in quotes behind its scheme', `Bearer "${TOKEN}"`],
    ['folded', FOLDED],
    ['folded inside its signature', TOKEN.replace(/.{5}$/, '\n$&')],
    ['folded before its signature', TOKEN.replace(/[^.]+$/, '\n$&')],
    ['folded before its signature and inside it', TOKEN.replace(/([^.]{5})([^.]+)$/, '\n$1\n$2')],
    ['folded and indented', FOLDED.replaceAll('\n', '\r\n  ')],
    ['folded with its scheme, in quotes', `"Bearer ${FOLDED}"`],
    ['of a token endpoint', JSON.stringify({ token_type: 'Bearer', access_token: TOKEN, expires_in: 5 })],
    ['of a token endpoint, for people', JSON.stringify({ access_token: TOKEN, scope: null }, null, 2)],
  ])('a token %s is that token', (_name, text) => {
    expect(bareToken(text)).toBe(TOKEN)
  })

  test.each(['', ' ', 'Bearer', 'Bearer ', 'Authorization: Bearer', '""', '{"access_token":""}'])(
    'there is none in %j',
    (text) => {
      expect(bareToken(text)).toBe('')
    },
  )

  test.each([
    ['two tokens', `${TOKEN}\n${TOKEN}`],
    ['text of several lines', 'not a token,\nbut words'],
    ['JSON without one', '{"access_token":5}'],
    ['JSON of another kind', '["a"]'],
    ['one quote', `"${TOKEN}`],
    ['two quotes that differ', `"${TOKEN}'`],
    ['an opaque token', 'Bearer-of-news'],
  ])('%s stay as they are', (_name, text) => {
    expect(bareToken(text)).toBe(text)
  })
})
