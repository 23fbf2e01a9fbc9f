import { describe, expect, test } from '@jest/globals'
import { EventEmitter } from 'node:events'
import { Interrupted } from '../../../src/cli/errors.js'
import { createInterruption } from '../../../src/cli/interruption.js'

function start() {
  const process = new EventEmitter()
  const exits: number[] = []
  let time = 0
  const signal = createInterruption({ process, exit: (code) => exits.push(code), now: () => time })
  const send = (name: string, at: number): void => {
    time = at
    process.emit(name)
  }
  return { signal, exits, send }
}

describe('createInterruption', () => {
  test.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s aborts with %i', (name, exitCode) => {
    const { signal, exits, send } = start()
    expect(signal.aborted).toBe(false)
    send(name, 0)
    expect(signal.reason).toBeInstanceOf(Interrupted)
    expect(signal.reason).toMatchObject({ exitCode })
    expect(exits).toEqual([])
  })

  test('CL-02 one Ctrl-C that arrives twice, by the terminal and by npm, leaves the time to keep a token', () => {
    const { exits, send } = start()
    send('SIGINT', 1000)
    send('SIGINT', 1005)
    send('SIGTERM', 5000)
    send('SIGHUP', 5000)
    send('SIGTERM', 6000)
    expect(exits).toEqual([])
  })

  test('a second Ctrl-C of a person waits for nothing', () => {
    const { exits, send } = start()
    send('SIGINT', 1000)
    send('SIGINT', 1400)
    expect(exits).toEqual([130])
  })
})
