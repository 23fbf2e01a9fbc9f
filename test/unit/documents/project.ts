import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A file of the project, by its path from the top. */
export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

/** Paths from the top of every file in a folder, at any depth, in order. */
export function filesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort()
}

/** What people read first, and what they are led to from there. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...filesIn('docs').filter((file) => file.endsWith('.md')),
]

/** Every source file's text, by its path. */
export const sources = new Map(filesIn('src').map((file) => [file, read(file)]))

/** What stands between back-ticks in a text: words in a line, and whole blocks. */
export function codeIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```.*\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  const words = [...markdown.replace(/^```.*\n[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)]
  return [...blocks, ...words.map(([, word = '']) => word)]
}

/** The rows of the table below a heading, without its head, each as its cells. */
export function tableBelow(markdown: string, heading: string): string[][] {
  const section = markdown.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return rows.slice(2)
}

/** Names of settings in a text. */
export const settingsIn = (text: string): string[] => text.match(/\b[A-Z]+(?:_[A-Z]+)*\b/g) ?? []
