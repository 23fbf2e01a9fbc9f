import { EXIT, EXIT_CODES, type ExitCode } from './exit-codes.js'

export const ABOUT =
  'Tokens of Keycloak, and of any other OpenID provider, for programs and for people at a terminal.'

interface Setting {
  readonly name: string
  readonly what: string
}

/** What commands read from the environment, in the words of their help. */
const SETTINGS = {
  server: [
    { name: 'OIDC_ISSUER', what: 'the issuer, exactly as tokens carry it (required)' },
    { name: 'OIDC_INTERNAL_URL', what: 'where this machine reaches its server, if elsewhere' },
    { name: 'UPSTREAM_TIMEOUT', what: 'seconds for one call (5)' },
  ],
  renewal: [{ name: 'REFRESH_BEFORE', what: 'a token with fewer seconds left is renewed (30)' }],
  api: [{ name: 'API_URL', what: 'the API (http://localhost:3000)' }],
  person: [
    { name: 'LATCHKEY_USERNAME', what: 'who signs in; else asked for' },
    { name: 'LATCHKEY_PASSWORD, …_FILE', what: 'the password, or a file that holds it; else asked for' },
  ],
  public: [{ name: 'LATCHKEY_PUBLIC_CLIENT_ID', what: 'the public client (latchkey-public)' }],
  confidential: [
    { name: 'LATCHKEY_CONFIDENTIAL_CLIENT_ID', what: 'the confidential client (latchkey-confidential)' },
    { name: 'LATCHKEY_CONFIDENTIAL_CLIENT_SECRET, …_FILE', what: 'its secret; else asked for' },
  ],
  service: [
    { name: 'LATCHKEY_SERVICE_CLIENT_ID', what: 'the service account (latchkey-service)' },
    { name: 'LATCHKEY_SERVICE_CLIENT_SECRET, …_FILE', what: 'its secret; else asked for' },
  ],
  otp: [{ name: 'LATCHKEY_OTP_CODE, …_FILE', what: 'the one-time code, with --otp; else asked for' }],
  refreshToken: [
    {
      name: 'LATCHKEY_REFRESH_TOKEN, …_FILE',
      what: 'with --grant refresh, or to log out: this one, not the kept login',
    },
  ],
  token: [
    {
      name: 'LATCHKEY_TOKEN, …_FILE',
      what: 'the token; without it standard input is read, or it is asked for',
    },
  ],
  clock: [{ name: 'CLOCK_TOLERANCE', what: 'seconds that clocks may differ (30)' }],
} as const satisfies Readonly<Record<string, readonly Setting[]>>

export type SettingGroup = keyof typeof SETTINGS

export interface CommandHelp {
  /** More than the one line of its description. */
  readonly text: readonly string[]
  readonly settings: readonly SettingGroup[]
  /** Command line, and what it does. */
  readonly examples: readonly (readonly [string, string])[]
  /** How it may end, beside what any command may. */
  readonly exits: readonly ExitCode[]
}

/** What stands below the options in the help of a command. */
export function helpTextOf({ text, settings, examples, exits }: CommandHelp): string {
  const read = settings.flatMap((group): readonly Setting[] => SETTINGS[group])
  return [
    ...(text.length === 0 ? [] : ['', ...text]),
    ...(read.length === 0 ? [] : ['', 'Settings, from the environment:']),
    ...table(read.map(({ name, what }) => [name, what])),
    '',
    'Examples:',
    ...table(examples),
    '',
    'Exit codes:',
    ...exitCodes([...ANY, ...exits]),
  ].join('\n')
}

export const AFTER_HELP = [
  '',
  'Results are written to standard output, all else to standard error. Settings come from the environment. Secrets come',
  'from there, from a file that the variable with _FILE at its end names, or from a prompt; never from an argument (but a',
  'one-time code, which counts once, may be one).',
  '',
  'Exit codes:',
  ...exitCodes(Object.values(EXIT)),
  '',
  'Examples:',
  ...table([
    ['latchkey login', 'sign in with a browser; later commands go on with it'],
    [
      `printf 'Authorization: Bearer %s' "$(latchkey token)" | curl -H @- http://localhost:3000/api/whoami`,
      '',
    ],
    ['latchkey token | latchkey decode', 'what the token says'],
    ['source <(latchkey completion bash)', 'completion in this shell'],
  ]),
  '',
  'Which package this is: `latchkey`, Keycloak for Express, as it is installed in your project. Other packages, here and',
  'in other registries, have the same or similar names and are none of ours. npx --no-install latchkey runs the one that',
  'is installed, and never fetches another.',
].join('\n')

/** How any command may end. */
const ANY: readonly ExitCode[] = [
  ...[EXIT.done, EXIT.usage, EXIT.output, EXIT.bug],
  ...[EXIT.hungUp, EXIT.interrupted, EXIT.terminated],
]

function exitCodes(codes: readonly ExitCode[]): readonly string[] {
  return table(
    EXIT_CODES.filter(([code]) => codes.includes(code)).map(([code, what]) => [String(code), what]),
  )
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.min(Math.max(...rows.map(([first]) => first.length), 0), 44)
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`.trimEnd())
}
