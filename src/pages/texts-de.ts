import type { Texts } from './texts.js'

const nochmal =
  'Melden Sie sich noch einmal an. Wenn es wieder geschieht, nennen Sie den Betreibern dieser Anwendung den Code unten.'
const betreiber =
  'Das können nur die Betreiber dieser Anwendung beheben. Sagen Sie ihnen Bescheid und nennen Sie den Code unten.'
const später = 'Es ist nichts verloren. Warten Sie einen Moment und versuchen Sie es noch einmal.'

/** Every word that a page shows, in German. */
export const german: Texts = {
  language: 'de',
  brand: 'Latchkey',
  tagline: 'Keycloak für Express',
  nav: {
    start: 'Startseite',
    account: 'Mein Konto',
    signIn: 'Anmelden',
    signOut: 'Abmelden',
    skip: 'Zum Inhalt springen',
  },
  home: {
    title: 'Willkommen',
    signedOut: 'Sie sind nicht angemeldet.',
    signedIn: (name) => `Willkommen, ${name}`,
    what: 'Diese Anwendung meldet Menschen mit Keycloak an, merkt sie sich und schützt eine Schnittstelle für Programme.',
    register: 'Konto anlegen',
    hello: 'Zu Ihrer Seite',
    nextTitle: 'Was Sie hier tun können',
    stepSignIn: 'Anmelden',
    stepSignInDone: 'Erledigt. Keycloak bürgt für Sie.',
    stepAccount: 'Ihr Konto ansehen',
    stepAccountText: 'Wer Sie sind, wie Sie sich angemeldet haben und wie lange es gilt.',
    apiTitle: 'Die Schnittstelle aufrufen',
    apiText: 'Sie nimmt ein Bearer-Token desselben Realms; ohne Token antwortet sie mit 401.',
  },
  hello: {
    title: 'Hallo',
    // The sentence is part of what programs look for; it stays as it is.
    greeting: (name) => `Hello, ${name}! I know who I am!`,
    text: 'Diese Seite sehen nur Sie: Sie braucht eine Anmeldung.',
  },
  account: {
    title: 'Mein Konto',
    name: 'Name',
    username: 'Benutzername',
    email: 'E-Mail',
    subject: 'Kennung',
    noEmail: 'keine hinterlegt',
    signedInAt: 'Angemeldet',
    how: 'Wie',
    lasts: 'Sitzung gilt bis',
    lastsNote: 'Sie endet früher, wenn Sie eine Weile nichts tun.',
    actions: 'Aktionen',
    otp: 'Einmalcode einrichten',
    password: 'Passwort ändern',
  },
  levels: {
    pwd: 'mit Passwort',
    '2fa': 'mit Passwort und Einmalcode',
    '0': 'aus einer Sitzung, die bei Keycloak schon offen war',
    unknown: 'wie Keycloak es entschieden hat',
  },
  logout: {
    title: 'Abmelden',
    question: 'Möchten Sie sich abmelden?',
    text: 'Das beendet Ihre Sitzung hier und bei Keycloak.',
    stay: 'Angemeldet bleiben',
    nobody: 'In diesem Browser ist niemand angemeldet.',
  },
  loggedOutHere: {
    title: 'Hier abgemeldet',
    happened:
      'Sie sind von dieser Anwendung abgemeldet. Keycloak war nicht zu erreichen, dort ist Ihre Sitzung vielleicht noch offen.',
    advice:
      'Schließen Sie an einem gemeinsam genutzten Rechner den Browser, oder melden Sie sich dort noch einmal ab.',
    retry: 'Bei Keycloak abmelden',
  },
  error: {
    code: 'Code',
    request: 'Anfrage',
    again: 'Noch einmal anmelden',
    retry: 'Noch einmal versuchen',
    start: 'Zur Startseite',
  },
  errors: {
    invalid_response: {
      title: 'Die Antwort war unvollständig',
      happened: 'Die Adresse, mit der Sie von der Anmeldung zurückkamen, ist beschädigt.',
      advice: nochmal,
    },
    unknown_login: {
      title: 'Diese Anmeldung gehört nicht zu diesem Browser',
      happened:
        'Der Link beendet eine Anmeldung, die in einem anderen Browser begonnen wurde oder so lange her ist, dass sie vergessen ist; oder dieser Browser hat unser Cookie nicht behalten.',
      advice:
        'Melden Sie sich von hier aus an. Den alten Link brauchen Sie nicht. Geschieht es wieder, erlauben Sie dieser Website Cookies.',
    },
    login_spent: {
      title: 'Diese Anmeldung wurde schon benutzt',
      happened: 'Der Link hat seinen Dienst getan, und jetzt ist hier niemand angemeldet.',
      advice: 'Melden Sie sich noch einmal an, um dorthin zu gelangen, wohin Sie wollten.',
    },
    login_expired: {
      title: 'Die Anmeldung hat zu lange gedauert',
      happened: 'Die Anmeldung wurde vor längerer Zeit begonnen, als wir sie uns merken.',
      advice: 'Melden Sie sich noch einmal an, um dorthin zu gelangen, wohin Sie wollten.',
    },
    access_denied: {
      title: 'Sie haben sich nicht angemeldet',
      happened: 'Keycloak meldet, dass die Anmeldung abgelehnt wurde.',
      advice: 'Wenn Sie das nicht wollten, melden Sie sich noch einmal an.',
    },
    login_required: {
      title: 'Sie sind nicht angemeldet',
      happened: 'Keycloak hat keine offene Sitzung für Sie oder braucht erst etwas von Ihnen.',
      advice: 'Melden Sie sich an, um weiterzukommen.',
    },
    refused_by_provider: {
      title: 'Keycloak hat die Anmeldung abgelehnt',
      happened: 'Keycloak hat nicht angenommen, worum diese Anwendung gebeten hat.',
      advice: betreiber,
    },
    wrong_issuer: {
      title: 'Die Antwort kam von woanders',
      happened: 'Die Antwort auf Ihre Anmeldung kam nicht von dem Server, dem diese Anwendung vertraut.',
      advice: nochmal,
    },
    code_refused: {
      title: 'Die Anmeldung konnte nicht beendet werden',
      happened:
        'Keycloak nimmt das Einmalticket dieser Anmeldung nicht mehr an: Es wurde benutzt oder ist zu alt.',
      advice: nochmal,
    },
    id_token_invalid: {
      title: 'Der Anmeldung war nicht zu trauen',
      happened:
        'Was Keycloak über Sie sagte, hat eine unserer Prüfungen nicht bestanden. Niemand wurde angemeldet.',
      advice: nochmal,
    },
    client_refused: {
      title: 'Keycloak nimmt diese Anwendung nicht an',
      happened: 'Diese Anwendung konnte Keycloak nicht beweisen, welche Anwendung sie ist.',
      advice: betreiber,
    },
    token_response_invalid: {
      title: 'Keycloak gab eine Antwort ohne Sinn',
      happened: 'Der letzte Schritt der Anmeldung bekam keine brauchbare Antwort. Niemand wurde angemeldet.',
      advice: nochmal,
    },
    userinfo_invalid: {
      title: 'Keycloak gab eine Antwort ohne Sinn',
      happened: 'Ihr Name und Ihre E-Mail waren nicht zu lesen. Niemand wurde angemeldet.',
      advice: nochmal,
    },
    invalid_login_parameter: {
      title: 'Der Link stimmt nicht',
      happened: 'Der Link zur Anmeldung bittet um etwas, worum er nicht bitten darf.',
      advice: 'Melden Sie sich ohne ihn an.',
    },
    registration_off: {
      title: 'Hier kann man kein Konto anlegen',
      happened: 'Der Realm bietet keine Registrierung an.',
      advice: 'Bitten Sie die Betreiber um ein Konto, oder melden Sie sich mit einem an, das Sie haben.',
    },
    cross_site_request: {
      title: 'Der Klick kam von einer anderen Seite',
      happened: 'Eine andere Website wollte hier in Ihrem Namen etwas ändern. Es wurde nichts geändert.',
      advice: 'Wenn Sie es wollten, tun Sie es auf unserer eigenen Seite.',
    },
    unauthorized: {
      title: 'Sie sind nicht angemeldet',
      happened: 'Dafür muss man angemeldet sein.',
      advice: 'Melden Sie sich an, um weiterzukommen.',
    },
    provider_unavailable: {
      title: 'Keycloak ist gerade nicht zu erreichen',
      happened: 'Der Server, der Menschen anmeldet, antwortet nicht.',
      advice: später,
    },
    provider_metadata_invalid: {
      title: 'Keycloak ist gerade nicht zu gebrauchen',
      happened:
        'Der Server, der Menschen anmeldet, beschreibt sich so, dass diese Anwendung ihm nicht trauen kann.',
      advice: betreiber,
    },
    provider_keys_unusable: {
      title: 'Keycloak ist gerade nicht zu gebrauchen',
      happened:
        'Der Server, der Menschen anmeldet, bietet keinen Schlüssel, an dem sein Wort zu prüfen wäre.',
      advice: später,
    },
    provider_response_invalid: {
      title: 'Keycloak gab eine Antwort ohne Sinn',
      happened:
        'Der Server, der Menschen anmeldet, antwortet so, dass diese Anwendung nichts damit anfangen kann.',
      advice: später,
    },
    session_store_unavailable: {
      title: 'Wir können gerade nicht nachsehen, wer Sie sind',
      happened: 'Der Ort, an dem Sitzungen aufbewahrt werden, antwortet nicht.',
      advice: später,
    },
    not_found: {
      title: 'Diese Seite gibt es nicht',
      happened: 'Die Adresse führt nirgendwohin.',
      advice: 'Prüfen Sie, ob ein Tippfehler darin ist, oder beginnen Sie auf der Startseite.',
    },
    bad_request: {
      title: 'Diese Anfrage ergibt keinen Sinn',
      happened: 'Die Adresse oder das Formular ist beschädigt.',
      advice: 'Prüfen Sie, ob ein Tippfehler darin ist, oder beginnen Sie auf der Startseite.',
    },
    internal_error: {
      title: 'Hier ist etwas schiefgegangen',
      happened: 'Das ist unser Fehler, nicht Ihrer, und es wurde festgehalten.',
      advice:
        'Versuchen Sie es noch einmal. Wenn es wieder geschieht, nennen Sie den Betreibern dieser Anwendung die Anfrage unten.',
    },
  },
}
