import { Router, type RequestHandler } from 'express'
import { queryOf } from '../http/query.js'
import type { Provider } from '../provider/provider.js'
import type { Proofs } from '../session/proofs.js'
import { assertOwnSession } from '../session/own-session.js'
import type { BeginLogin } from './begin-login.js'
import { LoginError } from './errors.js'
import { readLoginParameters, type LoginParameters } from './login-parameters.js'
import type { LoginStore } from './login-session.js'
import { readReturnTo } from './return-to.js'
import { readProvenStrength } from './stronger-login-link.js'
import type { LoginPaths } from './login-paths.js'

export interface StartRouterOptions {
  readonly publicUrl: string
  readonly paths: Pick<LoginPaths, 'afterLogin'>
  readonly provider: Provider
  readonly store: LoginStore
  readonly beginLogin: BeginLogin
  readonly proofs: Proofs
  readonly headers: RequestHandler
}

/** `/login` and `/register`. */
export function createStartRouter(options: StartRouterOptions): Router {
  const { publicUrl, paths, provider, store, beginLogin, proofs, headers } = options
  const begin =
    (read: (query: URLSearchParams) => LoginParameters | Promise<LoginParameters>): RequestHandler =>
    async (req, res) => {
      const query = queryOf(req)
      const returnTo = readReturnTo(onlyOne(query, 'return_to'), publicUrl, paths.afterLogin)
      assertOwnSession(req, store)
      const strength = readProvenStrength(query, proofs)
      if (strength === undefined) await beginLogin(req, res, { returnTo, parameters: await read(query) })
      else await beginLogin(req, res, { returnTo, strength })
    }
  const router = Router()
  router.get('/login', headers, begin(readLoginParameters))
  router.get(
    '/register',
    headers,
    begin(async (query) => {
      await assertRegistration(provider)
      return { ...readLoginParameters(query), prompt: 'create' }
    }),
  )
  return router
}

/** @see {@link https://openid.net/specs/openid-connect-prompt-create-1_0.html#section-4.2 | Prompt Create 1.0 §4.2} */
async function assertRegistration(provider: Provider): Promise<void> {
  const { metadata } = await provider.connect()
  const offered = metadata['prompt_values_supported']
  if (Array.isArray(offered) && offered.includes('create')) return
  throw new LoginError('registration_off', 'the authorization server does not offer registration', {
    hint: 'Realm settings → Login → User registration',
  })
}

function onlyOne(query: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = query.getAll(name)
  return more.length > 0 ? undefined : value
}
