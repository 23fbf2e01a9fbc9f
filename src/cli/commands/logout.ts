import type { Command } from 'commander'
import { TokenError } from '../../tokens/errors.js'
import type { TokenStore } from '../../tokens/token-store.js'
import { clientOption, personsClient, publicClient, type ClientName } from '../clients.js'
import type { Context } from '../context.js'
import { CliError, PlaceBusy, UsageError } from '../errors.js'
import { explain } from '../explain.js'
import { EXIT } from '../exit-codes.js'
import { givenLogin, hasEnded, placeOfGiven } from '../given-login.js'
import { helpTextOf } from '../help.js'
import { keptLogin } from '../kept-login.js'
import { say } from '../output.js'
import { Settings, type Client, type ServerSettings } from '../settings.js'
import { whileWaiting } from '../terminal.js'

export function addLogout(program: Command, context: Context): void {
  program
    .command('logout')
    .description('end the kept login, here and at the authorization server')
    .addOption(clientOption())
    .addHelpText(
      'after',
      helpTextOf({
        text: [
          'Revokes the refresh token and forgets the login. It is forgotten even if the authorization server cannot be told;',
          'then the exit code is 5, and there it goes on until it ends by itself. Without a login it has nothing to do. With',
          'LATCHKEY_REFRESH_TOKEN it ends the login that began with that one, and no other; its client is that of latchkey',
          'token: the confidential one when its secret is set, else the public one; --client decides otherwise.',
        ],
        settings: ['server', 'refreshToken', 'public', 'confidential'],
        examples: [['latchkey logout', '']],
        exits: [EXIT.settings, EXIT.refused, EXIT.unavailable],
      }),
    )
    .action(async ({ client }: { client?: ClientName }) => logout(context, client))
}

/** A login that is to be ended. */
interface Login {
  /** Nothing, when there is none. */
  readonly store: TokenStore | undefined
  /** Which one, for the person who has several. */
  readonly name: string
}

async function logout(context: Context, chosen: ClientName | undefined): Promise<void> {
  const settings = new Settings(context)
  const server = settings.server()
  const given = settings.refreshToken()
  if (given === undefined && chosen === 'confidential')
    throw new UsageError(
      'the login that is kept is of the public client; --client confidential needs LATCHKEY_REFRESH_TOKEN',
    )
  const client = given === undefined ? publicClient(settings) : personsClient(settings, chosen)
  await settings.complete()
  const find =
    given === undefined ? keptOne(context, server, client()) : givenOne(context, server, client(), given)
  const { store, name } = await find
  if (store === undefined) return say(context.stderr, `There is no login ${name}.\n`)
  const { createRefreshTokenProvider } = await context.loadTokens()
  const provider = createRefreshTokenProvider({ ...server, ...client(), store, now: context.now })
  await whileWaiting(
    context,
    () => 'telling the authorization server',
    () => provider.revoke(),
  ).catch(notTold)
  await say(context.stderr, given === undefined ? 'Signed out.\n' : `Signed out of the login ${name}.\n`)
}

async function keptOne(context: Context, server: ServerSettings, client: Client): Promise<Login> {
  const { store } = await keptLogin(context, server, client.clientId, 'sign-out')
  const isThere = (await store.read()) !== undefined
  return { store: isThere ? store : undefined, name: 'for this issuer and client' }
}

/** The chain that came of the refresh token; if nothing has come of it, that one itself. */
async function givenOne(
  context: Context,
  server: ServerSettings,
  client: Client,
  given: string,
): Promise<Login> {
  const place = await placeOfGiven(context, { server, client }, given, 'sign-out')
  const store = (await hasEnded(place)) ? undefined : givenLogin(place, given)
  return { store, name: 'that began with this LATCHKEY_REFRESH_TOKEN' }
}

/** The login is forgotten by now, so nothing secret is left behind; but the person should know. */
function notTold(error: unknown): never {
  if (!(error instanceof TokenError) || error instanceof PlaceBusy || error.code === 'store_unusable')
    throw error
  const { exitCode, lines } = explain(error)
  const [first = '', ...hints] = lines
  const isRefusal = error.code === 'client_refused' || error.code === 'grant_refused'
  throw isRefusal
    ? new CliError(
        exitCode,
        `the login is forgotten here, but the authorization server refused: ${first}`,
        hints,
      )
    : new CliError(exitCode, 'the login is forgotten here, but the authorization server was not told:', lines)
}
