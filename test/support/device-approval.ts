import { KeycloakVisitor } from './keycloak-visitor.js'

export interface DeviceAnswer {
  readonly person: string
  /** `<name>-password`, unless given. */
  readonly password?: string
  /** Types this code at the address, for one without it. */
  readonly userCode?: string
  /** What the person says when asked whether the device may have a token. */
  readonly consents: boolean
  /** The browser; one that has signed in already is not asked for a password. */
  readonly visitor?: KeycloakVisitor
}

type Page = Exclude<Awaited<ReturnType<KeycloakVisitor['open']>>, URL>

/**
 * Plays the person at whose other device an address and a code are shown: opens it, signs in, and answers the question.
 * Returns the `data-page-id` of Keycloak's last page, `login-info` when all went well.
 */
export async function answerDeviceRequest(
  verificationUri: string,
  {
    person,
    password = `${person}-password`,
    userCode,
    consents,
    visitor = new KeycloakVisitor(),
  }: DeviceAnswer,
): Promise<string> {
  let page = onKeycloak(await visitor.open(verificationUri))
  if (pageId(page) === 'login-login-oauth2-device-verify-user-code')
    page = await submit(visitor, page, { device_user_code: userCode ?? '' })
  if (pageId(page) === 'login-login') page = await submit(visitor, page, { username: person, password })
  if (pageId(page) === 'login-login-oauth-grant')
    page = await submit(visitor, page, consents ? { accept: 'Yes' } : { cancel: 'No' })
  return pageId(page)
}

async function submit(visitor: KeycloakVisitor, page: Page, fields: Record<string, string>): Promise<Page> {
  return onKeycloak(await visitor.submit(page, { ...hiddenFields(page.html), ...fields }))
}

function onKeycloak(place: URL | Page): Page {
  if (place instanceof URL) throw new Error('Keycloak leads elsewhere')
  return place
}

const pageId = ({ html }: Page): string => /<body[^>]*data-page-id="([^"]+)"/.exec(html)?.[1] ?? 'no page'

function hiddenFields(html: string): Record<string, string> {
  const inputs = html.match(/<input[^>]*type="hidden"[^>]*>/g) ?? []
  const attribute = (input: string, name: string): string =>
    new RegExp(` ${name}="([^"]*)"`).exec(input)?.[1]?.replaceAll('&amp;', '&') ?? ''
  return Object.fromEntries(inputs.map((input) => [attribute(input, 'name'), attribute(input, 'value')]))
}
