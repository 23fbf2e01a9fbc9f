import { parseSetCookie, type SetCookie } from 'cookie'

/** A browser's cookies for one host, with the browser's own rules for `Secure` and `__Host-`. */
export class Jar {
  readonly #cookies: Map<string, string>
  readonly #https: boolean
  /** Cookies that a browser would have refused. */
  readonly refused: string[] = []

  constructor({
    https = false,
    cookies = [],
  }: { https?: boolean; cookies?: Iterable<readonly [string, string]> } = {}) {
    this.#https = https
    this.#cookies = new Map(cookies)
  }

  take(lines: readonly string[] = []): void {
    for (const line of lines) {
      const cookie = parseSetCookie(line)
      if (!isAcceptable(cookie, this.#https)) this.refused.push(line)
      else if (isDeletion(cookie)) this.#cookies.delete(cookie.name)
      else this.#cookies.set(cookie.name, cookie.value ?? '')
    }
  }

  get(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  set(name: string, value: string): void {
    this.#cookies.set(name, value)
  }

  /** The `Cookie` header; empty when there is none. */
  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  get names(): readonly string[] {
    return [...this.#cookies.keys()]
  }

  copy(): Jar {
    return new Jar({ https: this.#https, cookies: this.#cookies })
  }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6265.html#section-5.3 | RFC 6265 §5.3} */
function isAcceptable({ name, secure, domain, path }: SetCookie, https: boolean): boolean {
  if (secure === true && !https) return false
  return !name.startsWith('__Host-') || (secure === true && domain === undefined && path === '/')
}

function isDeletion({ expires, maxAge }: SetCookie): boolean {
  return maxAge === 0 || (expires !== undefined && expires.getTime() <= Date.now())
}
