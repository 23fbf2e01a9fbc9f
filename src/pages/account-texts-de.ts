import type { AccountTexts } from './account-texts.js'
import type { GermanName } from './provider-names.js'

export const germanAccountTexts = (name: GermanName): AccountTexts => ({
  title: 'Mein Konto',
  name: 'Name',
  username: 'Benutzername',
  email: 'E-Mail',
  subject: 'Kennung',
  noEmail: 'keine hinterlegt',
  signedInAt: 'Angemeldet',
  how: 'Wie',
  ends: 'Sitzung endet',
  endsNote: 'Wenn Sie bis dahin nichts tun. Nutzung schiebt das Ende hinaus, aber nicht unbegrenzt.',
  actions: 'Aktionen',
  otp: 'Einmalcode einrichten',
  passkey: 'Passkey einrichten',
  password: 'Passwort ändern',
  vault: 'Den Tresor öffnen',
  sessions: 'Wo Sie angemeldet sind',
  sessionsText:
    'Ihre Sitzungen in dieser Anwendung. Beenden Sie eine, die Sie nicht kennen oder offen gelassen haben.',
  thisSession: 'Diese Sitzung',
  begun: 'Begonnen',
  seen: 'Zuletzt gesehen',
  end: 'Diese Sitzung beenden',
  endOthers: 'Alle anderen beenden',
  everywhere: 'Überall abmelden',
  everywhereText: `Das beendet alle, hier und ${name.bei}, und damit auch andere Anwendungen, zu denen Sie auf diesem Weg gekommen sind.`,
  unknownDevice: 'Ein Browser, den wir nicht kennen',
  device: (browser, system) => [browser, system].filter((word) => word !== undefined).join(' unter '),
  ended(count, left) {
    const what = count === 1 ? 'Eine Sitzung wurde beendet.' : `${count} Sitzungen wurden beendet.`
    if (left === 0) return what
    return `${what} ${name.Nominativ} hat davon bei ${left === 1 ? 'einer' : String(left)} nichts erfahren: Dort ist vielleicht noch eine Sitzung offen.`
  },
  outcomes: {
    success: `${name.Nominativ} meldet, dass es erledigt ist. Was zählt, ist, wonach Sie von jetzt an gefragt werden.`,
    cancelled: `${name.Nominativ} meldet, dass Sie abgebrochen haben. Es wurde nichts geändert.`,
    error: `${name.Nominativ} meldet einen Fehler. Es wurde nichts geändert.`,
    none: `${name.Nominativ} hat nicht gemeldet, dass etwas erledigt wurde. Nehmen Sie es als nicht erledigt.`,
  },
})
