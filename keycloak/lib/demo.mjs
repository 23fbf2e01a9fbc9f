import { join } from 'node:path'
import { startApp } from './demo-app.mjs'
import { ownFolder, stateFolder } from './folders.mjs'
import { openLog } from './log-file.mjs'
import { openMemory } from './memory.mjs'
import { choosePort } from './ports.mjs'
import { otpRequired, placeholders } from './realm.mjs'
import { prepareRuntime } from './runtime.mjs'
import { REALM_FILE, startKeycloak } from './server.mjs'

/** Base32 of the secret that the realm file gives to dave's device. */
const DAVES_SECRET = 'NRQX IY3I NNSX SVDP ORYE IYLW MUYT EMZU'

/**
 * The demo: Keycloak with the realm, and the app, side by side until one of them ends by itself.
 *
 * @param {object} options
 * @param {string} options.script starts the app
 * @param {boolean} options.fresh forgets what earlier demos on these ports left
 * @param {() => void} options.ready is called when both can be used
 * @param {(line: string) => void} options.say
 * @returns {Promise<never>}
 */
export async function runDemo({ script, fresh, ready, say }) {
  const otp = otpRequired()
  const state = stateFolder()
  const runtime = await prepareRuntime(say)
  const ports = await choosePorts(ownFolder(join(state, 'ports')), say)
  const appUrl = `http://localhost:${ports.app}`
  const env = {
    ...placeholders(),
    LATCHKEY_WEB_URL: appUrl,
    LATCHKEY_BACKCHANNEL_URL: `http://${runtime.appHost}:${ports.app}`,
  }
  const name = `${ports.app}-${ports.keycloak}${otp ? '-otp' : ''}`
  const folder = join(ownFolder(join(state, 'demo')), name)
  const memory = openMemory(folder, { realmFile: REALM_FILE, placeholders: env, fresh, say })
  const logs = { app: join(folder, 'app.log'), keycloak: join(folder, 'keycloak.log') }
  say('Starting Keycloak and the app.')
  let started = false
  const app = startApp({
    script,
    port: ports.app,
    publicUrl: appUrl,
    issuer: `http://localhost:${ports.keycloak}/realms/latchkey`,
    sessionSecret: memory.sessionSecret,
    realm: env,
    logFile: logs.app,
    // Until Keycloak is there, the app has reason to complain.
    say: (line) => started && say(line),
  })
  const crash = app.exited.then((failure) => Promise.reject(failure))
  const keycloak = await Promise.race([
    crash,
    startKeycloak({
      runtime,
      port: ports.keycloak,
      managementPort: ports.management,
      home: memory.home,
      forget: memory.forget,
      env: { ...env, KC_BOOTSTRAP_ADMIN_PASSWORD: memory.adminPassword },
      log: openLog(logs.keycloak),
      say,
    }),
  ])
  await app.ready()
  memory.keep()
  started = true
  ready()
  process.stdout.write(welcome({ appUrl, keycloak, otp, logs }))
  return Promise.race([crash, keycloak.exited.then((failure) => Promise.reject(failure))])
}

/**
 * @param {string} claims
 * @param {(line: string) => void} say
 */
async function choosePorts(claims, say) {
  return {
    app: await choosePort('PORT', 3000, { claims, say }),
    keycloak: await choosePort('KEYCLOAK_PORT', 8080, { claims, say }),
    management: await choosePort('KEYCLOAK_MANAGEMENT_PORT', 9000, { claims, say }),
  }
}

/**
 * @param {object} demo
 * @param {string} demo.appUrl
 * @param {import('./server.mjs').Keycloak} demo.keycloak
 * @param {boolean} demo.otp
 * @param {{ app: string, keycloak: string }} demo.logs
 */
const welcome = ({ appUrl, keycloak, otp, logs }) => `
Latchkey is ready:  ${appUrl}

  First           open it, choose "Create an account", and be greeted by name
  Demo users      alice / alice-password
                  bob / bob-password        may edit
                  carol / carol-password    has no role
                  dave / dave-password      has a one-time-password device; for an authenticator app:
                                            ${DAVES_SECRET}
                  erin / erin-password      may do everything
  Admin console   ${keycloak.url}/admin/master/console/#/latchkey
                  ${keycloak.admin.username} / ${keycloak.admin.password}
  Logs            ${logs.app}
                  ${logs.keycloak}

  Call the API as alice:
  ${callTheApi(appUrl, keycloak.issuer)}
  Ask it who alice and a service account are, on the command line:
  ${askWhoWeAre(appUrl, keycloak.issuer)}

  One-time password for everybody is ${otp ? 'on; off: npm run demo' : 'off; on: LATCHKEY_OTP=required npm run demo'}
  Forget what this demo remembers: npm run demo -- --fresh
  Stop it with Ctrl-C.

`

/**
 * One line for any shell, with nothing but curl and sed.
 *
 * @param {string} appUrl
 * @param {string} issuer
 */
function callTheApi(appUrl, issuer) {
  const form = 'grant_type=password&client_id=latchkey-public&username=alice&password=alice-password'
  const token = `curl -s ${issuer}/protocol/openid-connect/token -d '${form}'`
  const cut = String.raw`sed 's/.*"access_token":"\([^"]*\).*/\1/'`
  return `curl -s ${appUrl}/secure-data -H "Authorization: Bearer $(${token} | ${cut})"`
}

/**
 * The same, for three kinds of client.
 *
 * @param {string} appUrl
 * @param {string} issuer
 */
function askWhoWeAre(appUrl, issuer) {
  const settings = {
    OIDC_ISSUER: issuer,
    API_URL: appUrl,
    LATCHKEY_USERNAME: 'alice',
    LATCHKEY_PASSWORD: 'alice-password',
    LATCHKEY_CONFIDENTIAL_CLIENT_SECRET: 'latchkey-confidential-secret',
    LATCHKEY_SERVICE_CLIENT_SECRET: 'latchkey-service-secret',
  }
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return [...words, 'npx --no-install latchkey whoami'].join(' ')
}
