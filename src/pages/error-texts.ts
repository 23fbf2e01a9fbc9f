import type { LoginErrorCode } from '../login/errors.js'
import type { ProviderErrorCode } from '../provider/errors.js'
import type { SessionErrorCode } from '../session/errors.js'
import type { EnglishName } from './provider-names.js'

/** What a page about an error says: what happened, and what the person can do. */
export interface ErrorText {
  readonly title: string
  readonly happened: string
  readonly advice: string
}

export type PageErrorCode =
  LoginErrorCode | ProviderErrorCode | SessionErrorCode | 'not_found' | 'internal_error' | 'bad_request'

/** A code without a text does not compile. */
export type ErrorTexts = Readonly<Record<PageErrorCode, ErrorText>>

const againText =
  'Sign in again. If it keeps happening, tell the people who run this application and quote the code below.'
const operatorText =
  'Only the people who run this application can mend this. Tell them, and quote the code below.'
const laterText = 'Nothing is lost. Wait a moment and try again.'

/** The words about errors, in English. */
export const errorTexts = (name: EnglishName): ErrorTexts => ({
  ...plainTexts,
  ...loginTexts(name),
  ...sessionTexts(name),
  ...providerTexts(name),
})

const plainTexts = {
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
  wrong_issuer: {
    title: 'That answer came from somewhere else',
    happened: 'The answer to your sign-in did not come from the server that this application trusts.',
    advice: againText,
  },
  invalid_login_parameter: {
    title: 'That link is not right',
    happened: 'The link to sign in asks for something that it may not ask for.',
    advice: 'Sign in without it.',
  },
  cross_site_request: {
    title: 'That click came from another site',
    happened: 'Another website tried to change something here in your name. Nothing was changed.',
    advice: 'If you wanted it, do it from our own page.',
  },
  invalid_logout_token: {
    title: 'That sign-out cannot be trusted',
    happened: 'A notice that somebody signed out did not come from the server that this application trusts.',
    advice: operatorText,
  },
  invalid_logout_request: {
    title: 'That sign-out does not say whose',
    happened: 'A notice that somebody signed out names no session of ours.',
    advice: operatorText,
  },
  unknown_session: {
    title: 'There is no such session',
    happened: 'It has ended already, or it is not yours.',
    advice: 'Look at your account again.',
  },
  insufficient_user_authentication: {
    title: 'This needs a stronger sign-in',
    happened: 'You are signed in, but not strongly enough, or too long ago, for this.',
    advice: 'Open the page in your browser: it asks you for what is missing.',
  },
  unauthorized: {
    title: 'You are not signed in',
    happened: 'This needs a session.',
    advice: 'Sign in to go on.',
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
} satisfies Partial<ErrorTexts>

const loginTexts = (name: EnglishName) =>
  ({
    access_denied: {
      title: 'You did not sign in',
      happened: `${name.start} says that the sign-in was declined.`,
      advice: 'If that was not what you wanted, sign in again.',
    },
    login_required: {
      title: 'You are not signed in',
      happened: `${name.start} has no open session for you, or needs something from you first.`,
      advice: 'Sign in to go on.',
    },
    refused_by_provider: {
      title: `${name.start} refused the sign-in`,
      happened: `${name.start} did not accept what this application asked for.`,
      advice: operatorText,
    },
    code_refused: {
      title: 'The sign-in could not be finished',
      happened: `${name.start} does not accept the one-time ticket of this sign-in any more: it was used or is too old.`,
      advice: againText,
    },
    id_token_invalid: {
      title: 'The sign-in could not be trusted',
      happened: `What ${name.within} said about you failed one of our checks, so nobody was signed in.`,
      advice: againText,
    },
    client_refused: {
      title: `${name.start} does not accept this application`,
      happened: `This application could not prove to ${name.within} which application it is.`,
      advice: operatorText,
    },
    token_response_invalid: {
      title: `${name.start} gave an answer that makes no sense`,
      happened: 'The last step of signing in did not get a usable answer, so nobody was signed in.',
      advice: againText,
    },
    userinfo_invalid: {
      title: `${name.start} gave an answer that makes no sense`,
      happened: 'Your name and e-mail could not be read, so nobody was signed in.',
      advice: againText,
    },
    registration_off: {
      title: 'Accounts cannot be created here',
      happened: `${name.start} does not offer registration.`,
      advice: 'Ask the people who run this application for an account, or sign in with one you have.',
    },
  }) satisfies Partial<ErrorTexts>

const sessionTexts = (name: EnglishName) =>
  ({
    login_too_weak: {
      title: 'That sign-in was not strong enough',
      happened: `This page needs more than ${name.within} asked you for: a second factor, or a sign-in of just now. You are signed in, and everything else stays open to you.`,
      advice: `Try again, and follow what ${name.within} asks. If it asks for nothing, tell the people who run this application and quote the code below.`,
    },
    refresh_refused: {
      title: 'Your session has ended',
      happened: `${name.start} does not continue it.`,
      advice: 'Sign in again to go on.',
    },
    logged_out_meanwhile: {
      title: 'You were signed out meanwhile',
      happened: `Your session at ${name.within} ended while you were signing in.`,
      advice: 'Sign in again to go on where you wanted to go.',
    },
  }) satisfies Partial<ErrorTexts>

const providerTexts = (name: EnglishName) =>
  ({
    provider_unavailable: {
      title: `${name.start} cannot be reached just now`,
      happened: 'The server that signs people in does not answer.',
      advice: laterText,
    },
    provider_metadata_invalid: {
      title: `${name.start} cannot be used just now`,
      happened:
        'The server that signs people in describes itself in a way that this application cannot trust.',
      advice: operatorText,
    },
    provider_keys_unusable: {
      title: `${name.start} cannot be used just now`,
      happened: 'The server that signs people in offers no key by which its word could be checked.',
      advice: laterText,
    },
    provider_response_invalid: {
      title: `${name.start} gave an answer that makes no sense`,
      happened: 'The server that signs people in answered in a way that this application cannot use.',
      advice: laterText,
    },
  }) satisfies Partial<ErrorTexts>
