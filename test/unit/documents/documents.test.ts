import { describe, expect, test } from '@jest/globals'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { codeIn, documents, filesIn, read, root, sources, tableBelow } from './project.js'

const allSources = [...sources.values()].join('\n')

describe('links', () => {
  const links = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
      .map((target) => ({ file, target })),
  )

  test('of documents lead to files that exist', () => {
    const broken = links.filter(
      ({ file, target }) => !existsSync(path.join(root, path.dirname(file), target.replace(/#.*$/, ''))),
    )
    expect(links.length).toBeGreaterThan(10)
    expect(broken).toEqual([])
  })
})

describe('commands', () => {
  const { scripts, jest } = JSON.parse(read('package.json')) as {
    scripts: Record<string, string>
    jest: { projects: { displayName: string }[] }
  }
  /** What npm does without a script of ours. */
  const OF_NPM = ['ci', 'install', 'pack']
  const commandsIn = (file: string, texts: readonly string[]) =>
    texts.flatMap((text) =>
      [...text.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)].map(([, command = '']) => ({ file, command })),
    )
  const commands = [
    ...documents.flatMap((file) => commandsIn(file, codeIn(read(file)))),
    ...commandsIn('.github/workflows/ci.yml', read('.github/workflows/ci.yml').match(/run: .*/g) ?? []),
    ...commandsIn('.env.example', [read('.env.example')]),
    ...commandsIn('.ci/run', [read('.ci/run')]),
  ]

  test('that documents name are scripts of package.json', () => {
    expect(commands.length).toBeGreaterThan(20)
    expect(
      commands.filter(({ command }) => !Object.hasOwn(scripts, command) && !OF_NPM.includes(command)),
    ).toEqual([])
  })

  test('that are checks are told in CONTRIBUTING, in the order in which they run', () => {
    const told = tableBelow(read('CONTRIBUTING.md'), 'Checks').map(([command]) => command)
    const run = scripts['check']?.split(' && ').map((command) => `\`${command}\``)
    expect(told).toEqual(run)
  })

  test('for one folder of tests have each folder in CONTRIBUTING, in the order in which they run', () => {
    const told = tableBelow(read('CONTRIBUTING.md'), 'Tests').map(([folder]) => folder)
    expect(told).toEqual(jest.projects.map(({ displayName }) => `\`test/${displayName}\``))
  })

  test('of the workflow run files and folders that exist', () => {
    const workflow = read('.github/workflows/ci.yml')
    // Who is not root brings the Redis along.
    const redis = 'sudo apt-get update && sudo apt-get install --yes redis-server'
    expect(workflow.match(/(?<=run: ).*/g)).toEqual([
      redis,
      'bash .ci/run',
      redis,
      'npm ci && npm test -- unit http',
    ])
    for (const file of ['.ci/run', 'test/unit', 'test/http'])
      expect(existsSync(path.join(root, file))).toBe(true)
  })
})

describe('codes', () => {
  const operating = read('docs/operating.md')
  const logTable = tableBelow(operating, 'The log').flatMap(([cell = '']) => codeIn(cell))
  /** Codes that reach answers: a page or JSON has them. */
  const answered = new Set(
    [...sources]
      .filter(([file]) => /errors\.ts$|texts\.ts$/.test(file))
      .flatMap(([, text]) => [...text.matchAll(/^\s+'?(\w+)'?: \{/gm)].map(([, code = '']) => code)),
  )

  test('of the log in docs/operating.md are codes of the source', () => {
    expect(logTable.length).toBeGreaterThan(10)
    expect(logTable.filter((code) => !allSources.includes(`'${code}'`))).toEqual([])
  })

  test('that the source logs are in docs/operating.md, or on pages', () => {
    const logged = [...allSources.matchAll(/\bcode: '([a-z_]+)'/g)].map(([, code = '']) => code)
    expect(logged.length).toBeGreaterThan(10)
    expect(logged.filter((code) => !logTable.includes(code) && !answered.has(code))).toEqual([])
  })

  test.each(['README.md', 'docs/operating.md', 'SECURITY.md'])(
    'and other words with underscores in %s are words of the source',
    (file) => {
      const words = codeIn(read(file)).filter((word) => /^[a-z]+(?:_[a-z]+)+$/.test(word))
      expect(words.length).toBeGreaterThan(0)
      expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(allSources))).toEqual([])
    },
  )
})

describe('docs/architecture.md', () => {
  const text = read('docs/architecture.md')

  test('names files that exist', () => {
    const named = codeIn(text).filter((word) => /^[\w./-]+(?:\.ts|\/)$/.test(word))
    expect(named.length).toBeGreaterThan(40)
    const inSource = (name: string): boolean => existsSync(path.join(root, 'src', name))
    expect(named.filter((name) => !existsSync(path.join(root, name)) && !inSource(name))).toEqual([])
  })

  test('has every folder and file at the top of src on its map', () => {
    const map = tableBelow(text, 'The map').flatMap(([cell = '']) => codeIn(cell))
    const tops = filesIn('src').map((file) => file.split('/')[1] ?? '')
    const there = tops.map((name) => (name.endsWith('.ts') ? name : `${name}/`))
    expect(map.toSorted()).toEqual([...new Set(there)].sort())
  })
})
