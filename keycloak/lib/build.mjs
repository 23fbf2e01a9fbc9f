import { createHash } from 'node:crypto'

export const VERSION = '26.7.4'

/**
 * Options that count when the server is built; a start with others of this kind is refused by the server. A client's
 * certificate is asked for where a start turns on https, which none does by itself.
 */
export const BUILD_OPTIONS = [
  '--db=dev-file',
  '--health-enabled=true',
  '--metrics-enabled=true',
  '--https-client-auth=request',
]

/**
 * A short name for what a build was made from, so that another one gets another place.
 *
 * @param {string} source
 */
export const buildKey = (source) =>
  createHash('sha256')
    .update([source, ...BUILD_OPTIONS].join(' '))
    .digest('hex')
    .slice(0, 8)
