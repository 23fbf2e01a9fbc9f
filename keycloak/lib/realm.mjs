import { Failure } from './failure.mjs'

/** Whether everybody has to use a one-time password. */
export function otpRequired() {
  const choice = process.env['LATCHKEY_OTP'] ?? ''
  if (choice !== '' && choice !== 'required')
    throw new Failure('LATCHKEY_OTP is either `required` or not set.')
  return choice === 'required'
}

/**
 * The values that this terminal has for the placeholders of the realm file.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function placeholders() {
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('LATCHKEY_'))
  return { ...Object.fromEntries(given), ...(otpRequired() ? { LATCHKEY_MINIMUM_ACR: '2fa' } : {}) }
}
