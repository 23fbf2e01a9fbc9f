import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'

/** How long clients may take; `Config` has them, too. */
export interface ServerLimits {
  /** Seconds in which a client must have sent its headers. */
  readonly headersTimeout?: number
  /** Seconds in which a client must have sent its whole request. */
  readonly requestTimeout?: number
}

/** Bytes. More is answered with 431. */
const MAX_HEADER_SIZE = 16 * 1024
/** How often slow clients are looked for, in milliseconds. */
const CHECK_INTERVAL = 1000

/**
 * An HTTP server for an app, with the limits that keep slow and large clients from hurting others.
 *
 * @param app an Express app, or any other listener.
 * @param limits how long clients may take; headers are limited to 16 kB.
 */
export function createServer(
  app: RequestListener,
  { headersTimeout = 15, requestTimeout = 60 }: ServerLimits = {},
): Server {
  const both = requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout, requestTimeout)
  return createHttpServer(
    {
      maxHeaderSize: MAX_HEADER_SIZE,
      headersTimeout: both * 1000,
      requestTimeout: requestTimeout * 1000,
      connectionsCheckingInterval: CHECK_INTERVAL,
    },
    app,
  )
}
