import type { Jar } from '../../support/browser-jar.js'
import { NAVIGATION, type Answer, type TestApp } from '../../support/test-app.js'

/** Sends a form of the account page, as the browser does from there. */
export function submit(app: TestApp, jar: Jar, path: string, body = ''): Promise<Answer> {
  return app.send(path, {
    method: 'POST',
    jar,
    headers: {
      ...NAVIGATION,
      'sec-fetch-site': 'same-origin',
      origin: app.publicUrl,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body,
  })
}

export const endOne = (app: TestApp, jar: Jar, handle: string): Promise<Answer> =>
  submit(app, jar, '/account/sessions/end', new URLSearchParams({ handle }).toString())
export const endOthers = (app: TestApp, jar: Jar): Promise<Answer> =>
  submit(app, jar, '/account/sessions/end', 'others=yes')
export const endEverywhere = (app: TestApp, jar: Jar): Promise<Answer> =>
  submit(app, jar, '/account/logout-everywhere')

/** The handles that the account page offers: of every session but this one. */
export async function handlesOf(app: TestApp, jar: Jar): Promise<readonly string[]> {
  const { body } = await app.navigate('/account', jar)
  return [...body.matchAll(/name="handle" value="([^"]*)"/g)].map(([, handle]) => handle ?? '')
}

/** Where an answer leads, without the proof that it is ours to say. */
export function unproven({ location }: Answer): string | undefined {
  return location?.replace(/&proof=[\w-]{22}(?=$|#)/, '')
}

/** What the account page says about what was just done. */
export async function noticeOf(app: TestApp, jar: Jar, path: string): Promise<string | undefined> {
  const { body } = await app.navigate(path, jar)
  return /<p class="notice" role="status">([^<]*)<\/p>/.exec(body)?.[1]
}
