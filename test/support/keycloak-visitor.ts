import { Jar } from './browser-jar.js'

interface Page {
  readonly url: URL
  readonly status: number
  readonly html: string
}

/**
 * A person at Keycloak's pages, without a browser: fills in its forms and follows its redirects until one leads back
 * to us. For what does not need a browser; what a browser does with these pages is shown in `test/browser`.
 */
export class KeycloakVisitor {
  /** Keycloak marks its cookies `Secure` also on localhost, and browsers take them there. */
  readonly #jar = new Jar({ https: true })

  /** Opens an address of Keycloak. Returns where it leads out of it, or the page that it shows. */
  async open(url: URL | string): Promise<URL | Page> {
    return this.#follow(new URL(url), 'GET')
  }

  /** Signs in at an authorization request and returns the callback. */
  async signIn(authorizationUrl: URL, username: string, password = `${username}-password`): Promise<URL> {
    const page = await this.open(authorizationUrl)
    if (page instanceof URL) return page
    const back = await this.submit(page, { username, password })
    if (!(back instanceof URL))
      throw new Error(`Keycloak shows a page (${back.status}) instead of leading back`)
    return back
  }

  /** Fills in the form of a page. */
  submit(page: Page, fields: Record<string, string>): Promise<URL | Page> {
    const action = /<form[^>]*action="([^"]+)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&')
    if (action === undefined) throw new Error('the page has no form')
    return this.#follow(new URL(action, page.url), 'POST', new URLSearchParams(fields))
  }

  async #follow(url: URL, method: string, body?: URLSearchParams): Promise<URL | Page> {
    const origin = url.origin
    for (let hops = 0; hops < 10; hops++) {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        // Keycloak's `/device` takes a form for a page's only from whoever wants a page.
        headers: { cookie: this.#jar.header, accept: 'text/html,*/*;q=0.8' },
        ...(body && { body }),
      })
      this.#jar.take(response.headers.getSetCookie())
      const location = response.headers.get('location')
      if (location === null) return { url, status: response.status, html: await response.text() }
      url = new URL(location, url)
      if (url.origin !== origin) return url
      method = 'GET'
      body = undefined
    }
    throw new Error('Keycloak redirects for ever')
  }
}
