import type { LoginErrorCode } from '../login/errors.js'
import type { ProviderErrorCode } from '../provider/errors.js'
import type { SessionErrorCode } from '../session/errors.js'

/** What a page about an error says: what happened, and what the person can do. */
export interface ErrorText {
  readonly title: string
  readonly happened: string
  readonly advice: string
}

export type PageErrorCode =
  LoginErrorCode | ProviderErrorCode | SessionErrorCode | 'not_found' | 'internal_error' | 'bad_request'

/** The words of one language. */
export interface Texts {
  readonly language: string
  readonly brand: string
  readonly tagline: string
  readonly nav: Readonly<Record<'start' | 'account' | 'signIn' | 'signOut' | 'skip', string>>
  readonly home: Readonly<
    Record<
      | 'title'
      | 'signedOut'
      | 'what'
      | 'register'
      | 'hello'
      | 'apiTitle'
      | 'apiText'
      | 'nextTitle'
      | 'stepSignIn'
      | 'stepSignInDone'
      | 'stepAccount'
      | 'stepAccountText',
      string
    >
  > & {
    readonly signedIn: (name: string) => string
  }
  readonly hello: Readonly<Record<'title' | 'text', string>> & { readonly greeting: (name: string) => string }
  readonly account: Readonly<
    Record<
      | 'title'
      | 'name'
      | 'username'
      | 'email'
      | 'subject'
      | 'noEmail'
      | 'signedInAt'
      | 'how'
      | 'lasts'
      | 'lastsNote'
      | 'actions'
      | 'otp'
      | 'password',
      string
    >
  >
  /** What `acr` says, in words. */
  readonly levels: Readonly<Record<string, string>>
  readonly logout: Readonly<Record<'title' | 'question' | 'text' | 'stay' | 'nobody', string>>
  readonly loggedOutHere: Readonly<Record<'title' | 'happened' | 'advice' | 'retry', string>>
  readonly error: Readonly<Record<'code' | 'request' | 'again' | 'retry' | 'start', string>>
  readonly errors: Readonly<Record<PageErrorCode, ErrorText>>
}

const againText =
  'Sign in again. If it keeps happening, tell the people who run this application and quote the code below.'
const operatorText =
  'Only the people who run this application can mend this. Tell them, and quote the code below.'
const laterText = 'Nothing is lost. Wait a moment and try again.'

