import { germanAccountTexts } from './account-texts-de.js'
import { germanErrorTexts } from './error-texts-de.js'
import { isolated } from './isolated.js'
import { GERMAN_NAMES, type GermanName } from './provider-names.js'
import type { Texts } from './texts.js'

const nav: Texts['nav'] = {
  start: 'Startseite',
  account: 'Mein Konto',
  signIn: 'Anmelden',
  signOut: 'Abmelden',
  skip: 'Zum Inhalt springen',
}

const inGerman = (name: GermanName): Texts => ({
  language: 'de',
  tagline: 'Keycloak für Express',
  nav,
  home: {
    title: 'Willkommen',
    signedOut: 'Sie sind nicht angemeldet.',
    signedIn: (person) => `Willkommen, ${isolated(person)}`,
    what: `Diese Anwendung meldet Menschen mit ${name.irgendeinem} an, merkt sie sich und schützt eine Schnittstelle für Programme.`,
    register: 'Konto anlegen',
    hello: 'Zu Ihrer Seite',
    nextTitle: 'Was Sie hier tun können',
    stepSignIn: 'Anmelden',
    stepSignInDone: `Erledigt. ${name.Nominativ} bürgt für Sie.`,
    stepAccount: 'Ihr Konto ansehen',
    stepAccountText: 'Wer Sie sind, wie Sie sich angemeldet haben und wie lange es gilt.',
    apiTitle: 'Die Schnittstelle aufrufen',
    apiText: `Sie nimmt ein Bearer-Token ${name.von}; ohne Token antwortet sie mit 401.`,
  },
  hello: {
    title: 'Hallo',
    // The sentence is part of what programs look for; it stays as it is.
    greeting: (person) => `Hello, ${isolated(person)}! I know who I am!`,
    text: 'Diese Seite sehen nur Sie: Sie braucht eine Anmeldung.',
  },
  account: germanAccountTexts(name),
  vault: {
    title: 'Der Tresor',
    text: 'Diese Seite sehen nur Menschen, die einen zweiten Faktor gezeigt haben.',
    note: 'Ihre Sitzung behält diese Stufe, bis sie endet oder bis Sie mit weniger neu angemeldet werden.',
  },
  levels: {
    pwd: 'mit Passwort',
    '2fa': 'mit Passwort und Einmalcode',
    '0': `aus einer Sitzung, die ${name.bei} schon offen war`,
    unknown: `wie ${name.nominativ} es entschieden hat`,
  },
  logout: {
    title: 'Abmelden',
    question: 'Möchten Sie sich abmelden?',
    text: `Das beendet Ihre Sitzung hier und ${name.bei}.`,
    stay: 'Angemeldet bleiben',
    nobody: 'In diesem Browser ist niemand angemeldet.',
  },
  loggedOutHere: {
    title: 'Hier abgemeldet',
    happened: `Sie sind von dieser Anwendung abgemeldet. ${name.Nominativ} war nicht zu erreichen, dort ist Ihre Sitzung vielleicht noch offen.`,
    advice:
      'Schließen Sie an einem gemeinsam genutzten Rechner den Browser, oder melden Sie sich dort noch einmal ab.',
    retry: `${name.Bei} abmelden`,
  },
  error: {
    code: 'Code',
    request: 'Anfrage',
    again: 'Noch einmal anmelden',
    retry: 'Noch einmal versuchen',
    start: 'Zur Startseite',
  },
  errors: germanErrorTexts(name),
})

/** Every word that a page shows, in German, where the provider is Keycloak. */
export const german = inGerman(GERMAN_NAMES.keycloak)
/** The same for any other provider. */
export const neutralGerman = inGerman(GERMAN_NAMES.neutral)
