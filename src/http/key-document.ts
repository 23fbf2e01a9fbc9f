import { Router, type RequestHandler } from 'express'
import type { JWK } from 'jose'

import { KEY_DOCUMENT_PATH } from '../provider/provider.js'

/**
 * Our public keys, for the authorization server. Whoever keeps them asks before using them again: a new key is there
 * before it signs. Without keys the address is not there.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517.html#section-5 | RFC 7517 §5}
 */
export function createKeyDocument(
  publicKeys: (() => Promise<readonly JWK[]>) | undefined,
  headers: RequestHandler,
): Router {
  const router = Router()
  if (publicKeys === undefined) return router
  router.get(KEY_DOCUMENT_PATH, headers, async (_req, res) => {
    res.set('Cache-Control', 'public, no-cache').json({ keys: await publicKeys() })
  })
  return router
}
