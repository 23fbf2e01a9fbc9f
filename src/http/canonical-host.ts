import { parseCookie } from 'cookie'
import type { RequestHandler } from 'express'
import { createHash } from 'node:crypto'
import type { Log } from '../log.js'
import { cookieAttributes } from '../session/cookies.js'
import { isNavigation } from './navigation.js'

/** Long enough for a browser to follow one redirect. */
const ONCE_MS = 5000

/**
 * Sends a navigation under another host name to the canonical address, where its cookies are. Once: behind a proxy
 * that rewrites `Host` the same address would come back here for ever, and a short-lived cookie tells.
 */
export function canonicalHost(publicUrl: string, cookieName: string, log: Log): RequestHandler {
  const host = new URL(publicUrl).host
  const cookie = `${cookieName}-moved`
  let told = false
  return (req, res, next) => {
    if (!isNavigation(req) || hostOf(req.host, publicUrl) === host) {
      next()
      return
    }
    const address = digest(req.originalUrl)
    if (parseCookie(req.headers.cookie ?? '')[cookie] === address) {
      if (!told)
        log.warn(
          { code: 'host_mismatch', hint: HINT },
          'requests arrive under another host name than PUBLIC_URL',
        )
      told = true
      next()
      return
    }
    res.cookie(cookie, address, { ...cookieAttributes(publicUrl), maxAge: ONCE_MS })
    res
      .set('Cache-Control', 'no-store')
      .redirect(302, publicUrl + (req.originalUrl.startsWith('/') ? req.originalUrl : '/'))
  }
}

const HINT = 'the proxy should pass Host on, or X-Forwarded-Host with TRUST_PROXY'

function digest(address: string): string {
  return createHash('sha256').update(address).digest('base64url').slice(0, 22)
}

/** Without the default port, in lower case, as `URL` writes it. */
function hostOf(header: string | undefined, publicUrl: string): string | undefined {
  const address = `${new URL(publicUrl).protocol}//${header ?? ''}`
  return URL.canParse(address) ? new URL(address).host : undefined
}
