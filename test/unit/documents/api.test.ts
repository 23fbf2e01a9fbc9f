import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { read, root } from './project.js'

jest.setTimeout(120_000)

describe('docs/api', () => {
  let fresh: string

  beforeAll(async () => {
    fresh = mkdtempSync(path.join(tmpdir(), 'latchkey-api-'))
    const typedoc = path.join(root, 'node_modules/typedoc/bin/typedoc')
    await promisify(execFile)(process.execPath, [typedoc, '--out', fresh], { cwd: root })
  })
  afterAll(() => rmSync(fresh, { recursive: true, force: true }))

  /** Every file of a folder with its text. */
  function contentOf(folder: string): Record<string, string> {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
    return Object.fromEntries(files.map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')]))
  }

  test('is what `npm run docs` makes of the docstrings', () => {
    expect(contentOf(path.join(root, 'docs/api'))).toEqual(contentOf(fresh))
  })

  test('has a page for all that the package exports', () => {
    const source = read('src/latchkey.ts') + read('src/tokens.ts')
    const lists = [...source.matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, list = '']) =>
      list.split(','),
    )
    const ones = [...source.matchAll(/^export (?:type|interface|class|(?:async )?function) (\w+)/gm)]
    const exported = [...lists, ...ones.map(([, name = '']) => name)]
      .map((name) => name.replace('type ', '').trim())
      .filter((name) => name !== '')
    const pages = Object.keys(contentOf(fresh)).map((file) => path.basename(file, '.md'))
    expect(pages.filter((page) => page !== 'README').toSorted()).toEqual(exported.toSorted())
  })

  test('says nothing of the machine on which it was made', () => {
    for (const text of Object.values(contentOf(fresh))) expect(text).not.toContain(path.basename(fresh))
    for (const text of Object.values(contentOf(fresh))) expect(text).not.toContain(root)
  })
})
