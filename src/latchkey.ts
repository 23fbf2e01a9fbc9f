import type { Parts } from './app.js'
import type { Options } from './options.js'
import { buildServices } from './services.js'

export { loadConfig, ConfigError, type Config } from './config.js'
export { createServer, type ServerLimits } from './http/create-server.js'
export type { Auth } from './http/auth.js'
export type { Roles } from './provider/keycloak-roles.js'
export type { Log, LogFields } from './log.js'
export type { Metrics } from './metrics.js'
export type { Options } from './options.js'
export type { RequireBearerOptions } from './bearer/require-bearer.js'
export type { RequireLoginOptions } from './login/require-login.js'
export type { RedisClient } from './session/redis-link.js'

/**
 * The middleware that Latchkey is made of, for an Express app of your own.
 *
 * @interface
 */
export type Latchkey = Parts

/**
 * Builds the parts. It asks nobody anything yet: the authorization server is found when it is first needed, so this
 * works while it is away, and everything heals by itself when it comes back.
 *
 * @returns the {@link Latchkey} for these options.
 * @throws `TypeError` that names the options which are missing or no use.
 */
export function createLatchkey(options: Options): Promise<Latchkey> {
  return Promise.resolve(options)
    .then(buildServices)
    .then(({ session, routes, requireLogin, requireBearer, accessToken, close }) => ({
      session,
      routes,
      requireLogin,
      requireBearer,
      accessToken,
      close,
    }))
}
