import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { takeFileLock, type HeldFileLock } from '../../../src/tokens/file-lock.js'
import { until } from '../../support/until.js'
import { modeOf, removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'

afterAll(removeTemporaryFolders)

let folder: string
beforeEach(() => {
  folder = temporaryFolder()
})

const take = (patience = 7): Promise<HeldFileLock> => takeFileLock({ folder, name: 'tokens', patience })
const at = (name: string): string => path.join(folder, name)
const write = (name: string, content: string): void => fs.writeFileSync(at(name), content, { mode: 0o600 })

/** A lock file as a process left it that ended without a word. */
async function leave(number: number, changes: object = {}): Promise<void> {
  const lock = await take()
  const name = fs.readdirSync(folder).find((file) => file.startsWith('tokens.lock.')) ?? ''
  const content = JSON.parse(fs.readFileSync(at(name), 'utf8')) as object
  await lock.release()
  fs.rmSync(at(name))
  const { pid } = spawnSync(process.execPath, ['--version'])
  write(`tokens.lock.${number}`, JSON.stringify({ ...content, pid, ...changes }))
}

async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work
  return performance.now() - start
}

describe('CL-04 the lock is free', () => {
  test('where nobody had it, and after each release', async () => {
    for (const number of [1, 2, 3]) {
      const lock = await take(0)
      expect([fs.readdirSync(folder), modeOf(at(`tokens.lock.${number}`))]).toEqual([
        [`tokens.lock.${number}`],
        '600',
      ])
      expect(await lock.isOurs()).toBe(true)
      await lock.release()
    }
  })

  test('at once, when its holder has ended without a word', async () => {
    await leave(41)
    await take(0)
    expect(fs.readdirSync(folder)).toEqual(['tokens.lock.42'])
  })

  test('at once, when its holder has ended and another process has its number', async () => {
    await leave(1, { pid: process.pid, born: '1' })
    await take(0)
    expect(fs.readdirSync(folder)).toEqual(['tokens.lock.2'])
  })

  test('at once, when its holder has ended and its parent has not noticed', async () => {
    // The shell becomes a program that never asks after the other one.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'])
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(line.toString())
      const fields = (): readonly string[] =>
        fs
          .readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')
      const born = fields()[19]
      await until(() => fields()[0] === 'Z' || undefined)
      await leave(1, { pid, born })
      await take(0)
      expect(fs.readdirSync(folder)).toEqual(['tokens.lock.2'])
    } finally {
      parent.kill('SIGKILL')
    }
  })

  test('after 3 s, when its holder lives, and has given no sign for a minute', async () => {
    await leave(1, { pid: process.pid })
    const long = new Date(Date.now() - 61_000)
    fs.utimesSync(at('tokens.lock.1'), long, long)
    expect(await timed(take())).toBeGreaterThan(2800)
  })

  test('after 3 s without a sign of life, when nothing else is known of its holder', async () => {
    await leave(1, { place: 'elsewhere' })
    const elsewhere = fs.readFileSync(at('tokens.lock.1'), 'utf8')
    // Ended while it was written, cut off, something else, a process number that cannot be.
    const contents = [elsewhere, '', '{"pid":12', '[]', '{"pid":-1,"place":""}']
    const times = contents.map((content) => {
      folder = temporaryFolder()
      write('tokens.lock.1', content)
      return timed(take())
    })
    for (const time of await Promise.all(times)) expect(time).toBeGreaterThan(2800)
  })
})

