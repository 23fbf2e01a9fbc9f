import { describe, expect, test } from '@jest/globals'
import { isolated } from '../../../src/pages/isolated.js'
import { LANGUAGES } from '../../../src/pages/render.js'

/** What a text that is made is made with. */
function samplesOf(place: string): unknown[][] {
  if (place === '.account.ended') return [0, 1, 2].flatMap((count) => [0, 1, 2].map((left) => [count, left]))
  if (place === '.account.device') return [['Firefox', 'Windows']]
  return [['Ada']]
}

/** Every text by its place, but the tagline, which is about us. */
function wordsOf(texts: unknown, place = ''): [string, string][] {
  if (typeof texts === 'string') return place === '.tagline' ? [] : [[place, texts]]
  if (typeof texts === 'function')
    return samplesOf(place).map((given) => [place, (texts as (...given: unknown[]) => string)(...given)])
  return Object.entries(texts as object).flatMap(([name, value]) => wordsOf(value, `${place}.${name}`))
}

const ALL = Object.entries(LANGUAGES).flatMap(([language, { keycloak, neutral }]) => [
  { language, provider: 'keycloak' as const, words: wordsOf(keycloak) },
  { language, provider: 'neutral' as const, words: wordsOf(neutral) },
])

/** Prepositions that melt into the article, and articles that a name does not have. */
const CLUMSY =
  /\b(?:bei|von|zu) dem Anmeldedienst|\b(?:the|a|an|der|dem|den|einem|beim|vom|zum) Keycloak\b|undefined| {2}/i

describe.each(ALL)('the words for a $provider provider in $language', ({ provider, words }) => {
  test('C003-03 call it by its name, or by general words throughout', () => {
    const naming = words.filter(([, text]) => text.includes('Keycloak'))
    const general = words.filter(([, text]) => /sign-in service|Anmeldedienst/.test(text))
    const [used, unused] = provider === 'keycloak' ? [naming, general] : [general, naming]
    expect(unused).toEqual([])
    expect(used.length).toBeGreaterThan(20)
  })

  test('read well: sentences begin with a capital, no article before a name', () => {
    for (const [place, text] of words) {
      expect([place, text]).toEqual([place, expect.not.stringMatching(CLUMSY)])
      for (const sentence of text.split(/(?<=[.!?]) /)) {
        const isPartOfOne = /^\.(?:levels|account\.(?:noEmail|ended))|^\.language/.test(place)
        if (!isPartOfOne) expect([place, sentence]).toEqual([place, expect.stringMatching(/^["\p{Lu}]/u)])
      }
    }
  })
})

describe('a name within a sentence', () => {
  test.each([
    ['Latin', 'Ada Lovelace'],
    ['Chinese', '欧阳娜娜'],
  ])('%s stays as it is', (_script, name) => {
    expect(isolated(name)).toBe(name)
  })

  test.each([
    ['Arabic', 'عمر'],
    ['Hebrew', 'דנה (HR)'],
    ['with a sign that turns the direction', 'Ada\u202e'],
  ])('%s is set apart', (_script, name) => {
    expect(isolated(name)).toBe(`\u2068${name}\u2069`)
  })
})
