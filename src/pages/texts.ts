import { accountTexts, type AccountTexts } from './account-texts.js'
import { errorTexts, type ErrorTexts, type PageErrorCode } from './error-texts.js'
import { isolated } from './isolated.js'
import { ENGLISH_NAMES, type EnglishName } from './provider-names.js'

export type { PageErrorCode }

/** The words of one language. */
export interface Texts {
  readonly language: string
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
  readonly account: AccountTexts
  readonly vault: Readonly<Record<'title' | 'text' | 'note', string>>
  /** What `acr` says, in words. */
  readonly levels: Readonly<Record<string, string>>
  readonly logout: Readonly<Record<'title' | 'question' | 'text' | 'stay' | 'nobody', string>>
  readonly loggedOutHere: Readonly<Record<'title' | 'happened' | 'advice' | 'retry', string>>
  readonly error: Readonly<Record<'code' | 'request' | 'again' | 'retry' | 'start', string>>
  readonly errors: ErrorTexts
}

const nav: Texts['nav'] = {
  start: 'Start',
  account: 'My account',
  signIn: 'Sign in',
  signOut: 'Sign out',
  skip: 'Skip to the content',
}

const english = (name: EnglishName): Texts => ({
  language: 'en',
  tagline: 'Keycloak for Express',
  nav,
  home: {
    title: 'Welcome',
    signedOut: 'You are not signed in.',
    signedIn: (person) => `Welcome, ${isolated(person)}`,
    what: `This application signs people in with ${name.some}, remembers them, and guards an API for programs.`,
    register: 'Create an account',
    hello: 'Go to your page',
    nextTitle: 'What you can do here',
    stepSignIn: 'Sign in',
    stepSignInDone: `Done. ${name.start} vouches for you.`,
    stepAccount: 'Look at your account',
    stepAccountText: 'Who you are, how you signed in, and how long it lasts.',
    apiTitle: 'Call the API',
    apiText: `It takes a bearer token from ${name.within}; without one it answers 401.`,
  },
  hello: {
    title: 'Hello',
    greeting: (person) => `Hello, ${isolated(person)}! I know who I am!`,
    text: 'Only you see this page: it needs a session.',
  },
  account: accountTexts(name),
  vault: {
    title: 'The vault',
    text: 'Only people who gave a second factor see this page.',
    note: 'Your session keeps this level until it ends, or until you are signed in again with less.',
  },
  levels: {
    pwd: 'with a password',
    '2fa': 'with a password and a one-time code',
    '0': `from a session that was open at ${name.within} already`,
    unknown: `as ${name.within} decided`,
  },
  logout: {
    title: 'Sign out',
    question: 'Do you want to sign out?',
    text: `This ends your session here and at ${name.within}.`,
    stay: 'Stay signed in',
    nobody: 'Nobody is signed in in this browser.',
  },
  loggedOutHere: {
    title: 'Signed out here',
    happened: `You are signed out of this application. ${name.start} could not be told, so your session there may still be open.`,
    advice: 'On a shared computer, close the browser, or try again to sign out there.',
    retry: `Sign out at ${name.within}`,
  },
  error: {
    code: 'Code',
    request: 'Request',
    again: 'Sign in again',
    retry: 'Try again',
    start: 'To the start page',
  },
  errors: errorTexts(name),
})

/** Every word that a page shows, in English, where the provider is Keycloak. */
export const texts = english(ENGLISH_NAMES.keycloak)
/** The same for any other provider. */
export const neutralTexts = english(ENGLISH_NAMES.neutral)
