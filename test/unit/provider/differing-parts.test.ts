import { describe, expect, test } from '@jest/globals'
import { differingParts } from '../../../src/provider/differing-parts.js'

const OURS = 'https://id.example/realms/demo'

describe('differingParts', () => {
  test.each([
    ['no text', 7],
    ['no address', 'nonsense'],
    ['nothing in common', 'https://evil.example/somewhere'],
  ])('says nothing of %s', (_what, theirs) => {
    expect(differingParts(theirs, OURS)).toBeUndefined()
  })

  test.each([
    ['http://id.example/realms/demo', 'they differ in scheme'],
    ['https://other.example/realms/demo', 'they differ in host name'],
    ['https://id.example:8443/realms/demo', 'they differ in port'],
    ['https://id.example/realms/demo/', 'they differ in a slash at the end'],
    ['https://id.example/realms/other', 'they differ in path'],
    ['HTTPS://id.example/realms/demo', 'they differ in spelling'],
  ])('%s', (theirs, difference) => {
    expect(differingParts(theirs, OURS)).toBe(difference)
  })
})
