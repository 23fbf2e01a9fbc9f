import { expect } from '@jest/globals'
import { Jar } from './browser-jar.js'
import type { ScriptedProvider } from './scripted-provider.js'
import { newPerson, type TestApp } from './test-app.js'

/** A clock that runs with the machine's and can be put forward. */
export class Clock {
  #ahead = 0
  readonly now = (): number => Date.now() + this.#ahead

  forward(seconds: number): void {
    this.#ahead += seconds * 1000
  }
}

/** A whole login, after which the app knows the person. */
export async function expectHonestLogin(
  app: TestApp,
  provider: ScriptedProvider,
  jar = new Jar(),
): Promise<void> {
  const person = newPerson()
  const answer = await app.signIn(provider, jar, person)
  expect([answer.status, answer.location]).toEqual([303, '/hello'])
  expect(await app.whoami(jar)).toMatchObject({ id: person.sub })
}

/**
 * A login in which the provider does what `arm` tells it: refused, nothing further asked, nobody signed in, its state
 * spent. Then an honest one in the same browser.
 */
export async function expectRefusedLogin(
  app: TestApp,
  provider: ScriptedProvider,
  arm: () => void,
  statuses: readonly number[] = [400],
): Promise<void> {
  const jar = new Jar()
  const callback = provider.approve((await app.beginLogin(jar)).href, newPerson())
  arm()
  const answer = await app.callback(callback, jar)
  expect(statuses).toContain(answer.status)
  expect(answer.location).toBeUndefined()
  expect(provider.count('userinfo')).toBe(0)
  expect(await app.whoami(jar)).toBeUndefined()
  provider.reset()
  const again = await app.callback(callback, jar)
  expect([again.status, provider.count('token')]).toEqual([400, 0])
  await expectHonestLogin(app, provider, jar)
}
