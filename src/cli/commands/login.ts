import type { Command } from 'commander'
import { printable } from '../../printable.js'
import type { TokenSet } from '../../tokens/token-set.js'
import { readJwt, textOf } from '../claims.js'
import type { Context } from '../context.js'
import { signInByDevice } from '../device-sign-in.js'
import { EXIT } from '../exit-codes.js'
import { helpTextOf } from '../help.js'
import { keptLogin } from '../kept-login.js'
import { say } from '../output.js'
import { Settings } from '../settings.js'
import { styleFor } from '../terminal.js'
import { checkScope } from '../arguments.js'

export function addLogin(program: Command, context: Context): void {
  program
    .command('login')
    .description('sign in with a browser, and keep the login for later commands')
    .option('--scope <words>', 'scopes to ask for', 'openid')
    .addHelpText(
      'after',
      helpTextOf({
        text: [
          'Shows a code and a link, and on a terminal a picture of the link for a telephone; then waits until somebody has',
          'signed in there. The tokens are kept in a file that only you can read. A login lasts as long as the',
          "authorization server lets an unused session live; with --scope 'openid offline_access' longer, where that is allowed.",
        ],
        settings: ['server', 'public'],
        examples: [
          ['latchkey login', ''],
          ["latchkey login --scope 'openid profile'", ''],
        ],
        exits: [EXIT.settings, EXIT.refused, EXIT.unavailable, EXIT.accessDenied, EXIT.codeExpired],
      }),
    )
    .action(async ({ scope }: { scope: string }) => login(context, scope))
}

async function login(context: Context, scope: string): Promise<void> {
  checkScope(scope)
  const settings = new Settings(context)
  const server = settings.server()
  const clientId = settings.clientId('public')
  await settings.complete()
  const { store, path } = await keptLogin(context, server, clientId)
  // A place that cannot be written is found before somebody has signed in for nothing.
  await store.update((kept) => Promise.resolve(kept))
  const tokens = await signInByDevice(context, { server, client: { clientId }, scope })
  await store.update(() => Promise.resolve(tokens))
  const name = styleFor(context.stderr, context)('bold', printable(nameIn(tokens)))
  await say(context.stderr, `Signed in as ${name}. The login is kept in ${printable(path)}\n`)
}

/** Who that is, as the tokens say: they came from the server itself just now. */
function nameIn({ idToken, accessToken }: TokenSet): string {
  const claims = { ...readJwt(accessToken)?.claims, ...readJwt(idToken ?? '')?.claims }
  const username = textOf(claims, 'preferred_username') ?? textOf(claims, 'email') ?? textOf(claims, 'sub')
  const name = textOf(claims, 'name')
  if (username === undefined) return name ?? 'somebody whose name the tokens do not tell'
  return name === undefined ? username : `${username} (${name})`
}
