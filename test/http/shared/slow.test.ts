import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { get } from 'node:http'
import { Jar } from '../../support/browser-jar.js'
import { RedisServer } from '../../support/redis-server.js'
import { ScriptedProvider } from '../../support/scripted-provider.js'
import { NAVIGATION, newPerson, type TestApp } from '../../support/test-app.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { TwoApps } from '../../support/two-apps.js'

let provider: ScriptedProvider
let redis: RedisServer

beforeAll(async () => {
  provider = await ScriptedProvider.start()
  redis = await RedisServer.start()
})
afterAll(async () => {
  await redis.stop()
  await provider.close()
})

/** Where a callback leads, as soon as a browser knows: it does not wait for the end of the answer. */
function redirectOf(app: TestApp, { pathname, search }: URL, jar: Jar): Promise<string | undefined> {
  const headers = { ...NAVIGATION, host: new URL(app.publicUrl).host, cookie: jar.header }
  return new Promise((resolve, reject) => {
    get({ hostname: '127.0.0.1', port: app.port, path: pathname + search, headers, agent: false }, (res) => {
      jar.take(res.headers['set-cookie'])
      resolve(res.headers.location)
      res.resume()
    }).on('error', reject)
  })
}

describe('Redis is slow', () => {
  test('RE-09 P-14 every reply 500 ms late: the login completes, the page after the redirect knows the session', async () => {
    const network = await TcpProxy.start(redis.port)
    const url = `redis://127.0.0.1:${network.port}`
    const slow = await TwoApps.start(provider, url)
    try {
      network.delay = 500
      const [jar, person] = [new Jar(), newPerson()]
      const callback = provider.approve((await slow.a.beginLogin(jar)).href, person)
      expect(await redirectOf(slow.a, callback, jar)).toBe('/hello')
      const page = await slow.b.navigate('/hello', jar)
      expect([page.status, page.body.includes(String(person['name']))]).toEqual([200, true])
      expect(await slow.ids(jar)).toEqual([person.sub, person.sub])
      const before = jar.copy()
      expect((await slow.a.signOut(jar)).status).toBe(303)
      expect(await slow.ids(before)).toEqual([undefined, undefined])
      const ready = await slow.a.send('/readyz')
      expect([ready.status, ready.body]).toEqual([200, expect.stringMatching(/^store: ok$/m)])
      for (const app of slow.both) expect(app.log.map(({ code }) => code)).not.toContain('store_unavailable')
    } finally {
      await slow.stop()
      await network.close()
    }
  })
})
