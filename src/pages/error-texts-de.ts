import type { ErrorTexts } from './error-texts.js'
import type { GermanName } from './provider-names.js'

const nochmal =
  'Melden Sie sich noch einmal an. Wenn es wieder geschieht, nennen Sie den Betreibern dieser Anwendung den Code unten.'
const betreiber =
  'Das können nur die Betreiber dieser Anwendung beheben. Sagen Sie ihnen Bescheid und nennen Sie den Code unten.'
const später = 'Es ist nichts verloren. Warten Sie einen Moment und versuchen Sie es noch einmal.'

/** The words about errors, in German. */
export const germanErrorTexts = (name: GermanName): ErrorTexts => ({
  ...plainTexts,
  ...loginTexts(name),
  ...sessionTexts(name),
  ...providerTexts(name),
})

const plainTexts = {
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
  wrong_issuer: {
    title: 'Die Antwort kam von woanders',
    happened: 'Die Antwort auf Ihre Anmeldung kam nicht von dem Server, dem diese Anwendung vertraut.',
    advice: nochmal,
  },
  invalid_login_parameter: {
    title: 'Der Link stimmt nicht',
    happened: 'Der Link zur Anmeldung bittet um etwas, worum er nicht bitten darf.',
    advice: 'Melden Sie sich ohne ihn an.',
  },
  cross_site_request: {
    title: 'Der Klick kam von einer anderen Seite',
    happened: 'Eine andere Website wollte hier in Ihrem Namen etwas ändern. Es wurde nichts geändert.',
    advice: 'Wenn Sie es wollten, tun Sie es auf unserer eigenen Seite.',
  },
  invalid_logout_token: {
    title: 'Dieser Abmeldung ist nicht zu trauen',
    happened:
      'Die Nachricht, dass sich jemand abgemeldet hat, kam nicht von dem Server, dem diese Anwendung vertraut.',
    advice: betreiber,
  },
  invalid_logout_request: {
    title: 'Diese Abmeldung sagt nicht, wessen',
    happened: 'Eine Nachricht, dass sich jemand abgemeldet hat, nennt keine Sitzung von uns.',
    advice: betreiber,
  },
  unknown_session: {
    title: 'Eine solche Sitzung gibt es nicht',
    happened: 'Sie ist schon zu Ende oder nicht Ihre.',
    advice: 'Sehen Sie noch einmal in Ihr Konto.',
  },
  insufficient_user_authentication: {
    title: 'Das braucht eine stärkere Anmeldung',
    happened: 'Sie sind angemeldet, aber dafür nicht stark genug oder vor zu langer Zeit.',
    advice: 'Öffnen Sie die Seite im Browser: Sie fragt nach dem, was fehlt.',
  },
  unauthorized: {
    title: 'Sie sind nicht angemeldet',
    happened: 'Dafür muss man angemeldet sein.',
    advice: 'Melden Sie sich an, um weiterzukommen.',
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
} satisfies Partial<ErrorTexts>

const loginTexts = (name: GermanName) =>
  ({
    access_denied: {
      title: 'Sie haben sich nicht angemeldet',
      happened: `${name.Nominativ} meldet, dass die Anmeldung abgelehnt wurde.`,
      advice: 'Wenn Sie das nicht wollten, melden Sie sich noch einmal an.',
    },
    login_required: {
      title: 'Sie sind nicht angemeldet',
      happened: `${name.Nominativ} hat keine offene Sitzung für Sie oder braucht erst etwas von Ihnen.`,
      advice: 'Melden Sie sich an, um weiterzukommen.',
    },
    refused_by_provider: {
      title: `${name.Nominativ} hat die Anmeldung abgelehnt`,
      happened: `${name.Nominativ} hat nicht angenommen, worum diese Anwendung gebeten hat.`,
      advice: betreiber,
    },
    code_refused: {
      title: 'Die Anmeldung konnte nicht beendet werden',
      happened: `${name.Nominativ} nimmt das Einmalticket dieser Anmeldung nicht mehr an: Es wurde benutzt oder ist zu alt.`,
      advice: nochmal,
    },
    id_token_invalid: {
      title: 'Der Anmeldung war nicht zu trauen',
      happened: `Was ${name.nominativ} über Sie sagte, hat eine unserer Prüfungen nicht bestanden. Niemand wurde angemeldet.`,
      advice: nochmal,
    },
    client_refused: {
      title: `${name.Nominativ} nimmt diese Anwendung nicht an`,
      happened: `Diese Anwendung konnte ${name.dativ} nicht beweisen, welche Anwendung sie ist.`,
      advice: betreiber,
    },
    token_response_invalid: {
      title: `${name.Nominativ} gab eine Antwort ohne Sinn`,
      happened: 'Der letzte Schritt der Anmeldung bekam keine brauchbare Antwort. Niemand wurde angemeldet.',
      advice: nochmal,
    },
    userinfo_invalid: {
      title: `${name.Nominativ} gab eine Antwort ohne Sinn`,
      happened: 'Ihr Name und Ihre E-Mail waren nicht zu lesen. Niemand wurde angemeldet.',
      advice: nochmal,
    },
    registration_off: {
      title: 'Hier kann man kein Konto anlegen',
      happened: `${name.Nominativ} bietet hier keine Registrierung an.`,
      advice: 'Bitten Sie die Betreiber um ein Konto, oder melden Sie sich mit einem an, das Sie haben.',
    },
  }) satisfies Partial<ErrorTexts>

const sessionTexts = (name: GermanName) =>
  ({
    login_too_weak: {
      title: 'Diese Anmeldung war nicht stark genug',
      happened: `Diese Seite braucht mehr, als Sie ${name.bei} gezeigt haben: einen zweiten Faktor oder eine Anmeldung von eben. Sie sind angemeldet, und alles andere steht Ihnen offen.`,
      advice: `Versuchen Sie es noch einmal und folgen Sie dem, wonach Sie ${name.bei} gefragt werden. Werden Sie nach nichts gefragt, nennen Sie den Betreibern dieser Anwendung den Code unten.`,
    },
    refresh_refused: {
      title: 'Ihre Sitzung ist zu Ende',
      happened: `${name.Nominativ} setzt sie nicht fort.`,
      advice: 'Melden Sie sich noch einmal an.',
    },
    logged_out_meanwhile: {
      title: 'Sie wurden inzwischen abgemeldet',
      happened: `Ihre Sitzung ${name.bei} endete, während Sie sich anmeldeten.`,
      advice: 'Melden Sie sich noch einmal an, um dorthin zu gelangen, wohin Sie wollten.',
    },
  }) satisfies Partial<ErrorTexts>

const providerTexts = (name: GermanName) =>
  ({
    provider_unavailable: {
      title: `${name.Nominativ} ist gerade nicht zu erreichen`,
      happened: 'Der Server, der Menschen anmeldet, antwortet nicht.',
      advice: später,
    },
    provider_metadata_invalid: {
      title: `${name.Nominativ} ist gerade nicht zu gebrauchen`,
      happened:
        'Der Server, der Menschen anmeldet, beschreibt sich so, dass diese Anwendung ihm nicht trauen kann.',
      advice: betreiber,
    },
    provider_keys_unusable: {
      title: `${name.Nominativ} ist gerade nicht zu gebrauchen`,
      happened:
        'Der Server, der Menschen anmeldet, bietet keinen Schlüssel, an dem sein Wort zu prüfen wäre.',
      advice: später,
    },
    provider_response_invalid: {
      title: `${name.Nominativ} gab eine Antwort ohne Sinn`,
      happened:
        'Der Server, der Menschen anmeldet, antwortet so, dass diese Anwendung nichts damit anfangen kann.',
      advice: später,
    },
  }) satisfies Partial<ErrorTexts>
