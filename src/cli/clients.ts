import { Option } from 'commander'
import { oneOfThese } from './arguments.js'
import type { Client, Settings } from './settings.js'

const CLIENTS = ['public', 'confidential'] as const
export type ClientName = (typeof CLIENTS)[number]

/** The option of commands that either client of a person may make. */
export const clientOption = (): Option =>
  new Option('--client <client>', 'which client asks (see below)')
    .choices(CLIENTS)
    .argParser(oneOfThese('--client', CLIENTS))

/** The client of a person: as chosen, else the confidential one when its secret is set. */
export function personsClient(settings: Settings, chosen: ClientName | undefined): () => Client {
  const byDefault = settings.has('LATCHKEY_CONFIDENTIAL_CLIENT_SECRET') ? 'confidential' : 'public'
  return (chosen ?? byDefault) === 'public' ? publicClient(settings) : withSecret(settings, 'confidential')
}

export function publicClient(settings: Settings): () => Client {
  const clientId = settings.clientId('public')
  return () => ({ clientId })
}

export function withSecret(settings: Settings, kind: 'confidential' | 'service'): () => Client {
  const clientId = settings.clientId(kind)
  const secret = settings.clientSecret(kind, clientId)
  return () => ({ clientId, clientSecret: secret.value })
}
