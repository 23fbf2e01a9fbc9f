import type { Request } from 'express'
import { queryOf } from '../http/query.js'
import { pathOf } from '../http/respond.js'
import { LoginError } from '../login/errors.js'
import { readLoginParameters, type LoginParameters } from '../login/login-parameters.js'
import { loginLink, readReturnTo } from '../login/return-to.js'

/** A login or registration that could not be begun is begun again, with the same destination and wishes. */
export function retryLink(req: Request, publicUrl: string): string {
  const path = /^\/(?:login|register)(?=\/?$)/i.exec(pathOf(req))?.[0]
  const query = queryOf(req)
  const wishes = path === undefined ? undefined : readWishes(query)
  if (path === undefined || wishes === undefined) return loginLink(undefined)
  const [wanted, ...more] = query.getAll('return_to')
  const returnTo = more.length > 0 ? '' : readReturnTo(wanted, publicUrl, '')
  const again = new URLSearchParams({ ...(returnTo && { return_to: returnTo }), ...wishes })
  return again.size === 0 ? path : `${path}?${again.toString()}`
}

/** `undefined` when they would be refused anyway. */
function readWishes(query: URLSearchParams): LoginParameters | undefined {
  try {
    return readLoginParameters(query)
  } catch (error) {
    if (error instanceof LoginError) return undefined
    throw error
  }
}
