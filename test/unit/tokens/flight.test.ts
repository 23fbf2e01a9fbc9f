import { describe, expect, test } from '@jest/globals'
import { untilAborted } from '../../../src/tokens/flight.js'

/** A signal that says how many listen to it. */
function counted(): { readonly leaving: AbortController; readonly count: () => number } {
  const leaving = new AbortController()
  let listeners = 0
  const { signal } = leaving
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  Object.assign(signal, {
    addEventListener(...given: Parameters<typeof add>) {
      listeners++
      add(...given)
    },
    removeEventListener(...given: Parameters<typeof remove>) {
      listeners--
      remove(...given)
    },
  })
  return { leaving, count: () => listeners }
}

describe('untilAborted', () => {
  test('TK-01 hangs one listener on a signal, however many wait, and none when nobody does any more', async () => {
    const { leaving, count } = counted()
    let letGo = (): void => undefined
    const work = new Promise<void>((resolve) => (letGo = resolve))
    const all = Array.from({ length: 50 }, () => untilAborted(work, leaving.signal))
    expect(count()).toBe(1)
    letGo()
    await Promise.all(all)
    await new Promise(setImmediate)
    expect(count()).toBe(0)
    const again = untilAborted(new Promise(() => undefined), leaving.signal)
    expect(count()).toBe(1)
    leaving.abort(new Error('leaves'))
    await expect(again).rejects.toThrow('leaves')
  })

  test('TK-01 all who wait hear of the end, with its reason', async () => {
    const leaving = new AbortController()
    const never = new Promise(() => undefined)
    const all = Array.from({ length: 3 }, () => untilAborted(never, leaving.signal))
    const reason = new Error('enough')
    leaving.abort(reason)
    for (const one of all) await expect(one).rejects.toBe(reason)
    await expect(untilAborted(never, leaving.signal)).rejects.toBe(reason)
  })
})