/** Every word that a page shows, in English. */
export const texts: Texts = {
  language: 'en',
  brand: 'Latchkey',
  tagline: 'Keycloak for Express',
  nav: {
    start: 'Start',
    account: 'My account',
    signIn: 'Sign in',
    signOut: 'Sign out',
    skip: 'Skip to the content',
  },
  home: {
    title: 'Welcome',
    signedOut: 'You are not signed in.',
    signedIn: (name: string) => `Welcome, ${name}`,
    what: 'This application signs people in with Keycloak, remembers them, and guards an API for programs.',
    register: 'Create an account',
    hello: 'Go to your page',
    nextTitle: 'What you can do here',
    stepSignIn: 'Sign in',
    stepSignInDone: 'Done. Keycloak vouches for you.',
    stepAccount: 'Look at your account',
    stepAccountText: 'Who you are, how you signed in, and how long it lasts.',
    apiTitle: 'Call the API',
    apiText: 'It takes a bearer token of the same realm; without one it answers 401.',
  },
  hello: {
    title: 'Hello',
    greeting: (name: string) => `Hello, ${name}! I know who I am!`,
    text: 'Only you see this page: it needs a session.',
  },
  account: {
    title: 'My account',
    name: 'Name',
    username: 'User name',
    email: 'E-mail',
    subject: 'Identifier',
    noEmail: 'none on record',
    signedInAt: 'Signed in',
    how: 'How',
    lasts: 'Session lasts until',
    lastsNote: 'It ends earlier when you do nothing for a while.',
    actions: 'Actions',
    otp: 'Set up a one-time code',
    password: 'Change password',
  },
  levels: {
    pwd: 'with a password',
    '2fa': 'with a password and a one-time code',
    '0': 'from a session that was open at Keycloak already',
    unknown: 'as Keycloak decided',
  },
  logout: {
    title: 'Sign out',
    question: 'Do you want to sign out?',
    text: 'This ends your session here and at Keycloak.',
    stay: 'Stay signed in',
    nobody: 'Nobody is signed in in this browser.',
  },
  loggedOutHere: {
    title: 'Signed out here',
    happened:
      'You are signed out of this application. Keycloak could not be told, so your session there may still be open.',
    advice: 'On a shared computer, close the browser, or try again to sign out there.',
    retry: 'Sign out at Keycloak',
  },
  error: {
    code: 'Code',
    request: 'Request',
    again: 'Sign in again',
    retry: 'Try again',
    start: 'To the start page',
  },
  errors: {
    invalid_response: {
      title: 'That answer was not complete',
      happened: 'The address you came back with from signing in is damaged.',
      advice: againText,
    },
    unknown_login: {
      title: 'This sign-in does not belong to this browser',
      happened:
        'The link you opened finishes a sign-in that was begun in another browser, or so long ago that it is forgotten; or this browser did not keep our cookie.',
      advice:
        'Sign in from here. You do not need the old link. If it happens again, allow this site to set cookies.',
    },
    login_spent: {
      title: 'This sign-in was used already',
      happened: 'The link you opened has done its work, and nobody is signed in here now.',
      advice: 'Sign in again to go on where you wanted to go.',
    },
    login_expired: {
      title: 'Signing in took too long',
      happened: 'The sign-in was begun longer ago than we remember it.',
      advice: 'Sign in again to go on where you wanted to go.',
    },
    access_denied: {
      title: 'You did not sign in',
      happened: 'Keycloak says that the sign-in was declined.',
      advice: 'If that was not what you wanted, sign in again.',
    },
    login_required: {
      title: 'You are not signed in',
      happened: 'Keycloak has no open session for you, or needs something from you first.',
      advice: 'Sign in to go on.',
    },
    refused_by_provider: {
      title: 'Keycloak refused the sign-in',
      happened: 'Keycloak did not accept what this application asked for.',
      advice: operatorText,
    },
    wrong_issuer: {
      title: 'That answer came from somewhere else',
      happened: 'The answer to your sign-in did not come from the server that this application trusts.',
      advice: againText,
    },
    code_refused: {
      title: 'The sign-in could not be finished',
      happened:
        'Keycloak does not accept the one-time ticket of this sign-in any more: it was used or is too old.',
      advice: againText,
    },
    id_token_invalid: {
      title: 'The sign-in could not be trusted',
      happened: 'What Keycloak said about you failed one of our checks, so nobody was signed in.',
      advice: againText,
    },
    client_refused: {
      title: 'Keycloak does not accept this application',
      happened: 'This application could not prove to Keycloak which application it is.',
      advice: operatorText,
    },
    token_response_invalid: {
      title: 'Keycloak gave an answer that makes no sense',
      happened: 'The last step of signing in did not get a usable answer, so nobody was signed in.',
      advice: againText,
    },
    userinfo_invalid: {
      title: 'Keycloak gave an answer that makes no sense',
      happened: 'Your name and e-mail could not be read, so nobody was signed in.',
      advice: againText,
    },
    invalid_login_parameter: {
      title: 'That link is not right',
      happened: 'The link to sign in asks for something that it may not ask for.',
      advice: 'Sign in without it.',
    },
    registration_off: {
      title: 'Accounts cannot be created here',
      happened: 'The realm does not offer registration.',
      advice: 'Ask the people who run this application for an account, or sign in with one you have.',
    },
    cross_site_request: {
      title: 'That click came from another site',
      happened: 'Another website tried to change something here in your name. Nothing was changed.',
      advice: 'If you wanted it, do it from our own page.',
    },
    unauthorized: {
      title: 'You are not signed in',
      happened: 'This needs a session.',
      advice: 'Sign in to go on.',
    },
    provider_unavailable: {
      title: 'Keycloak cannot be reached just now',
      happened: 'The server that signs people in does not answer.',
      advice: laterText,
    },
    provider_metadata_invalid: {
      title: 'Keycloak cannot be used just now',
      happened:
        'The server that signs people in describes itself in a way that this application cannot trust.',
      advice: operatorText,
    },
    provider_keys_unusable: {
      title: 'Keycloak cannot be used just now',
      happened: 'The server that signs people in offers no key by which its word could be checked.',
      advice: laterText,
    },
    provider_response_invalid: {
      title: 'Keycloak gave an answer that makes no sense',
      happened: 'The server that signs people in answered in a way that this application cannot use.',
      advice: laterText,
    },
    session_store_unavailable: {
      title: 'We cannot look you up just now',
      happened: 'The place where sessions are kept does not answer.',
      advice: laterText,
    },
    not_found: {
      title: 'There is no such page',
      happened: 'The address leads nowhere.',
      advice: 'Check it for a typing error, or begin at the start page.',
    },
    bad_request: {
      title: 'That request makes no sense',
      happened: 'The address or the form is damaged.',
      advice: 'Check it for a typing error, or begin at the start page.',
    },
    internal_error: {
      title: 'Something went wrong here',
      happened: 'That is our fault, not yours, and it has been written down.',
      advice:
        'Try again. If it keeps happening, tell the people who run this application and quote the request below.',
    },
  },
}
