import { Option, type Command } from 'commander'
import { checkScope, oneOfThese } from '../arguments.js'
import { clientOption, personsClient, publicClient, withSecret, type ClientName } from '../clients.js'
import type { Context } from '../context.js'
import { UsageError } from '../errors.js'
import { getToken, type Grant } from '../get-token.js'
import { EXIT } from '../exit-codes.js'
import { helpTextOf } from '../help.js'
import { jsonLine } from '../json-line.js'
import { print } from '../output.js'
import { Settings, type Client } from '../settings.js'

const GRANTS = ['password', 'client-credentials', 'device', 'refresh'] as const
type GrantName = (typeof GRANTS)[number]

interface Options {
  readonly grant: GrantName
  readonly client?: ClientName
  readonly audience?: string
  readonly scope?: string
  readonly otp?: string | true
  readonly json?: true
}

export function addToken(program: Command, context: Context): void {
  program
    .command('token')
    .description('print an access token, for use in scripts')
    .addOption(
      new Option('--grant <grant>', 'how to get it; refresh: from the login that is kept')
        .choices(GRANTS)
        .argParser(oneOfThese('--grant', GRANTS))
        .default('refresh'),
    )
    .addOption(clientOption())
    .option('--audience <audience>', 'what the token has to be for; fails when it is not')
    .option('--scope <words>', 'scopes to ask for (openid)')
    .option(
      '--otp [code]',
      'with --grant password: one-time code, given here, in the environment or at a prompt',
    )
    .option('--json', 'print access_token, expires_in, scope and token_type as one JSON line')
    .addHelpText(
      'after',
      helpTextOf({
        text: [
          'Without --grant the token of latchkey login is printed, renewed when it is due; any number of commands at once',
          'renew it once. The password grant is made by the confidential client when its secret is set, else by the public',
          'one; --client decides otherwise, and asks for the secret. LATCHKEY_REFRESH_TOKEN belongs to the same client; what',
          'comes in its place is kept where the login is kept. A login, and --grant device, are of the public client;',
          '--grant client-credentials is of the service account.',
        ],
        settings: ['server', 'renewal', 'person', 'otp', 'refreshToken', 'public', 'confidential', 'service'],
        examples: [
          ['latchkey token', 'the access token of the kept login'],
          ['latchkey token --grant client-credentials', "a service's own"],
          ['latchkey token --grant password --otp', 'asks for the one-time code, too'],
          ['latchkey token --audience train-api --json', 'checks who it is for'],
        ],
        exits: [
          EXIT.settings,
          EXIT.refused,
          EXIT.signInAgain,
          EXIT.unavailable,
          EXIT.accessDenied,
          EXIT.codeExpired,
        ],
      }),
    )
    .action(async (options: Options) => token(context, options))
}

async function token(context: Context, options: Options): Promise<void> {
  checkOptions(options)
  const settings = new Settings(context)
  const server = settings.server()
  const { client, grant } = read(settings, options)
  await settings.complete()
  const { scope, audience } = options
  const tokens = await getToken(context, { server, client: client(), grant: grant(), scope, audience })
  const { accessToken, expiresAt } = tokens
  const line = options.json
    ? jsonLine({
        access_token: accessToken,
        expires_in: Math.max(0, Math.floor((expiresAt - context.now()) / 1000)),
        scope: tokens.scope,
        token_type: 'Bearer',
      })
    : accessToken
  await print(context.stdout, `${line}\n`)
}

function checkOptions({ grant, client, otp, scope, audience }: Options): void {
  if (otp !== undefined && grant !== 'password') throw new UsageError('--otp is for --grant password')
  if (isBlank(otp)) throw new UsageError('--otp has an empty value')
  if (client !== undefined && grant !== 'password' && grant !== 'refresh')
    throw new UsageError('--client is for --grant password and --grant refresh')
  if (scope !== undefined) checkScope(scope)
  if (isBlank(audience)) throw new UsageError('--audience has an empty value')
}

const isBlank = (value: string | true | undefined): boolean =>
  typeof value === 'string' && value.trim() === ''

/** Values that are there when the settings are complete. */
interface Read {
  readonly client: () => Client
  readonly grant: () => Grant
}

function read(settings: Settings, options: Options): Read {
  switch (options.grant) {
    case 'password':
      return { client: personsClient(settings, options.client), grant: readPassword(settings, options) }
    case 'client-credentials':
      return { client: withSecret(settings, 'service'), grant: () => ({ kind: 'client-credentials' }) }
    case 'device':
      return { client: publicClient(settings), grant: () => ({ kind: 'device' }) }
    case 'refresh':
      return readRefresh(settings, options)
  }
}

function readPassword(settings: Settings, { otp }: Options): () => Grant {
  const username = settings.answer('LATCHKEY_USERNAME', 'User name')
  const password = settings.password()
  const code = otp === true ? settings.secret('LATCHKEY_OTP_CODE', 'One-time code') : { value: otp }
  return () => ({
    kind: 'password',
    username: username.value,
    password: password.value,
    otp: code.value?.replaceAll(' ', ''),
  })
}

function readRefresh(settings: Settings, options: Options): Read {
  const refreshToken = settings.refreshToken()
  if (refreshToken === undefined && options.client === 'confidential')
    throw new UsageError(
      'the login that is kept is of the public client; --client confidential needs LATCHKEY_REFRESH_TOKEN',
    )
  const client = refreshToken === undefined ? publicClient(settings) : personsClient(settings, options.client)
  return { client, grant: () => ({ kind: 'refresh', refreshToken }) }
}
