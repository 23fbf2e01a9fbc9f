// Compares the numbers of docs/catalogue.md with those in the names of the tests.
import fs from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

const CATALOGUE = 'docs/catalogue.md'
const TESTS = 'test'
const TO_COME = 'to come'
/** `C003-06`, `RD-01`, `P-7`, `A-1`; not the curve P-256, not UTF-8. */
const NUMBER = String.raw`(?:C\d{3}-\d{1,3}|[A-Z]{2}-\d{1,3}|[ABP]-\d{1,2})`
const ONE_NUMBER = new RegExp(`^${NUMBER}$`)
const NUMBERS = new RegExp(String.raw`(?<![\w-])${NUMBER}(?!\w)`, 'g')

const NAMED = new Set(['test', 'it', 'describe'])
/** Jest's own spellings of a test that does not run, or that has to fail: they show nothing. */
const NOT_RUN = new Set(['skip', 'todo', 'failing', 'xtest', 'xit', 'xdescribe'])

const root = path.join(import.meta.dirname, '..')
const { entries, problems } = readCatalogue()
problems.push(...compare(entries, readTests()))

for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  console.error(`${CATALOGUE} and the tests disagree: ${problems.length} to mend`)
  process.exitCode = 1
} else {
  const toCome = [...entries.values()].filter((entry) => entry.toCome).length
  console.log(`${entries.size} numbers: ${entries.size - toCome} with a test, ${toCome} to come`)
}

/**
 * Every row of every table there.
 *
 * @typedef {{ line: number, toCome: boolean }} Entry
 * @returns {{ entries: Map<string, Entry>, problems: string[] }}
 */
function readCatalogue() {
  /** @type {Map<string, Entry>} */
  const entries = new Map()
  /** @type {string[]} */
  const problems = []
  const lines = fs.readFileSync(path.join(root, CATALOGUE), 'utf8').split('\n')
  for (const [index, text] of lines.entries()) {
    const cells = readRow(text)
    if (!cells) continue
    const line = index + 1
    const [number = '', , state] = cells
    const first = entries.get(number)
    const problem = first ? `${number} is listed twice, first in line ${first.line}` : rowProblem(cells)
    if (problem) problems.push(`${CATALOGUE}:${line}: ${problem}`)
    if (!first && ONE_NUMBER.test(number)) entries.set(number, { line, toCome: state === TO_COME })
  }
  return { entries, problems }
}

/**
 * @param {string} text
 * @returns {string[] | undefined} the cells of a row of a table, but for its head
 */
function readRow(text) {
  if (!text.startsWith('|')) return undefined
  const cells = text
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
  return cells[0] === 'number' || /^:?-+:?$/.test(cells[0] ?? '') ? undefined : cells
}

/** @param {string[]} cells */
function rowProblem(cells) {
  const [number = '', means, state = ''] = cells
  if (cells.length !== 3) return 'a row has three cells: number, means, state'
  if (!ONE_NUMBER.test(number)) return `"${number}" is no number`
  if (!means) return `${number} does not say what it means`
  if (state !== '' && state !== TO_COME) return `the state of ${number} has to be empty or "${TO_COME}"`
  return undefined
}

/** @returns {Map<string, string>} number → where a test first names it */
function readTests() {
  /** @type {Map<string, string>} */
  const tested = new Map()
  const files = fs.readdirSync(path.join(root, TESTS), { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => name.endsWith('.test.ts')).sort()) {
    const name = path.join(TESTS, file)
    const text = fs.readFileSync(path.join(root, name), 'utf8')
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
    visit(source, (title) => {
      for (const [number] of titleText(title).matchAll(NUMBERS)) {
        const { line } = source.getLineAndCharacterOfPosition(title.getStart())
        if (!tested.has(number)) tested.set(number, `${name}:${line + 1}`)
      }
    })
  }
  return tested
}

/**
 * Hands over the title of every test and describe that runs.
 *
 * @param {ts.Node} node
 * @param {(title: ts.Expression) => void} found
 */
function visit(node, found) {
  if (ts.isCallExpression(node)) {
    const words = calleeWords(node.expression)
    const [first = ''] = words
    const [title] = node.arguments
    if (NOT_RUN.has(first) || (NAMED.has(first) && words.some((word) => NOT_RUN.has(word)))) return
    // `test.each(table)` is the table, `test.each(table)(title, …)` the tests.
    if (title && NAMED.has(first) && words.at(-1) !== 'each') found(title)
  }
  ts.forEachChild(node, (child) => visit(child, found))
}

/**
 * The words of `test`, `test.only` and `test.each(table)`, the last with `()` at its end; of anything else none.
 *
 * @param {ts.Expression} callee
 * @returns {string[]}
 */
function calleeWords(callee) {
  if (ts.isIdentifier(callee)) return [callee.text]
  if (ts.isPropertyAccessExpression(callee)) {
    const words = calleeWords(callee.expression)
    return words.length > 0 ? [...words, callee.name.text] : []
  }
  const table = ts.isCallExpression(callee)
    ? callee.expression
    : ts.isTaggedTemplateExpression(callee) && callee.tag
  const words = table ? calleeWords(table) : []
  return words.at(-1) === 'each' ? [...words, '()'] : []
}

/**
 * @param {ts.Expression} title
 * @returns {string} what stands in it literally, a blank where a value is put in
 */
function titleText(title) {
  if (ts.isStringLiteralLike(title)) return title.text
  if (ts.isTemplateExpression(title))
    return [title.head, ...title.templateSpans.map((span) => span.literal)].map((part) => part.text).join(' ')
  if (ts.isBinaryExpression(title)) return titleText(title.left) + titleText(title.right)
  return ''
}

/**
 * @param {Map<string, Entry>} entries
 * @param {Map<string, string>} tested
 * @returns {string[]}
 */
function compare(entries, tested) {
  const problems = []
  for (const [number, { line, toCome }] of entries) {
    const test = tested.get(number)
    if (toCome && test)
      problems.push(`${test}: ${number} has a test; remove its "${TO_COME}" in ${CATALOGUE}:${line}`)
    if (!toCome && !test) problems.push(`${CATALOGUE}:${line}: ${number} has no test`)
  }
  for (const [number, test] of tested) {
    if (!entries.has(number)) problems.push(`${test}: ${number} is not in ${CATALOGUE}`)
  }
  return problems
}
