import type { ActionOutcome } from '../login/action-outcome.js'
import type { EnglishName } from './provider-names.js'

/** The words of the account page. */
export interface AccountTexts extends Readonly<
  Record<
    | 'title'
    | 'name'
    | 'username'
    | 'email'
    | 'subject'
    | 'noEmail'
    | 'signedInAt'
    | 'how'
    | 'ends'
    | 'endsNote'
    | 'actions'
    | 'otp'
    | 'passkey'
    | 'password'
    | 'vault'
    | 'sessions'
    | 'sessionsText'
    | 'thisSession'
    | 'begun'
    | 'seen'
    | 'end'
    | 'endOthers'
    | 'everywhere'
    | 'everywhereText'
    | 'unknownDevice',
    string
  >
> {
  /** A browser on a system. */
  readonly device: (browser: string | undefined, system: string | undefined) => string
  /** What came of ending sessions; how many the provider could not be told of. */
  readonly ended: (count: number, left: number) => string
  readonly outcomes: Readonly<Record<ActionOutcome, string>>
}

export const accountTexts = (name: EnglishName): AccountTexts => ({
  title: 'My account',
  name: 'Name',
  username: 'User name',
  email: 'E-mail',
  subject: 'Identifier',
  noEmail: 'none on record',
  signedInAt: 'Signed in',
  how: 'How',
  ends: 'Session ends',
  endsNote: 'If you do nothing until then. Use moves it on, up to a limit.',
  actions: 'Actions',
  otp: 'Set up a one-time code',
  passkey: 'Set up a passkey',
  password: 'Change password',
  vault: 'Open the vault',
  sessions: 'Where you are signed in',
  sessionsText: 'Your sessions on this application. End one that you do not know, or that you left open.',
  thisSession: 'This session',
  begun: 'Begun',
  seen: 'Last seen',
  end: 'End this session',
  endOthers: 'End all others',
  everywhere: 'Sign out everywhere',
  everywhereText: `This ends all of them, here and at ${name.within}, and with them other applications that you reached through ${name.within}.`,
  unknownDevice: 'A browser that we do not know',
  device: (browser, system) => [browser, system].filter((word) => word !== undefined).join(' on '),
  ended(count, left) {
    const what = count === 1 ? 'One session was ended.' : `${count} sessions were ended.`
    if (left === 0) return what
    return `${what} ${name.start} could not be told of ${left === 1 ? 'one of them' : `${left} of them`}: a session there may still be open.`
  },
  outcomes: {
    success: `${name.start} reports that this was done. What counts is what it asks you for from now on.`,
    cancelled: `${name.start} reports that you cancelled. Nothing was changed.`,
    error: `${name.start} reports an error. Nothing was changed.`,
    none: `${name.start} did not report that anything was done, so take it as not done.`,
  },
})
