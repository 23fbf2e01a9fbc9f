import { Router, type RequestHandler } from 'express'
import { randomBytes } from 'node:crypto'
import { createAccessTokenVerifier } from './bearer/access-token.js'
import { plainChallenge } from './bearer/challenge.js'
import { PROTECTED_RESOURCE_PATH, protectedResourceMetadata } from './bearer/protected-resource.js'
import { createRequireBearer } from './bearer/require-bearer.js'
import type { Services } from './app.js'
import { createOwnErrorHandler } from './http/error-handler.js'
import { requestLog, withRequestLog } from './http/request-log.js'
import { createRespond } from './http/respond.js'
import { securityHeaders } from './http/security-headers.js'
import { createLog, type Log } from './log.js'
import { createLogoutReceiver, sessionKeys } from './login/backchannel-logout.js'
import { MemoryPendingLogins } from './login/pending-logins.js'
import { createRequireLogin } from './login/require-login.js'
import { createLoginRouter, type LoginPaths } from './login/router.js'
import { completeOptions, type CompleteOptions, type Options } from './options.js'
import { createPages } from './pages/pages.js'
import { LANGUAGES, readStyleSheet, STYLE_SHEET_PATH } from './pages/render.js'
import { createProvider, type Provider } from './provider/provider.js'
import { cookieAttributes, sessionCookieName } from './session/cookies.js'
import { MemoryStore } from './session/memory-store.js'
import { createSession } from './session/middleware.js'

const REALM = 'latchkey'

/** Everything but what belongs to the process. */
export type BuiltServices = Omit<Services, 'trustProxy' | 'isShuttingDown'>

/** The composition root: turns options into the parts, and into what the app needs beside them. */
export function buildServices(given: Options): BuiltServices {
  const options = { ...completeOptions(given), log: given.log ?? createLog('info') }
  const paths = readPaths(options)
  const cookieName = sessionCookieName(options.publicUrl, options.cookieName)
  const { publicUrl, issuer, apiAudience, clockTolerance, log, now = Date.now } = options
  const provider = createProvider({
    ...options,
    redirectUri: publicUrl + paths.callback,
    timeout: options.upstreamTimeout,
  })
  const pages = createPages({ ...pageOptions(options), provider, paths })
  const challenge = { realm: REALM, resourceMetadata: publicUrl + PROTECTED_RESOURCE_PATH }
  const respond = createRespond({ log, page: pages.error, challenge: plainChallenge(challenge) })
  const store = createStore(options, now)
  const headers = securityHeaders({ publicUrl, formTargets: () => formTargets(issuer, provider) })
  const session = createSession({
    publicUrl,
    cookieName,
    secrets: options.sessionSecrets ?? temporarySecret(log),
    store,
    respond,
    isUse: (req) => !/^\/session\/*$/i.test(req.path),
  })
  const routes = Router()
  routes.use(requestLog(log), ownRoutes(headers, options))
  routes.use(
    createLoginRouter({
      ...options,
      ...loginParts(options, provider, store),
      cookieName,
      paths,
      pages,
      headers,
    }),
  )
  routes.use(createOwnErrorHandler(respond))
  const requireLogin = createRequireLogin({ publicUrl, defaultReturnTo: paths.afterLogin, store, respond })
  const requireBearer = createRequireBearer({
    verifier: createAccessTokenVerifier({ issuer, keys: provider.keys, clockTolerance, now }),
    audience: apiAudience,
    challenge,
    log,
  })
  return {
    publicUrl,
    cookieName,
    log,
    respond,
    pages,
    securityHeaders: headers,
    session: withRequestLog(log, session),
    routes,
    requireLogin,
    requireBearer: (options) => withRequestLog(log, requireBearer(options)),
    dependencies: { provider: () => provider.probe(), store: () => Promise.resolve(true) },
  }
}

function pageOptions({ publicUrl, views, brand, accountPath }: CompleteOptions) {
  return { publicUrl, views, brand, accountPath }
}

/** What only the login needs. */
function loginParts(options: CompleteOptions, provider: Provider, store: MemoryStore) {
  const { issuer, clientId, clockTolerance, now = Date.now } = options
  return {
    provider,
    store,
    now,
    languages: Object.keys(LANGUAGES),
    pendingLogins: pendingLogins(options, now),
    logoutReceiver: createLogoutReceiver({
      issuer,
      clientId,
      keys: provider.keys,
      clockTolerance,
      store,
      now,
    }),
  }
}

function createStore(options: CompleteOptions, now: () => number): MemoryStore {
  const { sessionIdleTimeout: idleTimeout, sessionAbsoluteTimeout: absoluteTimeout } = options
  return new MemoryStore({
    cookie: cookieAttributes(options.publicUrl),
    idleTimeout,
    absoluteTimeout,
    keysOf: ({ latchkey: login }) => (login === undefined ? [] : sessionKeys(login)),
    now,
  })
}

function pendingLogins(options: CompleteOptions, now: () => number): MemoryPendingLogins {
  const { loginTimeout: timeout, loginLimit: limit, sessionAbsoluteTimeout: remember } = options
  return new MemoryPendingLogins({ timeout, limit, remember, now })
}

/** @throws `TypeError` for a path that is not one on our own origin. */
function readPaths({ callbackPath, loginRedirect, logoutPath, logoutRedirect }: CompleteOptions): LoginPaths {
  for (const [name, path] of Object.entries({ callbackPath, loginRedirect, logoutPath, logoutRedirect })) {
    if (!/^\/(?![/\\])[^\s?#]*$/.test(path))
      throw new TypeError(`${name} must be a path that begins with one slash`)
  }
  return {
    callback: callbackPath,
    logout: logoutPath,
    afterLogin: loginRedirect,
    afterLogout: logoutRedirect,
  }
}

/** Where the form that signs people out may lead. */
function formTargets(issuer: string, provider: Provider): readonly string[] {
  const endSession = provider.known()?.end_session_endpoint
  return [
    ...new Set([new URL(issuer).origin, ...(endSession === undefined ? [] : [new URL(endSession).origin])]),
  ]
}

/** Documents that are the same for everybody. */
function ownRoutes(headers: RequestHandler, { publicUrl, issuer, styleSheet: file }: Options): Router {
  const router = Router()
  const styleSheet = readStyleSheet(file)
  router.get(STYLE_SHEET_PATH, headers, (_req, res) => {
    res.set('Cache-Control', 'public, max-age=3600').type('css').send(styleSheet)
  })
  router.get(PROTECTED_RESOURCE_PATH, headers, (_req, res) => {
    res.set('Cache-Control', 'public, max-age=3600').json(protectedResourceMetadata(publicUrl, issuer))
  })
  return router
}

function temporarySecret(log: Log): readonly string[] {
  log.warn({ code: 'temporary_session_secret' }, 'SESSION_SECRETS is not set: sessions end with this process')
  return [randomBytes(32).toString('hex')]
}
