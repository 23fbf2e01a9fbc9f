import express, { type Express, type Request, type RequestHandler, type Router } from 'express'
import { hasBearerCredentials } from './bearer/credentials.js'
import type { RequireBearerOptions } from './bearer/require-bearer.js'
import { canonicalHost } from './http/canonical-host.js'
import { createErrorHandler, createNotFound } from './http/error-handler.js'
import { createHealthRouter } from './http/health.js'
import { requestLog } from './http/request-log.js'
import type { Respond } from './http/respond.js'
import type { Log } from './log.js'
import type { RequireLoginOptions } from './login/require-login.js'
import type { Pages } from './pages/pages.js'
import { projects, secureData, submitTrainJob, whoami } from './pages/api.js'

/** The parts of Latchkey, ready to be mounted in an Express app. */
export interface Parts {
  /** express-session, configured. */
  readonly session: RequestHandler
  /** Our own addresses: login, callback, sign-out, session, metadata. */
  readonly routes: Router
  /**
   * Makes the guard for people: sets `req.auth` from the session, else leads a navigation to the login, else 401.
   * Its options: {@link RequireLoginOptions}.
   */
  readonly requireLogin: (options?: RequireLoginOptions) => RequestHandler
  /**
   * Makes the guard for programs: sets `req.auth` from the bearer token, or answers with a challenge.
   * Its options: {@link RequireBearerOptions}.
   */
  readonly requireBearer: (options?: RequireBearerOptions) => RequestHandler
  /**
   * The access token with which a handler calls others for the person: the bearer token that was shown, or the
   * session's, renewed if it is due. It rejects with an error whose `status` is 401 when there is none, and 503 while
   * none can be had.
   */
  readonly accessToken: (req: Request) => Promise<string>
  /** Lets go of the connection to Redis that was made for `redisUrl`. */
  readonly close: () => Promise<void>
}

/** What the app is made of. */
export interface Services extends Parts {
  readonly publicUrl: string
  readonly cookieName: string
  readonly trustProxy: boolean | number | string
  readonly securityHeaders: RequestHandler
  /** {@link Parts.session} for a page that anybody may see, also while the store is away. */
  readonly optionalSession: RequestHandler
  readonly accountRoutes: Router
  /** A part of {@link Parts.routes} that must not need a session. */
  readonly keyDocument: Router
  readonly pages: Pages
  readonly respond: Respond
  readonly log: Log
  readonly dependencies: Readonly<Record<string, () => Promise<boolean>>>
  readonly isShuttingDown: () => boolean
}

/** Somebody else's API beside ours: tokens for us are of no use there, nor the other way round. */
const TRAIN_API: RequireBearerOptions = { audience: 'train-api', scope: ['train/TrainJob:*'] }

/** Middleware order, nothing else. */
export function createApp(services: Services): Express {
  const { pages, requireLogin, requireBearer, log, respond } = services
  const app = express()
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('query parser', 'simple')
    .set('trust proxy', services.trustProxy)
  app.use(requestLog(log), services.securityHeaders)
  app.use(createHealthRouter(services))
  app.use(canonicalHost(services.publicUrl, services.cookieName, log))

  // Programs: no session is looked up for them.
  app.use(services.keyDocument)
  app.get('/secure-data', requireBearer(), secureData)
  app.get('/api/projects', requireBearer(), projects)
  app.post('/api/train-jobs', requireBearer(TRAIN_API), ...submitTrainJob)

  app.get(
    '/api/whoami',
    bearerOr(requireBearer(), [services.session, requireLogin({ redirect: false })]),
    whoami,
  )

  app.get('/', services.optionalSession, pages.home)
  app.use(services.session)
  app.use(services.routes)
  app.use(services.accountRoutes)
  app.get('/hello', requireLogin(), pages.hello)
  app.get('/account', requireLogin(), pages.account)
  app.get('/vault', requireLogin({ acr: '2fa' }), pages.vault)

  const errors = { log, respond, page: pages.problem }
  app.use(createNotFound(errors))
  app.use(createErrorHandler(errors))
  return app
}

/** Where a token and a session are both sent, the token decides. */
function bearerOr(bearer: RequestHandler, session: readonly RequestHandler[]): RequestHandler {
  const bySession = express.Router()
  bySession.use(...session)
  return (req, res, next) =>
    hasBearerCredentials(req.headers) ? bearer(req, res, next) : bySession(req, res, next)
}
