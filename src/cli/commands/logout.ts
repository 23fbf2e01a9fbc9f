import type { Command } from 'commander'
import { TokenError } from '../../tokens/errors.js'
import type { Context } from '../context.js'
import { CliError, PlaceBusy } from '../errors.js'
import { explain } from '../explain.js'
import { EXIT } from '../exit-codes.js'
import { helpTextOf } from '../help.js'
import { keptLogin } from '../kept-login.js'
import { say } from '../output.js'
import { Settings } from '../settings.js'
import { whileWaiting } from '../terminal.js'

export function addLogout(program: Command, context: Context): void {
  program
    .command('logout')
    .description('end the kept login, here and at the authorization server')
    .addHelpText(
      'after',
      helpTextOf({
        text: [
          'Revokes the refresh token and forgets the login. It is forgotten even if the authorization server cannot be told;',
          'then the exit code is 5, and there it goes on until it ends by itself. Without a login it has nothing to do.',
        ],
        settings: ['server', 'public'],
        examples: [['latchkey logout', '']],
        exits: [EXIT.settings, EXIT.refused, EXIT.unavailable],
      }),
    )
    .action(async () => logout(context))
}

async function logout(context: Context): Promise<void> {
  const settings = new Settings(context)
  const server = settings.server()
  const clientId = settings.clientId('public')
  await settings.complete()
  const { store } = await keptLogin(context, server, clientId)
  if ((await store.read()) === undefined)
    return say(context.stderr, 'There is no login for this issuer and client.\n')
  const { createRefreshTokenProvider } = await context.loadTokens()
  const provider = createRefreshTokenProvider({ ...server, clientId, store, now: context.now })
  await whileWaiting(
    context,
    () => 'telling the authorization server',
    () => provider.revoke(),
  ).catch(notTold)
  await say(context.stderr, 'Signed out.\n')
}

/** The login is forgotten by now, so nothing secret is left behind; but the person should know. */
function notTold(error: unknown): never {
  if (!(error instanceof TokenError) || error instanceof PlaceBusy || error.code === 'store_unusable')
    throw error
  const { exitCode, lines } = explain(error)
  throw new CliError(
    exitCode,
    'the login is forgotten here, but the authorization server was not told:',
    lines,
  )
}
