import type { Options } from '../../src/options.js'
import { issuerOf } from './real-keycloak.js'
import { TestApp } from './test-app.js'

/** The app as the demo's client `latchkey-web` at the real server. */
export function startRealApp(options: Partial<Options> = {}): Promise<TestApp> {
  const issuer = options.issuer ?? issuerOf()
  return TestApp.start(
    { issuer },
    {
      clientId: 'latchkey-web',
      clientSecret: 'latchkey-web-secret',
      apiAudience: 'latchkey-api',
      upstreamTimeout: 10,
      ...options,
    },
  )
}
