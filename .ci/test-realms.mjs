// The realms of the test run, made from the demo's: the same, with a quick password hash; and one where everybody
// needs a one-time code.
import fs from 'node:fs'
import path from 'node:path'
import { REALM_FILE } from '../keycloak/lib/server.mjs'

const REALM = 'latchkey'
const OTP_REALM = 'latchkey-otp'

/**
 * @param {string} folder where to write them
 * @returns {{ files: string[], environment: Record<string, string>, realm: string, otpRealm: string }}
 */
export function writeTestRealms(folder) {
  const otpFile = path.join(folder, `${OTP_REALM}-realm.json`)
  fs.writeFileSync(otpFile, withOtp(fs.readFileSync(REALM_FILE, 'utf8')))
  return {
    files: [REALM_FILE, otpFile],
    environment: {
      LATCHKEY_PASSWORD_POLICY: 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1000) and length(8)',
      LATCHKEY_OTP_REUSABLE: 'true',
      // Reached under another address it names that one for the back channel, as in containers.
      KC_HOSTNAME_BACKCHANNEL_DYNAMIC: 'true',
    },
    realm: REALM,
    otpRealm: OTP_REALM,
  }
}

/** @param {string} json */
function withOtp(json) {
  const text = json
    .replaceAll(`default-roles-${REALM}`, `default-roles-${OTP_REALM}`)
    .replaceAll(`/realms/${REALM}/`, `/realms/${OTP_REALM}/`)
    .replaceAll('${LATCHKEY_MINIMUM_ACR:}', '2fa')
  const realm = JSON.parse(text)
  realm.realm = OTP_REALM
  // The documents have fixed ids, which exist once in a server.
  for (const client of realm.clients) delete client.authorizationSettings
  return JSON.stringify(realm)
}
