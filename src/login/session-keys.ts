/** What is needed of a login to find it. */
interface Findable {
  readonly issuer: string
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** The session index's key of a person. */
export const personKey = (issuer: string, sub: string): string => JSON.stringify(['sub', issuer, sub])
/** The session index's key of a sign-on session at the provider. */
export const signOnKey = (issuer: string, sid: string): string => JSON.stringify(['sid', issuer, sid])

/** The provider's name for the sign-on session that a login is part of, where it says so. */
export function signOnOf({ claims }: Pick<Findable, 'claims'>): string | undefined {
  const { sid } = claims
  return typeof sid === 'string' && sid !== '' ? sid : undefined
}

/** The keys of a login: its person, and its sign-on session. */
export function sessionKeys(login: Findable): readonly string[] {
  const sid = signOnOf(login)
  return [
    personKey(login.issuer, login.subject),
    ...(sid === undefined ? [] : [signOnKey(login.issuer, sid)]),
  ]
}

/** What ended: one sign-on session, which is that person's where both are given, or all of a person. */
export interface Ended {
  readonly issuer: string
  readonly sid: string | undefined
  readonly sub: string | undefined
}

/** The key under which the sessions are found that end with it. */
export function endedKey({ issuer, sid, sub }: Ended): string {
  return sid === undefined ? personKey(issuer, sub ?? '') : signOnKey(issuer, sid)
}
