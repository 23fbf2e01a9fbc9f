import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { tryLock, waitForLock } from '../../keycloak/lib/lock.mjs'
import { Sandbox } from './sandbox.js'

let box: Sandbox
let path: string
beforeEach(() => {
  box = new Sandbox()
  path = box.path('lock')
})
afterEach(() => box.remove())

describe('a lock', () => {
  test('has one owner, until it is released', () => {
    const lock = tryLock(path)
    expect(tryLock(path)).toBeUndefined()
    lock?.release()
    const next = tryLock(path)
    expect(next).toBeDefined()
    next?.release()
  })

  test.each([
    ['a dead process', '999999999 1'],
    ['an earlier process of the same number', `${process.pid} 1`],
    ['nobody', ''],
  ])('of %s does not count', (_name, owner) => {
    writeFileSync(path, owner)
    const lock = tryLock(path)
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `))
    lock?.release()
    expect(readdirSync(box.home).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  test('that was handed over lives as long as the new owner', async () => {
    const holder = promisify(execFile)('sleep', ['0.5'])
    tryLock(path)?.handOver(holder.child.pid ?? 0)
    expect(tryLock(path)).toBeUndefined()
    await holder
    const lock = await waitForLock(path, { deadline: 5_000 })
    expect(lock).toBeDefined()
    lock?.release()
  })

  test('is not waited for longer than the deadline, and the waiting is said once', async () => {
    const lock = tryLock(path)
    let waits = 0
    expect(await waitForLock(path, { deadline: 500, onWait: () => (waits += 1) })).toBeUndefined()
    expect(waits).toBe(1)
    lock?.release()
  })

  test('of a dead owner goes to one of many that break it at once', async () => {
    writeFileSync(path, '999999999 1')
    const begin = Date.now() + 400
    const script = `import { tryLock } from '${new URL('../../keycloak/lib/lock.mjs', import.meta.url).href}'
      while (Date.now() < ${begin});
      process.stdout.write(tryLock('${path}') ? 'mine' : 'no')
      setTimeout(() => {}, 400)`
    const contenders = Array.from({ length: 6 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]),
    )
    const answers = await Promise.all(contenders)
    expect(answers.map(({ stdout }) => stdout).sort()).toEqual(['mine', 'no', 'no', 'no', 'no', 'no'])
    expect(existsSync(path)).toBe(false)
  })
})