describe('CL-04 the lock is held', () => {
  test('for as long as its holder lives and works, and the error names file and process', async () => {
    const lock = await take()
    await expect(take(4)).rejects.toMatchObject({
      code: 'unavailable',
      status: 503,
      error: 'temporarily_unavailable',
      message: `${at('tokens.lock.1')} was held by process ${process.pid} for all of 4 s: wait for that process, or end it`,
    })
    expect(await lock.isOurs()).toBe(true)
    await lock.release()
  })

  test('by one after another: who waits counts anew for each', async () => {
    const turn = async (): Promise<void> => {
      const lock = await take(1.5)
      await sleep(600)
      await lock.release()
    }
    await Promise.all(Array.from({ length: 5 }, turn))
    expect(fs.readdirSync(folder)).toEqual(['tokens.lock.5'])
  })

  test('by a process that looks dead from another machine, and gives signs of life', async () => {
    await leave(1, { place: 'elsewhere' })
    const timer = setInterval(() => fs.utimesSync(at('tokens.lock.1'), new Date(), new Date()), 500)
    await expect(take(4)).rejects.toMatchObject({ code: 'unavailable' })
    clearInterval(timer)
  })

  test('by nobody but the one with the highest number', async () => {
    const late = await take()
    write('tokens.lock.2', '{')
    expect(await late.isOurs()).toBe(false)
    const lock = await take(0)
    await late.release()
    expect([await lock.isOurs(), fs.readdirSync(folder)]).toEqual([true, ['tokens.lock.3']])
  })

  test('not by who created a lower number late: it starts over', async () => {
    const taking = take()
    // It has looked, and is creating the first; before it looks again, somebody has had the second.
    while (!fs.existsSync(at('tokens.lock.1'))) await new Promise((resolve) => setImmediate(resolve))
    write('tokens.lock.2', '{')
    const lock = await taking
    expect([await lock.isOurs(), fs.readdirSync(folder)]).toEqual([true, ['tokens.lock.3']])
  })

  test('by nobody, where the folder is gone', async () => {
    const lock = await take()
    fs.rmSync(folder, { recursive: true })
    expect(await lock.isOurs()).toBe(false)
    await lock.release()
    await expect(take()).rejects.toMatchObject({
      code: 'store_unusable',
      message: expect.stringMatching(`^${at('tokens.lock.1')} cannot be used \\(ENOENT\\)`),
    })
  })
})

describe('CL-03 files beside it', () => {
  test('a lock file that is a link is refused by name', async () => {
    const outside = path.join(temporaryFolder(), 'outside')
    fs.writeFileSync(outside, '{')
    fs.symlinkSync(outside, at('tokens.lock.5'))
    await expect(take()).rejects.toMatchObject({
      code: 'store_unusable',
      message: `${at('tokens.lock.5')} is a symbolic link: remove it`,
    })
    expect(fs.readFileSync(outside, 'utf8')).toBe('{')
  })

  test('what a former holder left is removed, and nothing else', async () => {
    const first = await take()
    const left = path.basename(first.temporary())
    expect(left).toMatch(/^tokens\.1-[0-9a-f]{16}\.tmp$/)
    const others = [
      'tokens.json',
      'tokens.9-0123456789abcdef.tmp',
      'notes.1-0123456789abcdef.tmp',
      'tokens.1-x.tmp',
    ]
    for (const name of [left, ...others]) write(name, '')
    fs.mkdirSync(at('tokens.lock.0'))
    fs.mkdirSync(at('tokens.1-0000000000000000.tmp'))
    await first.release()
    await take()
    expect(fs.readdirSync(folder).sort()).toEqual(
      [...others, 'tokens.lock.0', 'tokens.1-0000000000000000.tmp', 'tokens.lock.2'].sort(),
    )
  })
})

test('CL-04 whatever they do, only one holds it at a time, and everybody gets it', async () => {
  const takers = fc.array(
    fc.record({
      work: fc.integer({ min: 0, max: 3 }),
      end: fc.constantFrom('release', 'break', 'lose'),
    }),
    { minLength: 2, maxLength: 12 },
  )
  await fc.assert(
    fc.asyncProperty(takers, async (all) => {
      folder = temporaryFolder()
      let holders = 0
      const taken = await Promise.all(
        all.map(async ({ work, end }) => {
          const lock = await take()
          holders += 1
          const most = holders
          for (let turn = 0; turn < work; turn += 1) await new Promise((resolve) => setImmediate(resolve))
          holders -= 1
          const mine = Math.max(...fs.readdirSync(folder).map((name) => Number(name.split('.')[2])))
          // As if it had been killed, or somebody had come in between.
          if (end === 'break') write(`tokens.lock.${mine}`, '{')
          if (end === 'lose') write(`tokens.lock.${mine + 1}`, '{')
          await lock.release()
          return most
        }),
      )
      expect(taken).toEqual(all.map(() => 1))
    }),
    { numRuns: 30 },
  )
})
