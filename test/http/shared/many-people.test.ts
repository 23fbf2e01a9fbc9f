import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { Jar } from '../../support/browser-jar.js'
import { Clock } from '../../support/logins.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider, type Person } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, SCRIPT, type TestApp } from '../../support/test-app.js'
import { TwoApps } from '../../support/two-apps.js'

let provider: ScriptedProvider
let redis: RedisServer
let apps: TwoApps

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
  // Tokens of 300 seconds are due after one.
  apps = await TwoApps.start(provider, redis.url, { refreshBefore: 299 })
})
afterEach(async () => {
  provider.reset()
  await redis.flush()
})
afterAll(async () => {
  await apps.stop()
  await redis.stop()
  await provider.close()
})

interface Visitor {
  readonly person: Person
  readonly jar: Jar
}

async function visitor(app: TestApp): Promise<Visitor> {
  const [person, jar] = [newPerson(), new Jar()]
  expect((await app.signIn(provider, jar, person)).status).toBe(303)
  return { person, jar }
}

const ASKED = [
  ['/', NAVIGATION],
  ['/hello', NAVIGATION],
  ['/account', NAVIGATION],
  ['/api/whoami', SCRIPT],
  ['/session', SCRIPT],
] as const
const refreshesOf = ({ person }: Visitor): number => provider.families.of(person)[0]?.redeemed ?? 0

test('SE-09 40 people, 2,000 interleaved requests on two processes, refreshes among them: everybody sees their own name only', async () => {
  const people = await Promise.all(Array.from({ length: 40 }, (_, i) => visitor(i % 2 ? apps.a : apps.b)))
  const namesIn = (text: string): string[] =>
    people.flatMap(({ person }) =>
      [person.sub, person['name'], person['preferred_username'], person['email']].some((word) =>
        text.includes(String(word)),
      )
        ? [person.sub]
        : [],
    )
  const wrong: unknown[] = []
  let asked = 0
  async function ask(): Promise<void> {
    while (asked < 2000 || people.some((one) => refreshesOf(one) < 2)) {
      const number = asked++
      if (number > 20_000) throw new Error('no refreshes to be seen')
      const round = Math.floor(number / people.length)
      const one = people[number % people.length] as Visitor
      const [path, headers] = ASKED[(number + round) % ASKED.length] ?? ['/', NAVIGATION]
      const app = Math.floor(number / 2 + round / 5) % 2 === 0 ? apps.a : apps.b
      const { status, body } = await app.send(path, { jar: one.jar, headers })
      const names = namesIn(body)
      if (status !== 200 || names.length !== 1 || names[0] !== one.person.sub)
        wrong.push({ path, status, names })
    }
  }
  await Promise.all(Array.from({ length: 40 }, ask))
  expect(wrong).toEqual([])
  expect(provider.families.reused).toBe(0)
}, 60_000)

test('P-8 many requests on two processes when tokens are due: one refresh of each session, and all are served', async () => {
  const clock = new Clock()
  const later = await TwoApps.start(provider, redis.url, { now: clock.now })
  try {
    const people = [await visitor(later.a), await visitor(later.b), await visitor(later.a)]
    // Slow enough that all requests come while it is under way.
    provider.onIdToken = async (draft) => {
      await sleep(500)
      return draft
    }
    clock.forward(280)
    const answers = await Promise.all(
      people.flatMap(({ jar, person }) =>
        Array.from({ length: 20 }, async (_, i) => {
          const found = await (i % 2 ? later.a : later.b).whoami(jar)
          return found?.id === person.sub
        }),
      ),
    )
    expect(answers.filter((ok) => ok)).toHaveLength(60)
    expect(people.map(refreshesOf)).toEqual([1, 1, 1])
    expect(provider.families.reused).toBe(0)
  } finally {
    await later.stop()
  }
})

test('P-8 many logins at once on two processes that have just started: each asks for metadata and keys once', async () => {
  const fresh = await TwoApps.start(provider, redis.url)
  try {
    provider.calls = []
    const jars = Array.from({ length: 30 }, () => new Jar())
    const answers = await Promise.all(jars.map((jar, i) => (i % 2 ? fresh.a : fresh.b).signIn(provider, jar)))
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(30)
    expect([provider.count('discovery'), provider.count('jwks')]).toEqual([2, 2])
  } finally {
    await fresh.stop()
  }
})
