import { Router, type Request, type RequestHandler } from 'express'
import { randomBytes } from 'node:crypto'
import { createAccessTokenVerifier } from './bearer/access-token.js'
import { sessionChallenge } from './bearer/challenge.js'
import { readBearerToken } from './bearer/credentials.js'
import { PROTECTED_RESOURCE_PATH, protectedResourceMetadata } from './bearer/protected-resource.js'
import { createRequireBearer } from './bearer/require-bearer.js'
import type { Services } from './app.js'
import type { AppError } from './errors.js'
import { createOwnErrorHandler } from './http/error-handler.js'
import { createKeyDocument } from './http/key-document.js'
import { requestLog, withRequestLog } from './http/request-log.js'
import { createRespond, pathOf, type Respond } from './http/respond.js'
import { securityHeaders } from './http/security-headers.js'
import { createLog } from './json-log.js'
import type { Log } from './log.js'
import { createAccountSessions } from './login/account-sessions.js'
import { createLogin, type Login } from './login/login.js'
import type { LoginPaths } from './login/login-paths.js'
import { createLogoutMemory } from './login/logout-memory.js'
import { noMetrics } from './metrics.js'
import { completeOptions, type CompleteOptions, type Options } from './options.js'
import { createPages } from './pages/pages.js'
import { LANGUAGES, readStyleSheet, STYLE_SHEET_PATH } from './pages/render.js'
import { createProvider, type Provider } from './provider/provider.js'
import { sessionCookieName } from './session/cookies.js'
import { createSession } from './session/middleware.js'
import { createProofs } from './session/proofs.js'
import { createStorage } from './storage.js'

const REALM = 'latchkey'

/** Everything but what belongs to the process. */
export type BuiltServices = Omit<Services, 'trustProxy' | 'isShuttingDown'>

/** The composition root: turns options into the parts, and into what the app needs beside them. */
export function buildServices(given: Options): BuiltServices {
  const options = complete(given)
  const { publicUrl, issuer, apiAudience, clockTolerance, log, now } = options
  const { paths, cookieName } = options
  const provider = createProvider({
    ...options,
    redirectUri: publicUrl + paths.callback,
    timeout: options.upstreamTimeout,
  })
  const { records, store } = createStorage(options)
  const secrets = options.sessionSecrets ?? temporarySecret(log)
  const proofs = createProofs(secrets)
  const logoutMemory = createLogoutMemory(records, now)
  const accountSessions = createAccountSessions({ store, memory: logoutMemory, provider, log })
  const pages = createPages({ ...pageOptions(options), provider, paths, store, accountSessions, proofs })
  const challenge = { realm: REALM, resourceMetadata: publicUrl + PROTECTED_RESOURCE_PATH }
  const challengeFor = (error: AppError): string => sessionChallenge(error, challenge)
  const respond = createRespond({ log, page: pages.error, challenge: challengeFor })
  const headers = securityHeaders({ publicUrl, formTargets: () => formTargets(issuer, provider) })
  const session = createSession({ ...options, secrets, store, respond, isUse })
  const login = createLogin({
    ...options,
    languages: Object.keys(LANGUAGES),
    records,
    store,
    accountSessions,
    logoutMemory,
    proofs,
    provider,
    pages,
    headers,
    respond,
  })
  const requireBearer = createRequireBearer({
    verifier: createAccessTokenVerifier({ issuer, keys: provider.keys, clockTolerance, now }),
    audience: apiAudience,
    challenge,
    clockTolerance,
    log,
    now,
  })
  return {
    publicUrl,
    cookieName,
    log,
    respond,
    pages,
    securityHeaders: headers,
    session: withRequestLog(log, session.required),
    optionalSession: withRequestLog(log, session.optional),
    keyDocument: createKeyDocument(provider.publicKeys, headers),
    routes: allRoutes(options, { headers, respond, provider, login: login.routes }),
    accountRoutes: login.accountRoutes,
    requireLogin: (options) => withRequestLog(log, login.requireLogin(options)),
    requireBearer: (options) => withRequestLog(log, requireBearer(options)),
    accessToken: (req) => accessTokenOf(req, login),
    dependencies: { provider: () => provider.probe(), store: () => records.probe() },
    close: () => records.close(),
  }
}

/** To look at a session is not to use it. */
const isUse = (req: Request): boolean => !/^\/session\/*$/i.test(pathOf(req))

function complete(given: Options) {
  const options = completeOptions(given)
  const { log = createLog('info'), metrics = noMetrics, now = Date.now } = given
  const cookieName = sessionCookieName(options.publicUrl, options.cookieName)
  return { ...options, log, metrics, now, cookieName, paths: readPaths(options) }
}

/** What the caller of a request may call others with: the token that was shown, or the session's, fresh. */
async function accessTokenOf(req: Request, login: Login): Promise<string> {
  return req.auth?.via === 'bearer' ? readBearerToken(req.headers) : login.sessionToken(req)
}

interface RouteParts {
  readonly headers: RequestHandler
  readonly respond: Respond
  readonly provider: Provider
  readonly login: Router
}

function allRoutes(
  options: ReturnType<typeof complete>,
  { headers, respond, provider, login }: RouteParts,
): Router {
  const routes = Router()
  routes.use(requestLog(options.log), ownRoutes(headers, options))
  routes.use(createKeyDocument(provider.publicKeys, headers))
  routes.use(login)
  routes.use(createOwnErrorHandler(respond))
  return routes
}

function pageOptions({ publicUrl, views, brand, accountPath }: CompleteOptions) {
  return { publicUrl, views, brand, accountPath }
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
