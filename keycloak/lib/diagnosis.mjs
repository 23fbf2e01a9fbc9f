import { Failure } from './failure.mjs'

/** What the server says when it gives up, and what to do then. */
const REMEDIES = /** @type {const} */ ([
  [
    /already bound|Address already in use|port is already allocated/i,
    'Another program took one of the ports in the meantime. Start again; the next free ones will be taken.',
  ],
  [
    /Database may be already in use|already in use by another process/i,
    'Another server uses the same data. Stop that one first.',
  ],
  [
    /UnsupportedClassVersionError|class file version/,
    'This Java is too old. Let JAVA_HOME name a JDK 17 or newer.',
  ],
  [
    /insufficient memory|OutOfMemoryError|Cannot allocate memory/i,
    'There is not enough memory: Keycloak needs about 700 MB free.',
  ],
  [/No space left on device/, 'There is no space left on the disk. Make room and start again.'],
  [
    /build time options|first ever server start/,
    'The built server does not fit these options. Delete it from the cache folder, and it is built anew.',
  ],
  [/hostname is not configured|nor a valid URL/, 'The public address must be a whole URL, with its scheme.'],
  [
    /Failed to import|import.*fail|Unable to find composite|Duplicate resource|ACR-To-Loa|Cannot parse/i,
    'The realm file, or a LATCHKEY_… value that goes into it, cannot be imported; the lines above say why.',
  ],
  [
    /Wrong user name or password|Error opening database|corrupt/i,
    'What the server remembers cannot be read. Start with -- --fresh to forget it.',
  ],
])

/**
 * Explains why a server ended by itself.
 *
 * @param {import('./processes.mjs').Ending} ending
 * @param {string[]} lines what it wrote last
 */
export function explainEnd({ code, signal }, lines) {
  const errors = lines.filter((line) => /\b(ERROR|FATAL)\b|error|Exception/i.test(line)).map(withoutPrefix)
  const shown = errors.length > 0 ? [...new Set(errors)].filter(isTelling).slice(0, 8) : lines.slice(-4)
  const text = lines.join('\n')
  const remedy = REMEDIES.find(([pattern]) => pattern.test(text))?.[1]
  const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`
  return new Failure(
    [
      `Keycloak ended (${how}). Its last words:`,
      ...shown.map((line) => `  ${line}`),
      ...(remedy === undefined ? [] : [remedy]),
    ].join('\n'),
  )
}

/**
 * Without time, logger and thread.
 *
 * @param {string} line
 */
const withoutPrefix = (line) =>
  line.replace(/^[-\d: ,]+(?=ERROR|WARN|FATAL|INFO)\w+ +\[[^\]]*\] \([^)]*\) (ERROR: )?/, '')

/** @param {string} line */
const isTelling = (line) => !line.startsWith('For more details run the same command')
