/** What the provider is called: by its name where it is Keycloak, in general words where it is another or unknown. */
interface Names<T> {
  readonly keycloak: T
  readonly neutral: T
}

/** How English sentences name the provider: at their start, within, and where it is not yet spoken of. */
export interface EnglishName {
  readonly start: string
  readonly within: string
  readonly some: string
}

export const ENGLISH_NAMES: Names<EnglishName> = {
  keycloak: { start: 'Keycloak', within: 'Keycloak', some: 'Keycloak' },
  neutral: { start: 'The sign-in service', within: 'the sign-in service', some: 'a sign-in service' },
}

/** How German sentences name the provider: by case, and with the prepositions that melt into its article. */
export interface GermanName {
  /** Nominative at the start of a sentence. */
  readonly Nominativ: string
  readonly nominativ: string
  readonly dativ: string
  /** Dative, where it is not yet spoken of. */
  readonly irgendeinem: string
  readonly Bei: string
  readonly bei: string
  readonly von: string
}

export const GERMAN_NAMES: Names<GermanName> = {
  keycloak: {
    Nominativ: 'Keycloak',
    nominativ: 'Keycloak',
    dativ: 'Keycloak',
    irgendeinem: 'Keycloak',
    Bei: 'Bei Keycloak',
    bei: 'bei Keycloak',
    von: 'von Keycloak',
  },
  neutral: {
    Nominativ: 'Der Anmeldedienst',
    nominativ: 'der Anmeldedienst',
    dativ: 'dem Anmeldedienst',
    irgendeinem: 'einem Anmeldedienst',
    Bei: 'Beim Anmeldedienst',
    bei: 'beim Anmeldedienst',
    von: 'vom Anmeldedienst',
  },
}
