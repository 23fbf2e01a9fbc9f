import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import type { Person, ScriptedProvider } from '../../support/scripted-provider.js'
import { newPerson, SCRIPT, TestApp, type Answer, type TestAppOptions } from '../../support/test-app.js'

/** Two processes of one app: the same address, the same secrets, one Redis. */
export interface TwoApps {
  readonly a: TestApp
  readonly b: TestApp
  readonly redis: RedisServer
  stop(): Promise<void>
}

export async function startTwoApps(
  provider: ScriptedProvider,
  options: TestAppOptions = {},
): Promise<TwoApps> {
  const redis = await RedisServer.start()
  const shared = { ...options, redisUrl: redis.url }
  const a = await TestApp.start(provider, shared)
  const b = await TestApp.start(provider, { ...shared, publicUrl: a.publicUrl })
  return {
    a,
    b,
    redis,
    async stop() {
      for (const app of [a, b]) {
        await app.stop()
        await app.services.close()
      }
      await redis.stop()
    },
  }
}

/** A browser in which somebody has signed in. */
export async function signedIn(
  app: TestApp,
  provider: ScriptedProvider,
  person: Person = newPerson(),
): Promise<Jar> {
  const jar = new Jar()
  const answer = await app.signIn(provider, jar, person)
  if (answer.status !== 303) throw new Error(`the callback answered ${answer.status}`)
  return jar
}

/** A page of the app, asked for by one of its scripts. */
export const script = (app: TestApp, jar: Jar, path = '/api/whoami'): Promise<Answer> =>
  app.send(path, { jar, headers: SCRIPT })
