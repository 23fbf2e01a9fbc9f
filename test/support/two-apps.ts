import { digest } from '../../src/session/digest.js'
import type { Jar } from './browser-jar.js'
import type { RedisServer } from './redis-server.js'
import type { ScriptedProvider } from './scripted-provider.js'
import { TestApp, type TestAppOptions } from './test-app.js'
import { until } from './until.js'

/** Two apps over one Redis, as two processes behind a balancer: one public address, nothing else in common. */
export class TwoApps {
  readonly a: TestApp
  readonly b: TestApp

  private constructor(a: TestApp, b: TestApp) {
    this.a = a
    this.b = b
  }

  static async start(
    provider: Pick<ScriptedProvider, 'issuer'>,
    redisUrl: string,
    options: TestAppOptions = {},
  ): Promise<TwoApps> {
    const a = await startShared(provider, redisUrl, options)
    const b = await startShared(provider, redisUrl, { publicUrl: a.publicUrl, ...options })
    return new TwoApps(a, b)
  }

  get both(): readonly TestApp[] {
    return [this.a, this.b]
  }

  /** Whom each of them believes this browser to be. */
  async ids(jar: Jar): Promise<(string | undefined)[]> {
    return Promise.all(this.both.map(async (app) => (await app.whoami(jar))?.id))
  }

  async stop(): Promise<void> {
    await Promise.all(this.both.map(stopShared))
  }
}

/** An app over a Redis, which it has reached. */
export async function startShared(
  provider: Pick<ScriptedProvider, 'issuer'>,
  redisUrl: string,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const app = await TestApp.start(provider, { redisUrl, ...options })
  await until(async () => (await app.services.dependencies['store']?.()) || undefined)
  app.log.length = 0
  return app
}

export async function stopShared(app: TestApp): Promise<void> {
  await app.stop()
  await app.services.close()
}

/** The keys of a kind: `session`, `login`, `sessions`, … */
export async function keysOf(redis: RedisServer, kind: string): Promise<string[]> {
  return (await redis.keys()).filter((key) => key.split(':')[2] === kind)
}

/** The key of a browser's session record. */
export async function sessionKeyOf(redis: RedisServer, jar: Jar): Promise<string> {
  const found = (await keysOf(redis, 'session')).find((key) => key.endsWith(`:${digest(sessionIdIn(jar))}`))
  if (found === undefined) throw new Error('the store has no session of this browser')
  return found
}

/** The session id in a browser's cookie. */
export function sessionIdIn(jar: Jar): string {
  const id = /^s:([^.]+)\./.exec(decodeURIComponent(jar.get('latchkey') ?? ''))?.[1]
  if (id === undefined) throw new Error('this browser has no session cookie')
  return id
}
