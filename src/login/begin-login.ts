import type { Request, Response } from 'express'
import type { Provider } from '../provider/provider.js'
import type { Strength } from '../provider/strength.js'
import { cookieAttributes } from '../session/cookies.js'
import { startLogin } from './authorization-request.js'
import { createBrowser, readBrowser } from './browser-cookie.js'
import type { LoginParameters } from './login-parameters.js'
import type { PendingLogins } from './pending-logins.js'

export interface BeginLoginOptions {
  readonly publicUrl: string
  /** Name of the session cookie; what a pending login needs beside it begins with the same. */
  readonly cookieName: string
  readonly callbackPath: string
  readonly scope: string
  /** Languages of our pages: what a person reads here, Keycloak is asked to show too. */
  readonly languages: readonly string[]
  readonly provider: Provider
  readonly pendingLogins: PendingLogins
}

export interface Wishes {
  readonly returnTo: string
  readonly parameters?: LoginParameters
  /** What the login must come back with; it is asked for, and judged when it comes. */
  readonly strength?: Strength
}

/**
 * Begins a login: remembers it and sends the browser to the authorization server.
 *
 * @throws `ProviderError`, `SessionError` when it cannot be begun just now.
 */
export type BeginLogin = (req: Request, res: Response, wishes: Wishes) => Promise<void>

export function createBeginLogin(options: BeginLoginOptions): BeginLogin {
  const { publicUrl, scope, provider, pendingLogins, languages } = options
  const cookie = loginCookieName(options.cookieName)
  return async (req, res, { returnTo, parameters = {}, strength }) => {
    const { client } = await provider.connect()
    provider.checkAddresses()
    const { url, state, pending } = await startLogin(
      { configuration: client.configuration, redirectUri: publicUrl + options.callbackPath, scope },
      { returnTo, parameters: { ...uiLocales(req, languages), ...parameters }, strength },
    )
    const known = readBrowser(req.headers.cookie, cookie)
    const browser = known ?? createBrowser()
    await pendingLogins.add(browser, state, pending)
    if (known === undefined) res.cookie(cookie, browser, cookieAttributes(publicUrl))
    res.redirect(302, url.href)
  }
}

/** The cookie that binds pending logins to a browser. */
export const loginCookieName = (sessionCookie: string): string => `${sessionCookie}-login`

/** Passed on only where we speak the language that the browser prefers; else the provider may know it better. */
function uiLocales(req: Request, languages: readonly string[]): LoginParameters {
  const preferred = req.acceptsLanguages()[0]?.split('-')[0]?.toLowerCase()
  return preferred !== undefined && languages.includes(preferred) ? { ui_locales: preferred } : {}
}
