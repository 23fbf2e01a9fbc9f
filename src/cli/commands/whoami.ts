import { Option, type Command } from 'commander'
import { getFromApi } from '../api-call.js'
import { oneOfThese } from '../arguments.js'
import type { Context } from '../context.js'
import { explain } from '../explain.js'
import { CliError } from '../errors.js'
import { EXIT } from '../exit-codes.js'
import { helpTextOf } from '../help.js'
import { print } from '../output.js'
import { Settings, type Answer, type ServerSettings } from '../settings.js'
import { whileWaiting } from '../terminal.js'
import type { TokenProvider } from '../../tokens/token-provider.js'
import type { TokenSet } from '../../tokens/token-set.js'

const FLOWS = ['public', 'confidential', 'service-account'] as const
type Flow = (typeof FLOWS)[number]

const TITLES: Readonly<Record<Flow, string>> = {
  public: 'PUBLIC CLIENT',
  confidential: 'CONFIDENTIAL CLIENT',
  'service-account': 'SERVICE ACCOUNT',
}

export function addWhoami(program: Command, context: Context): void {
  const values = [...FLOWS, 'all'] as const
  program
    .command('whoami')
    .description('sign in as each kind of client, and print who the API says that is')
    .addOption(
      new Option('--flow <flow>', 'which kind of client')
        .choices(values)
        .argParser(oneOfThese('--flow', values))
        .default('all'),
    )
    .addHelpText(
      'after',
      helpTextOf({
        text: [
          'For each kind of client: one token, then GET /api/whoami and GET /api/projects with it. Prints a line with the',
          'title, the two answers, one JSON object a line, and a line >>>. Public and confidential client sign in as the',
          'person, by password; the service account signs in as itself and needs no person. The first error ends it; blocks',
          'that are printed are whole.',
        ],
        settings: ['server', 'api', 'person', 'public', 'confidential', 'service'],
        examples: [
          ['latchkey whoami', 'all three'],
          ['latchkey whoami --flow service-account', 'one, which needs its own settings only'],
        ],
        exits: [EXIT.settings, EXIT.refused, EXIT.unavailable],
      }),
    )
    .action(async ({ flow }: { flow: Flow | 'all' }) => whoami(context, flow === 'all' ? FLOWS : [flow]))
}

async function whoami(context: Context, flows: readonly Flow[]): Promise<void> {
  const settings = new Settings(context)
  const server = settings.server()
  const apiUrl = settings.api()
  const person = flows.some((flow) => flow !== 'service-account') ? personOf(settings) : undefined
  const clients = flows.map((flow) => ({ flow, ...clientOf(settings, flow) }))
  await settings.complete()
  const { createPasswordProvider, createClientCredentialsProvider } = await context.loadTokens()
  for (const { flow, clientId, secret } of clients) {
    const seen: string[] = []
    const options = {
      ...{ ...server, clientId, clientSecret: secret?.value, scope: 'openid', now: context.now },
      onTokens: ({ accessToken }: TokenSet) => void seen.push(accessToken),
    }
    const provider =
      person === undefined || flow === 'service-account'
        ? createClientCredentialsProvider(options)
        : createPasswordProvider({
            ...options,
            username: person.username.value,
            password: person.password.value,
          })
    const answers = await ask(context, { flow, provider, apiUrl, server, seen })
    await print(context.stdout, `${[`${TITLES[flow]} <<<`, ...answers, '>>>'].join('\n')}\n`)
  }
}

interface Asked {
  readonly flow: Flow
  readonly provider: TokenProvider
  readonly apiUrl: string
  readonly server: ServerSettings
  /** The tokens that the provider has got. */
  readonly seen: readonly string[]
}

async function ask(
  context: Context,
  { flow, provider, apiUrl, server, seen }: Asked,
): Promise<readonly string[]> {
  const title = TITLES[flow].toLowerCase()
  const options = { timeout: server.timeout, signal: context.signal, secrets: seen }
  try {
    return await whileWaiting(
      context,
      () => `${title}: asking`,
      async () => [
        await getFromApi(provider, `${apiUrl}/api/whoami`, options),
        await getFromApi(provider, `${apiUrl}/api/projects`, options),
      ],
    )
  } catch (error) {
    const { exitCode, lines } = explain(error)
    const [first = 'failed', ...hints] = lines
    throw new CliError(exitCode, `${title}: ${first}`, hints)
  }
}

function personOf(settings: Settings): { readonly username: Answer; readonly password: Answer } {
  return {
    username: settings.answer('LATCHKEY_USERNAME', 'User name'),
    password: settings.password(),
  }
}

function clientOf(settings: Settings, flow: Flow): { readonly clientId: string; readonly secret?: Answer } {
  if (flow === 'public') return { clientId: settings.clientId('public') }
  const kind = flow === 'confidential' ? 'confidential' : 'service'
  const clientId = settings.clientId(kind)
  return { clientId, secret: settings.clientSecret(kind, clientId) }
}
