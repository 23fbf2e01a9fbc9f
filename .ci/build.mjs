// Compiles src/ into dist/, when what it is made of has changed. The folder is swapped in whole: a build that fails
// or is interrupted leaves the old one as it was.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')
const stamp = '.built-from'
const LOCK_PATIENCE = 120_000

/** What the result depends on, as one digest. */
function digestOfSources() {
  const hash = createHash('sha256')
  const sources = fs.readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).sort()
  const files = [
    ...sources.map((file) => path.join('src', file)),
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ]
  for (const file of files) {
    const full = path.join(root, file)
    if (fs.statSync(full).isFile()) hash.update(file).update('\0').update(fs.readFileSync(full))
  }
  return hash.digest('hex')
}

/** @param {string} digest */
function isBuilt(digest) {
  try {
    return fs.readFileSync(path.join(dist, stamp), 'utf8') === digest
  } catch {
    return false
  }
}

/** @param {string} digest */
function compile(digest) {
  const fresh = fs.mkdtempSync(path.join(root, 'dist.'))
  const old = `${fresh}-old`
  try {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const options = ['-p', path.join(root, 'tsconfig.build.json'), '--outDir', fresh]
    const { status } = spawnSync(process.execPath, [tsc, ...options], { stdio: ['ignore', 2, 2] })
    if (status !== 0) throw new Error('the sources do not compile')
    fs.writeFileSync(path.join(fresh, stamp), digest)
    fs.chmodSync(fresh, 0o755)
    if (fs.existsSync(dist)) fs.renameSync(dist, old)
    fs.renameSync(fresh, dist)
  } finally {
    for (const folder of [fresh, old]) fs.rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * One build at a time in a checkout; whoever waits finds the result ready.
 * @param {() => void} work
 */
async function locked(work) {
  const lock = path.join(root, 'node_modules', '.latchkey-build.lock')
  const deadline = Date.now() + LOCK_PATIENCE
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
      if (ownerIsGone(lock)) fs.rmSync(lock, { force: true })
      else if (Date.now() > deadline) throw new Error(`another build holds ${lock}`, { cause: error })
      else await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  try {
    work()
  } finally {
    fs.rmSync(lock, { force: true })
  }
}

/** @param {string} lock */
function ownerIsGone(lock) {
  try {
    process.kill(Number(fs.readFileSync(lock, 'utf8')), 0)
    return false
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH'
  }
}

/** Builds when sources are newer than what is built. */
export async function buildIfNeeded() {
  const digest = digestOfSources()
  if (isBuilt(digest)) return
  await locked(() => {
    if (isBuilt(digest)) return
    process.stderr.write('building …\n')
    compile(digest)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildIfNeeded().catch((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
