import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { json, ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, TestApp, type Answer } from '../../support/test-app.js'
import { script, signedIn, startTwoApps, type TwoApps } from './two-apps.js'

const LIFE = 60

let provider: ScriptedProvider
let apps: TwoApps
let clock = new Clock()

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  apps = await startTwoApps(provider, { now: () => clock.now() })
})
beforeEach(() => {
  clock = new Clock()
  provider.reset()
  provider.accessTokenLife = LIFE
  // While the provider takes its time, all the others come.
  provider.onIdToken = async (draft) => {
    await delay(150)
    return draft
  }
})
afterAll(async () => {
  await apps.stop()
  await provider.close()
})

/** Ten requests at each process, half of them for pages. */
function twenty(jar: Jar): Promise<readonly Answer[]> {
  return Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      (i % 2 === 0 ? apps.a : apps.b).send(i % 4 < 2 ? '/hello' : '/api/whoami', {
        jar: jar.copy(),
        headers: i % 4 < 2 ? NAVIGATION : SCRIPT,
      }),
    ),
  )
}

const allOk = Array.from({ length: 20 }, () => 200)

describe('RF-01 20 requests at once on two processes; a refresh token is good for one use', () => {
  test('RF-01 P-8 one refresh when it is due and one when the token is over, and all are served, again and again', async () => {
    const jar = await signedIn(apps.a, provider)
    let expected = 0
    for (const seconds of [LIFE - 25, LIFE + 1, LIFE - 25, LIFE + 1]) {
      clock.forward(seconds)
      expect((await twenty(jar)).map(({ status }) => status)).toEqual(allOk)
      expect([provider.grants('refresh_token'), provider.families.reused]).toEqual([++expected, 0])
      // What was renewed is not due, at either process.
      expect((await twenty(jar)).map(({ status }) => status)).toEqual(allOk)
      expect(provider.grants('refresh_token')).toBe(expected)
    }
  })

  test('RF-01 sessions of several people are each renewed once, and nobody sees another', async () => {
    const people = Array.from({ length: 5 }, () => newPerson())
    const jars = await Promise.all(people.map((person) => signedIn(apps.a, provider, person)))
    clock.forward(LIFE + 1)
    const answers = await Promise.all(
      jars.map((jar) => Promise.all([1, 2, 3, 4].map((i) => script(i % 2 ? apps.a : apps.b, jar.copy())))),
    )
    for (const [i, own] of answers.entries())
      for (const answer of own) expect(answer.json()).toMatchObject({ id: people[i]?.sub })
    expect([provider.grants('refresh_token'), provider.families.reused]).toEqual([5, 0])
  })

  test('RF-01 a refresh that is refused ends the session for all of them', async () => {
    const jar = await signedIn(apps.a, provider)
    clock.forward(LIFE + 1)
    provider.answers.token = async (_call, res) => {
      await delay(150)
      json(res, 400, { error: 'invalid_grant' })
    }
    const statuses = (await twenty(jar)).map(({ status }) => status)
    expect(statuses.filter((status) => status !== 302 && status !== 401)).toEqual([])
    expect(provider.grants('refresh_token')).toBe(1)
  })

  test('P-9 a refresh that fails is one failure for all of them, not twenty', async () => {
    const jar = await signedIn(apps.a, provider)
    clock.forward(LIFE + 1)
    provider.answers.token = async (_call, res) => {
      await delay(150)
      res.writeHead(503).end()
    }
    const statuses = (await twenty(jar)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect(provider.grants('refresh_token')).toBeLessThanOrEqual(2)
    provider.answers = {}
    expect((await twenty(jar)).map(({ status }) => status)).toEqual(allOk)
  })
})

describe('RF-01 one process with nobody beside it', () => {
  test('RF-01 20 requests, one refresh', async () => {
    const alone = await TestApp.start(provider, { now: () => clock.now() })
    try {
      const jar = await signedIn(alone, provider)
      clock.forward(LIFE + 1)
      const answers = await Promise.all(allOk.map(() => script(alone, jar.copy())))
      expect(answers.map(({ status }) => status)).toEqual(allOk)
      expect([provider.grants('refresh_token'), provider.families.reused]).toEqual([1, 0])
    } finally {
      await alone.stop()
    }
  })
})
