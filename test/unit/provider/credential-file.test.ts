import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import fc from 'fast-check'
import {
  createCredentialFiles,
  CredentialError,
  readCredentialFile,
  readSecret,
} from '../../../src/provider/credential-file.js'
import { ClientFiles } from '../../support/client-files.js'
import { keptLog, type Line } from '../../support/log-lines.js'

let files: ClientFiles
let lines: Line[]
beforeEach(() => {
  files = new ClientFiles()
})
afterEach(() => files.remove())

function secretIn(content: string): () => string {
  const file = files.put('secret', content)
  const kept = keptLog()
  lines = kept.lines
  return createCredentialFiles({
    files: [['clientSecretFile', file]],
    parse: (text = '') => readSecret(text),
    log: kept.log,
  })
}

const codes = (): unknown[] => lines.map(({ code }) => code)

describe('TK-07 the secret file is refused at the start', () => {
  test.each(['', '\n', '\r\n', '  \n', '\n\n', '\t', '\r', ' ', '\ufeff\n', '\u00a0'])(
    'with %j in it',
    (content) => {
      expect(() => secretIn(content)).toThrow(CredentialError)
      expect(() => secretIn(content)).toThrow('names an empty file')
    },
  )

  test('when it is not there, a folder, or a pipe that nobody writes into', () => {
    expect(() => readCredentialFile('clientSecretFile', path.join(files.folder, 'none'))).toThrow(
      'names a file that cannot be read',
    )
    mkdirSync(path.join(files.folder, 'folder'))
    execFileSync('sh', ['-c', 'mkfifo "$0"', path.join(files.folder, 'pipe')])
    for (const name of ['folder', 'pipe'])
      expect(() => readCredentialFile('clientSecretFile', path.join(files.folder, name))).toThrow(
        'names what is not a regular file',
      )
  })
})

describe('TK-07 the secret file', () => {
  test.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' se cret \n\n', ' se cret \n'],
    ['sec\rret', 'sec\rret'],
  ])('%j holds %j', (content, secret) => {
    expect(secretIn(content)()).toBe(secret)
  })

  test('replaced: the new secret is there at the next look, and the log says so without it', () => {
    const secret = secretIn('the-first\n')
    expect(secret()).toBe('the-first')
    files.put('secret', 'the-second\n')
    expect([secret(), secret()]).toEqual(['the-second', 'the-second'])
    expect(codes()).toEqual(['client_credentials_changed'])
    expect(lines[0]?.['settings']).toEqual(['OIDC_CLIENT_SECRET_FILE'])
    expect(JSON.stringify(lines)).not.toMatch(/the-first|the-second/)
  })

  test('emptied: the old secret stays, logged once by name for each change', () => {
    const secret = secretIn('the-first')
    for (const content of ['', '\n', '  \n', ''])
      for (const look of [1, 2, 3]) {
        if (look === 1) files.put('secret', content)
        expect(secret()).toBe('the-first')
      }
    expect(lines).toHaveLength(4)
    for (const line of lines)
      expect(line).toMatchObject({
        level: 'warn',
        code: 'client_secret_file_unusable',
        setting: 'OIDC_CLIENT_SECRET_FILE',
        reason: 'clientSecretFile names an empty file',
      })
    files.put('secret', 'the-second')
    expect(secret()).toBe('the-second')
  })

  test('removed and put back: the old secret stays, and each time it goes it is told', () => {
    const secret = secretIn('the-first')
    for (const time of [1, 2]) {
      files.remove('secret')
      expect([secret(), secret()]).toEqual(['the-first', 'the-first'])
      expect(lines).toHaveLength(time)
      files.put('secret', 'the-first')
      expect(secret()).toBe('the-first')
    }
    expect(new Set(codes())).toEqual(new Set(['client_secret_file_unusable']))
    expect(JSON.stringify(lines)).not.toContain(files.folder)
  })

  test('unreadable: the old secret stays', () => {
    const secret = secretIn('the-first')
    files.put('secret', 'the-second')
    chmodSync(path.join(files.folder, 'secret'), 0)
    // Whoever is root reads it all the same.
    const expected = process.getuid?.() === 0 ? 'the-second' : 'the-first'
    expect(secret()).toBe(expected)
  })

  test('whatever happens to it: the last good secret, no throw, and no content in the log', () => {
    const content = fc.oneof(
      fc.constantFrom('', '\n', '\r\n', '  \n', '\n\n', undefined),
      fc.integer({ min: 0, max: 3 }).map((n) => `secret-number-${n}${n % 2 === 0 ? '\n' : ''}`),
    )
    fc.assert(
      fc.property(fc.array(content, { maxLength: 20 }), (contents) => {
        const secret = secretIn('secret-number-9')
        let expected = 'secret-number-9'
        for (const next of contents) {
          if (next === undefined) files.remove('secret')
          else writeFileSync(path.join(files.folder, 'secret'), next)
          if (next?.trim()) expected = next.trim()
          expect(secret()).toBe(expected)
        }
        expect(lines.length).toBeLessThanOrEqual(contents.length)
        expect(JSON.stringify(lines)).not.toContain('secret-number')
      }),
      { numRuns: 50 },
    )
  })
})
