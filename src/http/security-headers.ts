import type { NextFunction, Request, RequestHandler, Response } from 'express'
import helmet from 'helmet'

export interface SecurityHeadersOptions {
  readonly publicUrl: string
  /** Origins, besides our own, to which a form of ours may lead: signing out goes on to the authorization server. */
  readonly formTargets: () => readonly string[]
}

/** Strict headers for everything we answer: nothing is loaded, run or framed that is not ours. */
export function securityHeaders({ publicUrl, formTargets }: SecurityHeadersOptions): RequestHandler {
  const https = publicUrl.startsWith('https:')
  const set = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        // Chromium applies form-action to the redirects that follow a form, too.
        formAction: ["'self'", () => formTargets().join(' ')],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
        ...(https ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    strictTransportSecurity: https,
    // Not no-referrer: browsers would then send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  return (req: Request, res: Response, next: NextFunction) => {
    // A page of ours is about a person, or about nothing that is worth keeping. What may be kept says so itself.
    res.setHeader('Cache-Control', 'no-store')
    set(req, res, next)
  }
}
