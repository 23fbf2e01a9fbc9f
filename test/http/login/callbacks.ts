import { expect } from '@jest/globals'
import type { Jar } from '../../support/browser-jar.js'
import type { ScriptedProvider } from '../../support/scripted-provider.js'
import type { Answer, TestApp } from '../../support/test-app.js'

/** A callback, changed. */
export function edited(url: URL, change: (query: URLSearchParams) => void): URL {
  const copy = new URL(url)
  change(copy.searchParams)
  return copy
}

/** A callback that signs nobody in, with `redeemed` calls of the token endpoint; its answer. */
export async function expectRefusedCallback(
  app: TestApp,
  provider: ScriptedProvider,
  { url, jar, redeemed = 0, statuses = [400] }: RefusedCallback,
): Promise<Answer> {
  const before = provider.count('token')
  const answer = await app.callback(url, jar)
  expect(statuses).toContain(answer.status)
  expect(answer.location).toBeUndefined()
  expect(provider.count('token') - before).toBe(redeemed)
  expect(await app.whoami(jar)).toBeUndefined()
  return answer
}

export interface RefusedCallback {
  readonly url: URL
  readonly jar: Jar
  readonly redeemed?: number
  readonly statuses?: readonly number[]
}
