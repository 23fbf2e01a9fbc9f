export { createClientCredentialsProvider } from './tokens/client-credentials.js'
export {
  createDeviceCodeProvider,
  type DeviceCodeProviderOptions,
  type DevicePrompt,
} from './tokens/device-code.js'
export { TokenError, type TokenErrorCode } from './tokens/errors.js'
export type { GivenText } from './tokens/given-text.js'
export { createJwtBearerProvider, type JwtBearerProviderOptions } from './tokens/jwt-bearer.js'
export { createPasswordProvider, type PasswordProviderOptions } from './tokens/password.js'
export { createRefreshTokenProvider, type RefreshTokenProviderOptions } from './tokens/refresh.js'
export { createTokenExchangeProvider, type TokenExchangeProviderOptions } from './tokens/token-exchange.js'
export { createTokenFile, type TokenFileOptions } from './tokens/token-file.js'
export type { TokenProviderOptions } from './tokens/token-options.js'
export type {
  CallOptions,
  TokenHook,
  Introspection,
  TokenFetchInit,
  TokenProvider,
} from './tokens/token-provider.js'
export type { TokenSet } from './tokens/token-set.js'
export type { TokenStore } from './tokens/token-store.js'
