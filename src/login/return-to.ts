/** Longer addresses than this are not remembered. */
const MAX_LENGTH = 2000
/** A path of ours that begins or ends a login is no place to return to. */
const NOT_A_PLACE = /^\/(login|register|authorize|logout)(?:[/?#]|$)/i
// eslint-disable-next-line no-control-regex -- browsers drop some of them while they resolve an address
const UNSAFE = /[\u0000-\u0020\u007f\\]/

/**
 * Where to go after a login: a path on our own origin, taken unchanged, or the default.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700.html#section-4.11.1 | RFC 9700 §4.11.1}
 */
export function readReturnTo(value: unknown, publicUrl: string, fallback: string): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return fallback
  if (!/^\/(?!\/)/.test(value) || UNSAFE.test(value) || NOT_A_PLACE.test(value)) return fallback
  if (!URL.canParse(value, publicUrl)) return fallback
  const url = new URL(value, publicUrl)
  const stays = url.origin === new URL(publicUrl).origin && !url.pathname.startsWith('//')
  return stays ? value : fallback
}

/** The link that begins a login and comes back to `returnTo`. Root-relative. */
export function loginLink(returnTo: string | undefined): string {
  return returnTo === undefined
    ? '/login'
    : `/login?${new URLSearchParams({ return_to: returnTo }).toString()}`
}

/** A path of ours with parameters for whoever shows something there. */
export function withParameters(returnTo: string, added: Readonly<Record<string, string>>): string {
  const hash = returnTo.indexOf('#')
  const [address, fragment] = hash === -1 ? [returnTo, ''] : [returnTo.slice(0, hash), returnTo.slice(hash)]
  const mark = address.indexOf('?')
  const parameters = new URLSearchParams(mark === -1 ? '' : address.slice(mark))
  for (const [name, value] of Object.entries(added)) parameters.set(name, value)
  return `${mark === -1 ? address : address.slice(0, mark)}?${parameters.toString()}${fragment}`
}
