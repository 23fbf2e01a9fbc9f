/** The part of oidc-provider that these tests use; the package has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  export default class Provider {
    constructor(issuer: string, configuration: object)
    readonly Grant: new (grant: { accountId: string; clientId: string }) => Grant
    callback(): RequestListener
    on(event: string, listener: (...args: readonly unknown[]) => void): this
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>
  }

  export interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }
}
