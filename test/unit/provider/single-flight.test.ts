import { describe, expect, test } from '@jest/globals'
import { singleFlight } from '../../../src/provider/single-flight.js'

describe('singleFlight', () => {
  test('callers while a call is under way get its result', async () => {
    let calls = 0
    const flight = singleFlight(() => Promise.resolve(++calls))
    expect(await Promise.all([flight(), flight(), flight()])).toEqual([1, 1, 1])
    expect(await flight()).toBe(2)
  })

  test('a failure reaches everybody who waits, and nobody after them', async () => {
    let calls = 0
    const flight = singleFlight(() =>
      ++calls === 1 ? Promise.reject(new RangeError('once')) : Promise.resolve(calls),
    )
    const results = await Promise.allSettled([flight(), flight()])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await flight()).toBe(2)
  })
})
