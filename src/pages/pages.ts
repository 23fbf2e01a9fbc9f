import type { Request, RequestHandler, Response } from 'express'
import type { AppError } from '../errors.js'
import { displayClaims } from '../http/auth.js'
import type { ProblemPage } from '../http/error-handler.js'
import type { ErrorPage } from '../http/respond.js'
import { currentRequestId } from '../log.js'
import type { AccountSessions } from '../login/account-sessions.js'
import { shownLogin, type LoginStore } from '../login/login-session.js'
import { loginLink, readReturnTo } from '../login/return-to.js'
import type { LogoutPages } from '../login/logout-router.js'
import { isKeycloak } from '../provider/keycloak.js'
import type { Proofs } from '../session/proofs.js'
import type { Provider } from '../provider/provider.js'
import { describeAccount } from './account.js'
import { createRender, textsFor, type RenderOptions, type View } from './render.js'
import { retryLink } from './retry-link.js'
import type { PageErrorCode, Texts } from './texts.js'

/** Who the page's header shows. */
interface Viewer {
  readonly name: string
  /** What stands for the name in a small circle. */
  readonly initial: string
}

export interface PagesOptions extends RenderOptions {
  readonly publicUrl: string
  readonly provider: Provider
  readonly store: LoginStore
  readonly accountSessions: Pick<AccountSessions, 'list'>
  readonly proofs: Pick<Proofs, 'holds'>
}

/** All pages of ours. */
export interface Pages extends LogoutPages {
  readonly home: RequestHandler
  readonly hello: RequestHandler
  readonly account: RequestHandler
  readonly vault: RequestHandler
  readonly error: ErrorPage
  /** A page about something that is no error of a feature; sets the status, too. */
  readonly problem: ProblemPage
}

export function createPages(options: PagesOptions): Pages {
  const { provider, publicUrl } = options
  const draw = createRender(options)
  const textsOf = (req: Request): Texts => textsFor(req, usesKeycloak(provider) ? 'keycloak' : 'neutral')
  const render = (req: Request, res: Response, view: View, data: object = {}): void =>
    draw(textsOf(req), res, view, { viewer: viewerOf(req), ...data })
  return {
    home(req, res) {
      // Registration is offered from the moment that the server is known to offer it; nobody waits for that.
      if (provider.known() === undefined) void provider.probe()
      render(req, res, 'home', { registration: offersRegistration(provider), publicUrl })
    },
    hello(req, res) {
      render(req, res, 'hello')
    },
    async account(req, res) {
      const account = await describeAccount(req, textsOf(req), options)
      render(req, res, 'account', { account, keycloak: usesKeycloak(provider) })
    },
    vault(req, res) {
      render(req, res, 'vault')
    },
    logout(req, res) {
      render(req, res, 'logout')
    },
    loggedOutHereOnly(req, res) {
      render(req, res, 'logged-out-here', { viewer: undefined, retry: confirmedEndSession(options) })
    },
    error(error, req, res) {
      const t = textsOf(req)
      const text = t.errors[error.code as PageErrorCode]
      render(req, res, 'error', { text, ...facts(error.code), action: actionFor(error, req, publicUrl, t) })
    },
    problem(code, req, res) {
      render(req, res, 'error', { text: textsOf(req).errors[code], ...facts(code), action: undefined })
    },
  }
}

function viewerOf(req: Request): Viewer | undefined {
  const login = shownLogin(req)
  if (login === undefined) return undefined
  const name = displayClaims(login.claims).name ?? login.subject
  return { name, initial: initialOf(name) }
}

/** One character as people count them: a letter with its accents, or a flag. */
function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim())
  return first?.segment.toUpperCase() ?? ''
}

function facts(code: string): { code: string; requestId: string | undefined } {
  return { code, requestId: currentRequestId() }
}

/** The one thing a person can do about an error: try the same page again, or sign in again. */
function actionFor(
  error: AppError,
  req: Request,
  publicUrl: string,
  t: Texts,
): { href: string; label: string } | undefined {
  if (error.code === 'registration_off' || error.code === 'cross_site_request') return undefined
  if (error.code === 'login_too_weak')
    return { href: error.returnTo ?? loginLink(undefined), label: t.error.retry }
  if (error.retryAfter !== undefined && error.returnTo === undefined && req.method === 'GET') {
    return {
      href: readReturnTo(req.originalUrl, publicUrl, '') || retryLink(req, publicUrl),
      label: t.error.retry,
    }
  }
  return { href: loginLink(error.returnTo), label: t.error.again }
}

function usesKeycloak(provider: Provider): boolean {
  const metadata = provider.known()
  return metadata !== undefined && isKeycloak(metadata)
}

function offersRegistration(provider: Provider): boolean {
  const offered = provider.known()?.['prompt_values_supported']
  return Array.isArray(offered) && offered.includes('create')
}

/** Where to finish a sign-out by hand. Without a hint the server asks first; no token gets into a page. */
function confirmedEndSession({ provider, publicUrl, paths }: PagesOptions): string | undefined {
  const endpoint = provider.known()?.end_session_endpoint
  if (endpoint === undefined) return undefined
  const url = new URL(endpoint)
  url.searchParams.set('client_id', provider.clientId)
  url.searchParams.set('post_logout_redirect_uri', publicUrl + paths.afterLogout)
  return url.href
}
