/** Java reads file names by the locale; in the C locale a folder called "Müller" is not found. */
export const UTF8_LOCALE = process.platform === 'linux' ? { LC_ALL: 'C.UTF-8' } : {}
